"""The supplier's parameterised query, over SQLite and (where it is installed) PostgreSQL."""

from __future__ import annotations

import contextlib
import csv
import io
import os
import sqlite3
import threading
from pathlib import Path

import pyarrow as pa
import pytest

from shugang.delivery.plane.tests.databases import journal
from shugang.delivery.plane.tests.peer import PlaneProcess, grant, terms
from shugang.policy.sources import QuerySource
from shugang.policy.terms import Mask, Quota, RowFilter

pytestmark = pytest.mark.system
COLUMNS = [
    {"name": "symbol", "type": "string"},
    {"name": "name", "type": "string"},
    {"name": "city", "type": "string"},
    {"name": "listed", "type": "date"},
    {"name": "capital", "type": "decimal(12,2)"},
    {"name": "staff", "type": "long"},
    {"name": "phone", "type": "string"},
]
TEMPLATE = """
SELECT symbol, name, city, listed, capital, staff, phone FROM company -- ':note' is no parameter
WHERE city = :city AND staff >= :least AND name <> ':x 100%' ORDER BY symbol
"""
PARAMS = [{"name": "city", "type": "string", "required": True}, {"name": "least", "type": "long", "required": True}]
ROWS = [
    ("600057", "=厦门象屿", "Xiamen", "1997-06-04", 22.5, 3000, "05921234567"),
    ("600153", "建发股份", "Xiamen", "1998-06-16", 30.25, 9000, "05927654321"),
    ("600660", "福耀玻璃", "Fuzhou", "1993-06-10", 26.0, 29000, "05911111111"),
    ("300001", "-负号", "Xiamen", None, None, 10, None),
]
FIELDS = ("symbol", "name", "city", "listed", "capital", "staff")
PATH = "/query/v1/companies?city=Xiamen&least=0"


def source(template: str = TEMPLATE, params=PARAMS, connector: str = "own") -> QuerySource:
    return QuerySource(connector, template, params, COLUMNS)


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "own.sqlite3"
    with sqlite3.connect(path) as con:
        con.execute("CREATE TABLE company (symbol, name, city, listed, capital, staff INTEGER, phone)")
        con.executemany("INSERT INTO company VALUES (?, ?, ?, ?, ?, ?, ?)", ROWS)
    return path


@pytest.fixture
def edge(make_plane, database):
    def make(granted=None, query: QuerySource | None = None, **settings) -> PlaneProcess:
        granted = granted or terms(FIELDS, ("query",))
        return make_plane(
            grant("g1", "companies", query or source(), granted, ("k1",)),
            role="edge",
            connector_own=f"sqlite:///{database}",
            **settings,
        )

    return make


def test_the_same_governed_rows_in_three_formats(edge):
    masked = terms((*FIELDS, "phone"), ("query",), masks=(Mask("phone", "keep_ends", {"prefix": 4, "suffix": 2}),))
    plane = edge(masked)
    as_json = plane.get(PATH, "k1").json
    assert as_json["outcome"] == "found" and len(as_json["data"]) == 3
    first = next(row for row in as_json["data"] if row["symbol"] == "600057")
    assert first == {
        "symbol": "600057",
        "name": "=厦门象屿",
        "city": "Xiamen",
        "listed": "1997-06-04",
        "capital": "22.50",
        "staff": 3000,
        "phone": "0592*****67",
    }
    as_csv = plane.get(PATH, "k1", Accept="text/csv")
    lines = list(csv.reader(io.StringIO(as_csv.body.decode())))
    assert as_csv.headers["content-type"] == "text/csv; charset=utf-8"
    assert lines[0] == [*FIELDS, "phone"]
    assert {line[1] for line in lines[1:]} == {"'=厦门象屿", "建发股份", "'-负号"}
    as_arrow = plane.get(PATH, "k1", Accept="application/vnd.apache.arrow.stream")
    table = pa.ipc.open_stream(as_arrow.body).read_all()
    assert table.column_names == [*FIELDS, "phone"] and table.num_rows == 3
    assert table.schema.field("capital").type == pa.decimal128(12, 2)
    records = plane.shipped()
    assert [(r["state"], r["rows"], r["charged"], r["mode"]) for r in records] == [("answered", 3, True, "query")] * 3
    assert records[1]["bytes"] == len(as_csv.body)


def test_nothing_of_the_answer_is_stored(edge, tmp_path):
    plane = edge()
    assert "象屿" in plane.get(PATH, "k1", Request_Id="r-1").body.decode()
    plane.shipped()
    plane.stop()
    for file in (plane.folder / "data").rglob("*"):
        if file.is_file():
            assert "象屿".encode() not in file.read_bytes(), file


def test_post_and_an_empty_result(edge):
    plane = edge()
    reply = plane.get("/query/v1/companies", "k1", "POST", b"city=Nowhere&least=0")
    assert (reply.json["outcome"], reply.json["data"]) == ("not_found", [])
    assert [record["charged"] for record in plane.shipped()] == [False]


def test_bad_and_forbidden_requests(edge):
    plane = edge(terms(FIELDS, ("query",), rows=(RowFilter("city", "eq", "Xiamen"),)))
    for query, status, code in [
        ("city=Xiamen", 400, "bad_request"),
        ("city=Xiamen&least=x", 400, "bad_request"),
        ("city=Xiamen&least=1&other=2", 400, "bad_request"),
        ("city=Xiamen&least=1&least=2", 400, "bad_request"),
        ("city=Xiamen&least=0&phone=1", 403, "column_hidden"),
        ("city=Xiamen&least=0&fields=phone", 403, "column_hidden"),
        ("city=Xiamen&least=0&fields=symbol,phone", 403, "column_hidden"),
        ("city=Fuzhou&least=0", 403, "row_outside"),
    ]:
        reply = plane.get("/query/v1/companies?" + query, "k1")
        assert (reply.status, reply.code) == (status, code), query
    assert {(record["state"], record["charged"]) for record in plane.shipped()} == {("refused", False)}


def test_parameters_are_values_and_never_sql(edge, database):
    plane = edge()
    hostile = "Xiamen'%20OR%20'1'='1"
    assert plane.get(f"/query/v1/companies?city={hostile}&least=0", "k1").json["outcome"] == "not_found"
    dropping = "x';DROP%20TABLE%20company;--"
    assert plane.get(f"/query/v1/companies?city={dropping}&least=0", "k1").json["outcome"] == "not_found"
    with sqlite3.connect(database) as con:
        assert con.execute("SELECT count(*) FROM company").fetchone() == (4,)


@pytest.mark.parametrize(
    "template",
    [
        "SELECT symbol FROM company WHERE city = :city AND staff >= :least; DELETE FROM company",
        "DELETE FROM company WHERE city = :city AND staff >= :least RETURNING symbol",
        "WITH d AS (DELETE FROM company RETURNING *) SELECT * FROM d WHERE city = :city AND staff >= :least",
        "PRAGMA table_info(company)",
        "SELECT load_extension(:city) FROM company WHERE staff >= :least",
    ],
)
def test_a_template_that_is_not_one_select_never_runs(edge, database, template):
    plane = edge(query=source(template))
    reply = plane.get(PATH, "k1")
    assert (reply.status, reply.code) == (502, "source_unavailable")
    with sqlite3.connect(database) as con:
        assert con.execute("SELECT count(*) FROM company").fetchone() == (4,)


def test_a_retry_runs_again_and_must_be_the_same(edge, database):
    plane = edge(terms(FIELDS, ("query",), quotas=(Quota("calls", 1, "total", "charged"),)))
    first = plane.get(PATH, "k1", Request_Id="r-1")
    again = plane.get(PATH, "k1", Request_Id="r-1")
    assert (again.status, again.body) == (200, first.body)
    assert plane.get(PATH.replace("least=0", "least=1"), "k1", Request_Id="r-1").code == "request_changed"
    with sqlite3.connect(database) as con:
        con.execute("DELETE FROM company WHERE symbol = '600153'")
    con.close()
    gone = plane.get(PATH, "k1", Request_Id="r-1")
    assert (gone.status, gone.code) == (409, "result_gone")
    assert sum(record["charged"] for record in plane.shipped()) == 1


def test_a_source_that_is_away_costs_nothing(edge, database):
    plane = edge(terms(FIELDS, ("query",), quotas=(Quota("calls", 1, "total", "charged"),)))
    database.rename(database.with_suffix(".away"))
    reply = plane.get(PATH, "k1", Request_Id="r-1")
    assert (reply.status, reply.code) == (502, "source_unavailable")
    database.with_suffix(".away").rename(database)
    assert plane.get(PATH, "k1", Request_Id="r-1").status == 200
    assert [(r["state"], r["charged"]) for r in plane.shipped()] == [("void", False), ("answered", True)]


def test_a_slow_source_is_cut_off_and_a_long_result_refused(edge, database):
    endless = (
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT symbol, name, city, listed, capital,"
        " staff, phone FROM company, n WHERE city = :city AND staff >= :least AND i < 0"
    )
    plane = edge(query=source(endless), query_seconds=0.5)
    reply = plane.get(PATH, "k1")
    assert (reply.status, reply.code) == (504, "source_timeout")
    plane.stop()
    capped = edge(row_cap=2)
    reply = capped.get(PATH, "k1")
    assert (reply.status, reply.code) == (413, "answer_too_large")


def test_no_acceptable_format(edge):
    assert edge().get(PATH, "k1", Accept="image/png").status == 406


def _many(database: Path, rows: int) -> None:
    with sqlite3.connect(database) as con:
        con.executemany(
            "INSERT INTO company VALUES (?, ?, 'Xiamen', NULL, NULL, 1, NULL)",
            ((f"X{i:06d}", "长" * 60) for i in range(rows)),
        )
    con.close()


def test_a_long_answer_leaves_in_durable_chunks(edge, database):
    _many(database, 30_000)
    plane = edge(whole_answer=100_000)
    reply = plane.get(PATH, "k1")
    assert reply.status == 200 and int(reply.headers["content-length"]) == len(reply.body) > 5_000_000
    assert len(reply.json["data"]) == 30_003
    (record,) = plane.shipped()
    assert (record["state"], record["rows"], record["bytes"]) == ("answered", 30_003, len(reply.body))


def _half_read(plane: PlaneProcess, path: str):
    import http.client

    con = http.client.HTTPConnection("127.0.0.1", plane.port, timeout=30)
    con.request("GET", path, headers={"Authorization": "Bearer k1"})
    answer = con.getresponse()
    assert len(answer.read(200_000)) == 200_000
    return con, answer


def test_a_client_that_goes_away_pays_for_what_left(edge, database):
    _many(database, 60_000)
    plane = edge(terms(FIELDS, ("query",), quotas=(Quota("rows", 200_000, "total", "all"),)), whole_answer=100_000)
    con, answer = _half_read(plane, PATH)
    full = int(answer.headers["content-length"])
    con.close()
    plane.wait(lambda: plane.control.records)
    (record,) = plane.shipped()
    assert (record["state"], record["charged"]) == ("aborted", True)
    assert 200_000 <= record["bytes"] < full and 0 < record["rows"] < 60_000
    # What did not leave is not counted: another whole answer still fits the quota.
    assert plane.get(PATH, "k1").status == 200


def test_revocation_stops_an_answer_in_flight(edge, database, control):
    import http.client

    _many(database, 60_000)
    plane = edge(whole_answer=100_000)
    con, answer = _half_read(plane, PATH)
    plane.at(control.set(grant("g1", "companies", source(), terms(FIELDS, ("query",)), ("k1",), state="ended")))
    plane.wait(lambda: plane.metric("aborted_total") == 1)
    with pytest.raises(http.client.IncompleteRead):
        answer.read()
    con.close()
    records = plane.shipped()
    assert [record["state"] for record in records] == ["aborted"]


def test_a_kill_in_mid_answer_bills_what_was_released(edge, database):
    _many(database, 60_000)
    plane = edge(whole_answer=100_000)
    con, answer = _half_read(plane, PATH)
    full = int(answer.headers["content-length"])
    plane.kill()
    con.close()
    plane.start()
    (record,) = plane.shipped()
    assert (record["state"], record["charged"], record["outcome"]) == ("aborted", True, "found")
    assert 200_000 <= record["bytes"] < full


def test_a_stop_does_not_wait_for_a_slow_client(edge, database):
    _many(database, 60_000)
    plane = edge(whole_answer=100_000)
    con, _ = _half_read(plane, PATH)
    assert plane.stop() == 0
    con.close()
    plane.start()
    (record,) = plane.shipped()
    assert (record["state"], record["charged"]) == ("aborted", True)


def test_a_kill_before_the_answer_is_void(edge, database):
    endless = (
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT symbol, name, city, listed, capital,"
        " staff, phone FROM company, n WHERE city = :city AND staff >= :least AND i < 0"
    )
    plane = edge(query=source(endless), query_seconds=20)

    def ask() -> None:
        with contextlib.suppress(OSError):
            plane.get(PATH, "k1", Request_Id="r-1")

    asking = threading.Thread(target=ask)
    asking.start()
    plane.wait(lambda: journal(plane, "SELECT count(*) FROM intent") == [(1,)])
    plane.kill()
    asking.join()
    plane.start()
    (record,) = plane.shipped()
    assert (record["state"], record["request_id"], record["charged"]) == ("void", "r-1", False)


def test_an_unknown_connector_is_refused_and_settings_are_not_told(edge):
    plane = edge(query=source(connector="other"))
    reply = plane.get(PATH, "k1")
    assert (reply.status, reply.code) == (502, "source_unavailable")
    assert "sqlite" not in reply.body.decode()


@pytest.mark.both
def test_a_postgresql_source_is_read_only_and_typed(make_plane):
    """Needs the PostgreSQL of the test run; the same policy over another database."""
    port = os.environ.get("SHUGANG_TEST_POSTGRES_PORT")
    if not port:
        pytest.skip("runs with the PostgreSQL of the test run")
    import psycopg

    with psycopg.connect(f"host=127.0.0.1 port={port} dbname=postgres user=shugang", autocommit=True) as con:
        con.execute("DROP TABLE IF EXISTS company")
        con.execute(
            "CREATE TABLE company (symbol text, name text, city text, listed date, capital numeric(12,2),"
            " staff bigint, phone text)"
        )
        con.cursor().executemany("INSERT INTO company VALUES (%s, %s, %s, %s, %s, %s, %s)", ROWS)
        con.execute(
            "CREATE OR REPLACE FUNCTION hire() RETURNS bigint LANGUAGE sql AS"
            " $$ UPDATE company SET staff = staff + 1 RETURNING staff $$"
        )

    def plane_with(template: str, params=PARAMS):
        return make_plane(
            grant("g1", "companies", source(template, params), terms(FIELDS, ("query",)), ("k1",)),
            role="edge",
            connector_own=f"postgresql://shugang@127.0.0.1:{port}/postgres",
            allow=f"127.0.0.1:{port}",
            query_seconds=2,
        )

    plane = plane_with(TEMPLATE)
    rows = plane.get(PATH, "k1").json["data"]
    assert [(row["symbol"], row["capital"], row["listed"]) for row in rows] == [
        ("300001", None, None),
        ("600057", "22.50", "1997-06-04"),
        ("600153", "30.25", "1998-06-16"),
    ]
    hostile = "Xiamen'%20OR%20'1'='1"
    assert plane.get(f"/query/v1/companies?city={hostile}&least=0", "k1").json["outcome"] == "not_found"
    plane.stop()
    # A function that writes passes our reading of the text; the database refuses it.
    writing = TEMPLATE.replace("staff >= :least", "staff >= :least AND hire() > 0")
    reply = plane_with(writing).get(PATH, "k1")
    assert (reply.status, reply.code) == (502, "source_unavailable")
    with psycopg.connect(f"host=127.0.0.1 port={port} dbname=postgres user=shugang") as con:
        assert con.execute("SELECT sum(staff) FROM company").fetchone() == (41010,)
