"""Given a supplier's MySQL or MariaDB, when a buyer asks, then it is read under the same policy and nothing else."""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shugang.delivery.plane.connectors.base import Server, SourceFailed
from shugang.delivery.plane.connectors.mysql import MysqlConnector, literal
from shugang.delivery.plane.templates import prepare
from shugang.delivery.plane.tests.mariadb import DATABASE, PASSWORD, USER, MariaDb
from shugang.delivery.plane.tests.peer import grant, terms
from shugang.delivery.plane.tests.test_query import FIELDS, PARAMS, PATH, ROWS, TEMPLATE, source
from shugang.policy.addresses import Rules
from shugang.policy.terms import Quota

pytestmark = pytest.mark.system


@pytest.fixture(scope="module")
def mariadb() -> Iterator[MariaDb]:
    made = MariaDb()
    with made.root(database=DATABASE) as con, con.cursor() as cursor:
        cursor.execute(
            "CREATE TABLE company (symbol varchar(9), name varchar(60), city varchar(40) COLLATE utf8mb4_bin,"
            " listed date, capital decimal(12,2), staff bigint, phone varchar(20))"
        )
        cursor.executemany("INSERT INTO company VALUES (%s, %s, %s, %s, %s, %s, %s)", ROWS)
        cursor.execute(
            "CREATE FUNCTION hire() RETURNS bigint BEGIN UPDATE company SET staff = staff + 1; RETURN 1; END"
        )
        cursor.execute("CREATE TABLE plain (a text COLLATE utf8mb4_general_ci)")
    yield made
    made.close()


def connector(mariadb: MariaDb, host: str = "127.0.0.1", tls: str = "off", **changes) -> MysqlConnector:
    rules = Rules.of([f"{host}:{mariadb.port}"], private=True)
    parts = {"password": PASSWORD, "authority": str(mariadb.ca), **changes}
    return MysqlConnector(Server(host, mariadb.port, DATABASE, USER, tls=tls, rules=rules, **parts))


@pytest.fixture
def edge(make_plane, mariadb):
    def make(template: str = TEMPLATE, params=PARAMS, granted=None, **more):
        address = f"{USER}:{quote(PASSWORD, safe='')}@127.0.0.1:{mariadb.port}/{DATABASE}"
        return make_plane(
            grant("g1", "companies", source(template, params), granted or terms(FIELDS, ("query",)), ("k1",)),
            role="edge",
            connector_own=f"mysql://{address}?tls=verify&ca={quote(str(mariadb.ca))}",
            allow=f"127.0.0.1:{mariadb.port}",
            **more,
        )

    return make


def test_the_same_governed_rows_as_from_any_other_source(edge):
    plane = edge()
    rows = plane.get(PATH, "k1").json["data"]
    assert [(row["symbol"], row["capital"], row["listed"]) for row in rows] == [
        ("300001", None, None),
        ("600057", "22.50", "1997-06-04"),
        ("600153", "30.25", "1998-06-16"),
    ]
    hostile = "Xiamen'%20OR%20'1'='1"
    assert plane.get(f"/query/v1/companies?city={hostile}&least=0", "k1").json["outcome"] == "not_found"
    assert [(r["state"], r["outcome"]) for r in plane.shipped()] == [("answered", "found"), ("answered", "not_found")]


def test_a_function_that_writes_is_refused_by_the_database(edge, mariadb):
    plane = edge(TEMPLATE.replace("staff >= :least", "staff >= :least AND hire() > 0"))
    reply = plane.get(PATH, "k1")
    assert (reply.status, reply.code) == (502, "source_unavailable")
    assert b"hire" not in reply.body and PASSWORD.encode() not in reply.body
    with mariadb.root(database=DATABASE) as con, con.cursor() as cursor:
        cursor.execute("SELECT sum(staff) FROM company")
        assert cursor.fetchone() == (41010,)


def test_a_slow_query_is_stopped_by_the_database_and_costs_nothing(edge):
    slow = TEMPLATE.replace(
        "ORDER BY", "AND (SELECT max(a.seq * b.seq % 7) FROM seq_1_to_99999 a, seq_1_to_99999 b) > 0 ORDER BY"
    )
    plane = edge(slow, granted=terms(FIELDS, ("query",), quotas=(Quota("calls", 1, "total", "all"),)), query_seconds=1)
    reply = plane.get(PATH, "k1")
    assert (reply.status, reply.code) == (504, "source_timeout")
    assert plane.get(PATH, "k1").code == "source_timeout"  # the quota of one is still whole
    assert {(r["state"], r["charged"]) for r in plane.shipped()} == {("void", False)}


def test_endless_rows_are_cut_off_at_the_cap(mariadb):
    started = time.monotonic()
    names, rows = connector(mariadb).fetch("SELECT seq AS n FROM seq_1_to_1000000000", {}, 10, 30)
    assert (names, rows) == (["n"], [(n,) for n in range(1, 12)])
    assert time.monotonic() - started < 20  # the rest was not read


@settings(max_examples=60, deadline=None)
@given(st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=40))
def test_any_text_comes_back_as_the_value_that_it_is(mariadb, text):
    sql = prepare("SELECT :x AS x, '%' AS p, 1 AS one", "mysql", frozenset("x")).sql
    assert connector(mariadb).fetch(sql, {"x": text}, 5, 10)[1] == [(text, "%", 1)]


@pytest.mark.parametrize(
    "value",
    [
        None, 0, -(2**63), 2**63 - 1, Decimal("-12.50"), Decimal("1E+3"), date(2026, 11, 25), "", "厦门", "a'b\"c\\", "%s",
        datetime(2026, 11, 25, 23, 59, 58, 123456),
    ],
)  # fmt: skip
def test_values_of_every_kind_are_bound_as_they_are(mariadb, value):
    sql = prepare("SELECT :x AS x", "mysql", frozenset("x")).sql
    assert connector(mariadb).fetch(sql, {"x": value}, 5, 10)[1] == [(value,)]


def test_a_literal_holds_nothing_of_a_text():
    assert literal("x'; DROP TABLE company; -- ") == "_utf8mb4 X'" + b"x'; DROP TABLE company; -- ".hex() + "'"


def test_collations_of_columns_decide(mariadb):
    with mariadb.root(database=DATABASE) as con, con.cursor() as cursor:
        cursor.execute("DELETE FROM plain")
        cursor.execute("INSERT INTO plain VALUES ('ABC')")
    sql = prepare("SELECT a FROM plain WHERE a = :x", "mysql", frozenset("x")).sql
    assert connector(mariadb).fetch(sql, {"x": "abc"}, 5, 10)[1] == [("ABC",)]
    sql = prepare("SELECT symbol FROM company WHERE city = :x", "mysql", frozenset("x")).sql
    assert connector(mariadb).fetch(sql, {"x": "xiamen"}, 5, 10)[1] == []


def _fails(made: MysqlConnector, sql: str = "SELECT 1", seconds: float = 5) -> SourceFailed:
    with pytest.raises(SourceFailed) as caught:
        made.fetch(sql, {}, 5, seconds)
    assert PASSWORD not in str(caught.value) and PASSWORD not in repr(made)
    return caught.value


def test_tls_is_verified_and_its_absence_is_not_accepted(mariadb):
    sql = "SHOW STATUS LIKE 'Ssl_cipher'"
    assert connector(mariadb, tls="verify").fetch(sql, {}, 5, 10)[1][0][1] != ""
    assert connector(mariadb, tls="require", authority=None).fetch(sql, {}, 5, 10)[1][0][1] != ""
    assert connector(mariadb).fetch(sql, {}, 5, 10)[1][0][1] == ""
    assert _fails(connector(mariadb, tls="verify", authority=None)).code == "source_unavailable"


def test_the_address_is_judged_at_each_use(mariadb):
    made = connector(mariadb)
    assert made.fetch("SELECT 1 AS a", {}, 5, 10) == (["a"], [(1,)])
    outside = MysqlConnector(Server("127.0.0.1", mariadb.port, DATABASE, USER, PASSWORD, "off", Rules.of([])))
    assert _fails(outside).code == "source_unavailable"
    assert _fails(connector(mariadb, password="wrong")).code == "source_unavailable"


class Liar:
    """Something on a port that is no honest MySQL. `script(sock)` plays it."""

    def __init__(self, script) -> None:
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        self._script = script
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        try:
            sock, _ = self._listening.accept()
            with sock:
                self._script(sock)
        except OSError:
            pass

    @property
    def connector(self) -> MysqlConnector:
        rules = Rules.of([f"127.0.0.1:{self.port}"], private=True)
        return MysqlConnector(Server("127.0.0.1", self.port, DATABASE, USER, PASSWORD, "off", rules))


def _packet(number: int, body: bytes) -> bytes:
    return struct.pack("<I", len(body))[:3] + bytes([number]) + body


def _greeting(plugin: bytes = b"mysql_native_password") -> bytes:
    flags = 0x00_0F_F7_FF | (1 << 19)
    body = b"\x0a" + b"8.0.36\0" + struct.pack("<I", 1) + b"12345678\0" + struct.pack("<H", flags & 0xFFFF)
    body += b"\x2d" + struct.pack("<HH", 2, flags >> 16) + bytes([21]) + bytes(10) + b"123456789012\0" + plugin + b"\0"
    return _packet(0, body)


def _drip(sock: socket.socket) -> None:
    for byte in _greeting() * 100:
        sock.sendall(bytes([byte]))
        time.sleep(0.05)


def _cleartext(seen: list[bytes]):
    def play(sock: socket.socket) -> None:
        sock.sendall(_greeting())
        seen.append(sock.recv(4096))
        sock.sendall(_packet(2, b"\xfemysql_clear_password\0"))
        seen.append(sock.recv(4096))

    return play


@pytest.mark.parametrize(
    ("script", "code"),
    [
        (lambda sock: None, "source_unavailable"),
        (lambda sock: sock.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n" * 10), "source_unavailable"),
        (lambda sock: sock.sendall(_greeting()[:20]), "source_unavailable"),
        (lambda sock: sock.sendall(b"\xff\xff\xff\x00" + b"\x0a" * 100), "source_unavailable"),
        (lambda sock: time.sleep(3), "source_timeout"),
        (_drip, "source_timeout"),
    ],
)
def test_a_source_that_lies_is_unavailable_or_late(script, code):
    started = time.monotonic()
    assert _fails(Liar(script).connector, seconds=1).code == code
    assert time.monotonic() - started < 3


def test_the_password_is_not_sent_to_a_server_that_asks_for_it_in_clear():
    seen: list[bytes] = []
    assert _fails(Liar(_cleartext(seen)).connector, seconds=2).code == "source_unavailable"
    assert seen and not any(PASSWORD.encode() in data for data in seen)
