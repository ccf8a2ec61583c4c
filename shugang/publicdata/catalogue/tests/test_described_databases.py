"""A department's PostgreSQL and MariaDB are described by the questions that its plane really asks, and become drafts."""

from __future__ import annotations

import json
from collections.abc import Iterator

import psycopg
import pytest

from scripts.with_postgres import UNSAFE, Postgres
from shugang.delivery.plane import describing
from shugang.delivery.plane.connectors.base import Server
from shugang.delivery.plane.connectors.mysql import MysqlConnector
from shugang.delivery.plane.connectors.postgres import PostgresConnector
from shugang.delivery.plane.tests.mariadb import DATABASE, PASSWORD, USER, MariaDb
from shugang.policy.addresses import Rules
from shugang.publicdata.catalogue import importing
from shugang.publicdata.catalogue.models import PublicResource
from shugang.publicdata.catalogue.testing import make_bodies

pytestmark = [pytest.mark.system, pytest.mark.django_db]
SECRET = "秘密的地方"
POSTGRES = [
    "CREATE TABLE marriages (id bigint PRIMARY KEY, place varchar(80) NOT NULL, day date, fee numeric(10,2), at timestamptz, open boolean, body jsonb)",
    "COMMENT ON TABLE marriages IS '婚姻登记信息'", "COMMENT ON COLUMN marriages.place IS '登记机关'",
    f"INSERT INTO marriages VALUES (1, '{SECRET}', '2026-01-01', 9, now(), true, '{{}}')",
    "CREATE VIEW yearly AS SELECT date_trunc('year', at) AS year, count(*) AS n FROM marriages GROUP BY 1",
    "CREATE SCHEMA other", "CREATE TABLE other.marriages (hidden text)",
]  # fmt: skip
MARIADB = [
    "CREATE TABLE marriages (id bigint PRIMARY KEY, place varchar(80) NOT NULL COMMENT '登记机关', day date, fee decimal(10,2), at datetime, open boolean, body longtext) COMMENT '婚姻登记信息'",
    f"INSERT INTO marriages VALUES (1, '{SECRET}', '2026-01-01', 9, now(), true, '{{}}')",
    "CREATE VIEW yearly AS SELECT year(at) AS year, count(*) AS n FROM marriages GROUP BY 1",
]  # fmt: skip


@pytest.fixture(scope="module")
def postgres() -> Iterator[PostgresConnector]:
    server = Postgres(*UNSAFE).start()
    try:
        with psycopg.connect(server.url, autocommit=True) as con:
            for statement in POSTGRES:
                con.execute(statement)  # type: ignore[arg-type]
        rules = Rules.of([f"127.0.0.1:{server.port}"], private=True)
        yield PostgresConnector(Server("127.0.0.1", server.port, "postgres", "shugang", "", tls="off", rules=rules))
    finally:
        server.remove()


@pytest.fixture(scope="module")
def mariadb() -> Iterator[MysqlConnector]:
    server = MariaDb()
    try:
        with server.root(database=DATABASE) as con, con.cursor() as cursor:
            for statement in MARIADB:
                cursor.execute(statement)
        rules = Rules.of([f"127.0.0.1:{server.port}"], private=True)
        yield MysqlConnector(Server("127.0.0.1", server.port, DATABASE, USER, password=PASSWORD, tls="off", rules=rules))  # fmt: skip
    finally:
        server.close()


@pytest.mark.parametrize("kind", ["postgres", "mariadb"])
def test_a_database_is_described_by_its_own_catalogue_and_becomes_drafts(kind, request):
    # given a database with comments, a view and, out of sight, a schema of another
    connector = request.getfixturevalue(kind)
    # when its plane describes it
    said = {"format": describing.FORMAT, "connector": "civil", "tables": describing.tables(connector)}
    text = json.dumps(said, ensure_ascii=False)
    # then it holds tables, columns and comments, and neither a row nor what is not in its own schema
    assert SECRET not in text and "hidden" not in text
    assert [t["name"] for t in said["tables"]] == ["marriages", "yearly"]
    columns = {c["name"]: c for c in said["tables"][0]["columns"]}
    assert list(columns) == ["id", "place", "day", "fee", "at", "open", "body"]
    assert (columns["place"]["length"], columns["place"]["nullable"], columns["place"]["comment"]) == (
        80,
        False,
        "登记机关",
    )
    assert columns["day"]["nullable"] and not columns["id"]["nullable"]
    # and both become drafts that are closed until somebody decides
    bodies = make_bodies()
    found = importing.upload(bodies.handler, "civil.json", text.encode())
    assert (found.entries, found.mistaken) == (2, 0), found.report
    resource = PublicResource.objects.get(case=found.filing.case, name="婚姻登记信息")
    assert (resource.name_en, resource.sharing, resource.opening) == ("marriages", "refused", "refused")
    items = {i.name: (i.data_type, i.length, i.required) for i in resource.items.all()}
    assert items["登记机关"] == ("C", 80, True) and items["id"] == ("N", None, True)
    assert [items[n][0] for n in ("day", "fee", "at")] == ["D", "N", "T"]
