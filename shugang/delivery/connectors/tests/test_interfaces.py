"""Given a supplier with an enrolled plane, when he registers his interface or topics, then only what is whole is taken."""

import json

import pytest

from shugang.delivery.connections.models import Connection
from shugang.delivery.connectors.interfaces import declare_interface, declare_stream, suggest
from shugang.delivery.connectors.services import declare_connected_version
from shugang.delivery.datasets.models import DatasetVersion
from shugang.delivery.datasets.services import create_dataset
from shugang.delivery.grants import sources
from shugang.delivery.testing import make_plane, make_supplier
from shugang.kernel import clock
from shugang.kernel.errors import Refusal
from shugang.kernel.models import Event
from shugang.policy.sources import source_from_json

pytestmark = pytest.mark.django_db
COLUMNS = [{"name": "code", "type": "VARCHAR"}, {"name": "staff", "type": "BIGINT", "comment": "人数"}]
CODE = {"name": "code", "type": "VARCHAR", "required": True}
SPEC = {
    "operations": [{"path": "/companies/{code}", "params": [CODE], "records": "/data"}],
    "code": "/code",
    "codes": {"0": "found", "10001": "not_found"},
}


@pytest.fixture
def supplier():
    party, actor = make_supplier()
    plane, _ = make_plane(party)
    return actor, create_dataset(actor, name="企业信息", hosting="connected"), plane


@pytest.mark.both
def test_an_interface_becomes_a_version_and_a_source(supplier):
    actor, dataset, plane = supplier
    version = declare_interface(actor, dataset.number, "own_api", SPEC, COLUMNS)
    assert (version.version, version.path, version.connected.plane) == (1, "", plane)
    source = source_from_json(sources.proxy_source(version))
    assert [(o.method, o.path, o.records) for o in source.operations] == [("GET", "/companies/{code}", "/data")]
    assert (source.connector, source.code, source.codes["10001"]) == ("own_api", "/code", "not_found")
    for other in (sources.query_source, sources.stream_source):
        with pytest.raises(Refusal, match="not_connected"):
            other(version)


@pytest.mark.both
def test_topics_become_a_version_and_a_source(supplier):
    actor, dataset, _ = supplier
    spec = {"topics": ["plant/+/state"], "topic_column": "code", "window_seconds": 5}
    version = declare_stream(actor, dataset.number, "plant", spec, COLUMNS)
    source = source_from_json(sources.stream_source(version))
    assert (source.topics, source.window_seconds, source.topic_column) == (("plant/+/state",), 5, "code")


def _operation(**changes):
    return {**SPEC, "operations": [{**SPEC["operations"][0], **changes}]}


@pytest.mark.parametrize(
    ("spec", "code"),
    [
        ({**SPEC, "operations": []}, "bad_interface"),
        ({**SPEC, "operations": "GET /"}, "bad_interface"),
        ({**SPEC, "operations": SPEC["operations"] * 2}, "bad_interface"),
        (_operation(path="companies"), "bad_interface"),
        (_operation(path="/../{code}"), "bad_interface"),
        (_operation(path="/a?b={code}"), "bad_interface"),
        (_operation(path="/{town}"), "bad_interface"),
        (_operation(method="DELETE"), "bad_interface"),
        (_operation(body=[{"name": "x", "type": "VARCHAR", "required": True}]), "bad_interface"),
        (_operation(records="data"), "bad_interface"),
        (_operation(more=1), "bad_interface"),
        (_operation(path="/x", params=[{**CODE, "type": "BLOB"}]), "bad_params"),
        (_operation(path="/x", params=[{**CODE, "name": "a b"}]), "bad_params"),
        ({**SPEC, "code": ""}, "bad_interface"),
        ({**SPEC, "codes": {"0": "free"}}, "bad_interface"),
        ({**SPEC, "statuses": {"ok": "found"}}, "bad_interface"),
        ({**SPEC, "codes": [1]}, "bad_interface"),
    ],
)
def test_what_is_not_whole_is_refused_and_nothing_changes(supplier, spec, code):
    actor, dataset, _ = supplier
    before = (DatasetVersion.objects.count(), Event.objects.count())
    with pytest.raises(Refusal) as caught:
        declare_interface(actor, dataset.number, "own_api", spec, COLUMNS)
    assert caught.value.code == code
    assert (DatasetVersion.objects.count(), Event.objects.count()) == before


@pytest.mark.parametrize(
    "spec",
    [
        {}, {"topics": []}, {"topics": ["a/#/b"]}, {"topics": ["a+"]}, {"topics": ["$SYS/#"]}, {"topics": [""]},
        {"topics": ["a"], "window_seconds": 0}, {"topics": ["a"], "window_seconds": 61}, {"topics": "a"},
        {"topics": ["a"], "topic_column": "town"}, {"topics": ["a"], "more": 1},
    ],
)  # fmt: skip
def test_topics_that_mqtt_does_not_know_are_refused(supplier, spec):
    actor, dataset, _ = supplier
    with pytest.raises(Refusal) as caught:
        declare_stream(actor, dataset.number, "plant", spec, COLUMNS)
    assert caught.value.code == "bad_stream" and not DatasetVersion.objects.exists()


def test_others_and_hosted_data_are_refused(supplier):
    actor, dataset, _ = supplier
    _, other = make_supplier()
    with pytest.raises(Refusal, match="not_found"):
        declare_interface(other, dataset.number, "own_api", SPEC, COLUMNS)
    hosted = create_dataset(actor, name="托管")
    with pytest.raises(Refusal, match="not_connected"):
        declare_interface(actor, hosted.number, "own_api", SPEC, COLUMNS)
    with pytest.raises(Refusal, match="bad_connector"):
        declare_stream(actor, dataset.number, "http://x", {"topics": ["a"]}, COLUMNS)


@pytest.mark.parametrize(
    ("url", "proxied", "streamed"),
    [
        ("https://api.example.com/base", True, False),
        ("mqtts://broker.example.com", False, True),
        ("mysql://db.example.com/sales", False, False),
    ],
)
def test_a_registered_connection_serves_the_mode_that_its_address_speaks(supplier, url, proxied, streamed):
    actor, dataset, plane = supplier
    Connection.objects.create(
        number="CN-000001", party_id=actor.party_id, plane=plane, purpose="source", name="连接", url=url, tables={},
        sealed="s1.x", state="active", created_at=clock.now(),
    )  # fmt: skip
    for verb, spec, admitted in (
        (declare_interface, SPEC, proxied),
        (declare_stream, {"topics": ["a"]}, streamed),
    ):
        if admitted:
            assert verb(actor, dataset.number, "CN-000001", spec, COLUMNS).connected.plane == plane
        else:
            with pytest.raises(Refusal, match="bad_connector"):
                verb(actor, dataset.number, "CN-000001", spec, COLUMNS)
    if not url.startswith("mysql"):
        with pytest.raises(Refusal, match="bad_connector"):
            declare_connected_version(actor, dataset.number, "CN-000001", "SELECT code FROM t", [], COLUMNS, "mysql")


def test_a_sample_gives_the_columns():
    rows = [
        {
            "id": 1,
            "rate": 1,
            "name": None,
            "open": True,
            "day": "2026-01-31",
            "at": "2026-01-31T08:00:00",
            "in": {"a": 1},
        },
        {"id": 2, "rate": 1.5, "name": "甲", "open": False, "day": "x", "at": None, "zone": "2026-01-31T08:00:00Z"},
    ]
    found = suggest(json.dumps({"code": 0, "data": {"list": rows}}), "/data/list")
    assert {column["name"]: column["type"] for column in found} == {
        "id": "BIGINT", "rate": "DOUBLE", "name": "VARCHAR", "open": "BOOLEAN", "day": "VARCHAR", "at": "TIMESTAMP",
        "zone": "VARCHAR",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("sample", "records"), [("", ""), ("{", ""), ("[1]", ""), ('{"a":{}}', "/b"), ("[]", ""), ("\ud800", "")]
)
def test_a_sample_without_records_is_refused(sample, records):
    with pytest.raises(Refusal, match="bad_sample"):
        suggest(sample, records)
