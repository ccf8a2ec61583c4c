"""Settings, enrolment, and secrets that stay secret."""

from __future__ import annotations

import stat
from dataclasses import replace
from pathlib import Path

import pytest

from shugang.delivery.plane.__main__ import main
from shugang.delivery.plane.config import ConfigError, PlaneConfig, load, read_private_key
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


def test_enrolment_says_what_comes_next_and_leaves_a_unit(tmp_path, control, capsys):
    assert main(["enrol", control.url, "one-time", str(tmp_path / "site")]) == 0
    told = capsys.readouterr().out
    unit = (tmp_path / "site/shugang-plane.service").read_text()
    assert "shugang plane check --dir" in told and str(tmp_path / "site") in told
    assert f"--config {tmp_path / 'site/plane.toml'}" in unit and "NoNewPrivileges=yes" in unit
    assert main(["enrol", control.url, "one-time", str(tmp_path / "site")]) == 1


def test_a_check_names_what_is_wrong_without_secrets(tmp_path, control, capsys):
    settings = enrol(control.url, "one-time", tmp_path / "site")
    (tmp_path / "own.sqlite3").touch()
    settings.write_text(
        settings.read_text()
        + f"""
[connectors.own]
url = "sqlite:////{str(tmp_path)[1:]}/own.sqlite3"
"""
    )
    control.plane_key = load(settings, {}).private_key()
    assert main(["check", str(settings)]) == 0
    assert "✗" not in capsys.readouterr().out
    settings.write_text(
        settings.read_text().replace("own.sqlite3", "gone.sqlite3")
        + """
[connectors.lake]
url = "folder:////no/such/folder"
[connectors.lake.tables]
a = "x.csv"
"""
    )
    control.away = True
    assert main(["check", str(settings)]) == 1
    told = capsys.readouterr().out
    assert told.count("✗") == 3 and "source_unavailable" in told
    settings.write_text(
        settings.read_text()
        + """
[connectors.bad]
url = "mysql://u:very-secret@db.example/x"
"""
    )
    assert main(["check", str(settings)]) == 1
    assert "allow-list" in (told := capsys.readouterr().out) and "very-secret" not in told


def test_a_refused_enrolment_leaves_nothing(tmp_path, control):
    with pytest.raises(EnrolFailed):
        enrol(control.url, "wrong", tmp_path / "site")
    assert list((tmp_path / "site").iterdir()) == []


def plain(tmp_path, **more):
    return {
        "plane_id": "p", "control_url": "http://x", "data_dir": tmp_path, "private_key_file": tmp_path / "k",
        "platform_key": "", **more,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"workers": 2}, "workers"),
        ({"workers": 0}, "workers"),
        ({"workers": 2, "journal_url": "mysql://u:very-secret@h/d"}, "journal_url"),
        ({"journal_url_file": Path("/nowhere")}, "journal_url_file"),
        ({"journal_keep_days": 1}, "journal_keep_days"),
        ({"journal_keep_days": -1}, "journal_keep_days"),
    ],
)
def test_a_fleet_that_cannot_be_is_refused_by_the_setting_s_name(tmp_path, given, named):
    with pytest.raises(ConfigError, match=named) as caught:
        PlaneConfig(**plain(tmp_path, **given)).journal_dsn()
    assert "very-secret" not in str(caught.value)


def test_the_shared_journal_s_address_may_lie_in_a_file_and_shows_nowhere(tmp_path):
    (tmp_path / "url").write_text("postgresql://u:very-secret@h/d\n")
    made = PlaneConfig(**plain(tmp_path, workers=4, journal_url_file=tmp_path / "url"))
    assert made.journal_dsn() == "postgresql://u:very-secret@h/d"
    assert "very-secret" not in repr(made) + repr(replace(made, journal_url="postgresql://u:very-secret@h/d"))
