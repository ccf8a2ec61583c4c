"""Given connections that come sealed in the bundle, when the plane has them, then it uses, tests and reports them."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path

import pytest

from shugang.delivery.plane.tests.mariadb import DATABASE, PASSWORD, USER, MariaDb
from shugang.delivery.plane.tests.peer import grant, terms
from shugang.delivery.plane.tests.store import ACCESS, BUCKET, SECRET, Store
from shugang.delivery.plane.tests.test_files_source import FORMS
from shugang.delivery.plane.tests.test_files_source import TEMPLATE as FILES_TEMPLATE
from shugang.delivery.plane.tests.test_query import FIELDS, PATH, source
from shugang.policy.connections import Account, Connection, of_connection
from shugang.policy.sealing import seal_to_plane

pytestmark = pytest.mark.system


@pytest.fixture(scope="module")
def store(tmp_path_factory) -> Iterator[Store]:
    made = Store(tmp_path_factory.mktemp("s3"))
    made.put("lake/gb.csv", FORMS["gb.csv"])
    yield made
    made.close()


def sealed(control, number: str, account: Account, url: str, **more) -> Connection:
    public = b64encode(control.plane_key.public_key().public_bytes_raw()).decode()
    text = seal_to_plane(public, account.to_bytes(), of_connection(more.pop("bound", number)))
    return Connection(number, more.pop("party", "P-1"), more.pop("purpose", "source"), url, text, **more)


def reported(plane, control, number: str) -> str:
    plane.wait(lambda: any(r["number"] == number for r in control.reports))
    return str(next(r["code"] for r in control.reports if r["number"] == number))


def test_a_registered_store_answers_a_query_on_the_platforms_plane(make_plane, control, store, tmp_path):
    control.connections = (
        sealed(
            control, "CN-000001", Account(ACCESS, SECRET), f"s3+http://127.0.0.1:{store.port}/{BUCKET}/lake",
            tables={"company": "gb.csv"}, check=1,
        ),
    )  # fmt: skip
    plane = make_plane(
        grant("g1", "companies", source(FILES_TEMPLATE, connector="CN-000001"), terms(FIELDS, ("query",)), ("k1",)),
        networks="127.0.0.0/8",
    )
    assert [row["symbol"] for row in plane.get(PATH, "k1").json["data"]] == ["300001", "600057", "600153"]
    assert reported(plane, control, "CN-000001") == ""
    # Forgotten by control, it is forgotten here.
    control.connections = ()
    plane.at(control.set(*control.grants))
    assert plane.get(PATH, "k1").code == "source_unavailable"
    plane.stop()
    for file in (plane.folder / "data").rglob("*"):
        assert not file.is_file() or SECRET.encode() not in file.read_bytes(), file


def test_private_addresses_stay_closed_on_the_platform_and_an_edge_keeps_its_own_list(make_plane, control, store):
    url = f"s3+http://127.0.0.1:{store.port}/{BUCKET}/lake"
    given = {"tables": {"company": "gb.csv"}, "check": 1}
    control.connections = (
        sealed(control, "CN-000001", Account(ACCESS, SECRET), url, **given),
        sealed(control, "CN-000002", Account("u", "p"), "mysql://127.0.0.1:9/x", check=1),
    )
    plane = make_plane()
    assert reported(plane, control, "CN-000001") == "address_refused"
    assert reported(plane, control, "CN-000002") == "address_refused"
    plane.stop()
    control.reports.clear()
    edge = make_plane(role="edge")
    assert reported(edge, control, "CN-000001") == "address_refused"


@pytest.mark.parametrize(
    ("account", "more", "code"),
    [
        (Account(ACCESS, SECRET), {"bound": "CN-000009"}, "secret_unreadable"),
        (Account(ACCESS, SECRET), {"url": "/no-such-bucket"}, "NoSuchBucket"),
    ],
)
def test_what_does_not_work_is_reported_by_its_code(make_plane, control, store, account, more, code):
    url = f"s3+http://127.0.0.1:{store.port}{more.pop('url', '/' + BUCKET)}"
    control.connections = (sealed(control, "CN-000001", account, url, tables={"company": "gb.csv"}, check=1, **more),)
    plane = make_plane(networks="127.0.0.0/8")
    assert reported(plane, control, "CN-000001") == code


def test_a_test_that_is_asked_for_again_is_made_again(make_plane, control, tmp_path: Path):
    outbox = tmp_path / "push"
    outbox.mkdir()
    control.connections = (Connection("CN-000001", "P-1", "target", "folder:///box", "", {}, 1),)
    plane = make_plane(push_root=str(outbox))
    assert reported(plane, control, "CN-000001") == "folder_missing"
    control.reports.clear()
    (outbox / "box").mkdir()
    control.connections = (Connection("CN-000001", "P-1", "target", "folder:///box", "", {}, 2, "version"),)
    plane.at(control.set())
    assert reported(plane, control, "CN-000001") == ""
    assert list((outbox / "box").iterdir()) == []


def test_a_registered_database_must_show_its_certificate(make_plane, control):
    """The test server's certificate is its own authority, which the system does not know."""
    mariadb = MariaDb()
    try:
        control.connections = (
            sealed(
                control, "CN-000001", Account(USER, PASSWORD), f"mysql://127.0.0.1:{mariadb.port}/{DATABASE}", check=1
            ),
            sealed(
                control, "CN-000002", Account(USER, PASSWORD),
                f"mysql://127.0.0.1:{mariadb.port}/{DATABASE}?tls=require", check=1,
            ),
        )  # fmt: skip
        plane = make_plane(networks="127.0.0.0/8")
        assert reported(plane, control, "CN-000001") == "source_unavailable"
        assert reported(plane, control, "CN-000002") == ""
        assert PASSWORD not in json.dumps(control.reports)
    finally:
        mariadb.close()
