"""Settings, enrolment, and secrets that stay secret."""

from __future__ import annotations

import stat

import pytest

from shugang.delivery.plane.config import ConfigError, load, read_private_key
from shugang.delivery.plane.connectors import open_connectors
from shugang.delivery.plane.edge import EnrolFailed, enrol

TOML = """
[plane]
plane_id = "p"
control_url = "http://127.0.0.1:1"
data_dir = "{folder}"
private_key_file = "{folder}/key"
platform_key = "x"
role = "edge"
allow = ["127.0.0.1:5432"]
[connectors.own]
url = "postgresql://u:very-secret@127.0.0.1:5432/d"
"""


def test_a_file_and_the_environment(tmp_path):
    path = tmp_path / "plane.toml"
    path.write_text(TOML.format(folder=tmp_path))
    config = load(path, {"SHUGANG_PLANE_PORT": "9999", "SHUGANG_PLANE_CONNECTOR_MORE": "sqlite:////x"})
    assert (config.port, set(config.connectors)) == (9999, {"own", "more"})
    assert "very-secret" not in repr(config) + repr(open_connectors(config))


@pytest.mark.parametrize(
    ("environ", "named"),
    [
        ({"SHUGANG_PLANE_PORT": "x"}, "port"),
        ({"SHUGANG_PLANE_ROLE": "both"}, "role"),
        ({"SHUGANG_PLANE_CONTROL_URL": "ftp://x"}, "control_url"),
    ],
)
def test_a_bad_setting_is_named(tmp_path, environ, named):
    path = tmp_path / "plane.toml"
    path.write_text(TOML.format(folder=tmp_path))
    with pytest.raises(ConfigError, match=named):
        load(path, environ)


@pytest.mark.parametrize(("more", "named"), [("[surprise]\na = 1\n", "surprise"), ("", "plane_id")])
def test_unknown_and_missing_settings_are_named(tmp_path, more, named):
    path = tmp_path / "plane.toml"
    path.write_text(more or "[plane]\n")
    with pytest.raises(ConfigError, match=named):
        load(path, {})


@pytest.mark.parametrize(
    "url",
    [
        "mysql://h/d",
        "sqlite://host/x",
        "postgresql://u:very-secret@169.254.169.254/d",
        "postgresql://u:very-secret@h:1/d",
    ],
)
def test_a_connector_that_may_not_be_opened_stops_the_start_without_its_secret(tmp_path, url):
    path = tmp_path / "plane.toml"
    path.write_text(TOML.format(folder=tmp_path))
    config = load(path, {"SHUGANG_PLANE_CONNECTOR_BAD": url})
    with pytest.raises(ConfigError) as caught:
        open_connectors(config)
    assert "very-secret" not in str(caught.value)


def test_a_key_that_others_can_read_is_refused(tmp_path):
    path = tmp_path / "key"
    path.write_text("AAAA")
    path.chmod(0o644)
    with pytest.raises(ConfigError, match="chmod"):
        read_private_key(path)


def test_enrolment_writes_a_private_key_and_settings_once(tmp_path, control):
    settings = enrol(control.url, "one-time", tmp_path / "site", "示例供方")
    assert stat.S_IMODE((tmp_path / "site/plane.key").stat().st_mode) == 0o600
    assert stat.S_IMODE(settings.stat().st_mode) == 0o600
    config = load(settings, {})
    assert (config.plane_id, config.role, config.control_url) == ("plane-1", "edge", control.url)
    assert config.private_key() and config.platform_public_key()
    with pytest.raises(EnrolFailed, match="already"):
        enrol(control.url, "one-time", tmp_path / "site")


def test_a_refused_enrolment_leaves_nothing(tmp_path, control):
    with pytest.raises(EnrolFailed):
        enrol(control.url, "wrong", tmp_path / "site")
    assert list((tmp_path / "site").iterdir()) == []
