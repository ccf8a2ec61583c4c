"""Supplier's templates, and what leaves as CSV."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shugang.delivery.plane import render
from shugang.delivery.plane.templates import BadParam, BadTemplate, prepare, typed
from shugang.policy.sources import Param


@pytest.mark.parametrize(
    "sql",
    [
        "",
        "SELECT 1; SELECT 2",
        "DROP TABLE t",
        "INSERT INTO t VALUES (1)",
        "UPDATE t SET a = 1",
        "VALUES (1)",
        "SELECT 1 UNION SELECT 2",
        "EXPLAIN SELECT 1",
        "COPY t TO '/tmp/x'",
        "PRAGMA user_version",
        "SET x = 1",
        "WITH d AS (DELETE FROM t RETURNING *) SELECT * FROM d",
        "SELECT * INTO x FROM t",
        "SELECT * FROM t FOR UPDATE",
        "SELECT pg_read_file('/etc/passwd')",
        "SELECT PG_SLEEP(9)",
        "SELECT * FROM dblink('x', 'y') AS t(a int)",
        "SELECT lo_import('/etc/passwd')",
        "SELECT load_extension('x')",
        "SELECT nextval('s')",
        "SELECT set_config('a', 'b', false)",
        "SELECT * FROM pg_shadow",
        "SELECT * FROM information_schema.tables",
        "SELECT * FROM sqlite_master",
        "SELECT ?",
        "SELECT $1",
        "SELECT @x",
        "CREATE TABLE x AS SELECT 1",
        "SELEC 1",
        "SELECT current_setting('x')",
        "SELECT query_to_xml('select 1', true, true, '')",
    ],
)
@pytest.mark.parametrize("dialect", ["sqlite", "postgres"])
def test_what_is_not_one_plain_select_is_refused(sql, dialect):
    with pytest.raises(BadTemplate):
        prepare(sql, dialect, frozenset())


def test_parameters_reach_the_driver_and_texts_stay_texts():
    sql = "SELECT a::text AS b, ':x 5%' FROM t -- :note 7%\nWHERE c = :city AND d LIKE :part || '%' AND e < :city"
    made = prepare(sql, "postgres", frozenset(("city", "part")))
    assert made.sql == (
        "SELECT a::text AS b, ':x 5%%' FROM t -- :note 7%%\n"
        "WHERE c = %(city)s AND d LIKE %(part)s || '%%' AND e < %(city)s"
    )
    assert prepare(sql, "sqlite", frozenset(("city", "part"))).sql == sql


@pytest.mark.parametrize("declared", [(), ("city", "more")])
def test_declared_and_used_parameters_must_agree(declared):
    with pytest.raises(BadTemplate):
        prepare("SELECT a FROM t WHERE c = :city", "sqlite", frozenset(declared))


@pytest.mark.parametrize(
    ("where", "pins"),
    [
        ("city = :p", {"p": "city"}),
        (":p = city", {"p": "city"}),
        ("city = :p AND a > 1", {"p": "city"}),
        ("city = :p OR a > 1", {}),
        ("NOT city = :p", {}),
        ("city > :p", {}),
        ("other = :p", {}),
        ("upper(city) = :p", {}),
    ],
)
def test_only_a_certain_equality_pins_a_parameter(where, pins):
    assert prepare(f"SELECT a, city FROM t WHERE {where}", "sqlite", frozenset("p")).pins == pins


def test_a_renamed_column_pins_nothing():
    assert prepare("SELECT town AS city FROM t WHERE city = :p", "sqlite", frozenset("p")).pins == {}


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("string", "厦门", "厦门"),
        ("long", "-5", -5),
        ("decimal(9,2)", "1.50", Decimal("1.50")),
        ("date", "2026-02-03", date(2026, 2, 3)),
        ("boolean", "TRUE", True),
    ],
)
def test_parameters_are_typed(kind, text, value):
    assert typed(Param("p", kind), text) == value


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("long", "1.5"),
        ("long", "9" * 20),
        ("double", "nan"),
        ("double", "x"),
        ("date", "2026-13-01"),
        ("boolean", "maybe"),
        ("string", "a\x00b"),
        ("string", "x" * 1001),
        ("blob", "x"),
        ("timestamp", "yesterday"),
    ],
)
def test_what_does_not_fit_its_type_is_refused(kind, text):
    with pytest.raises(BadParam):
        typed(Param("p", kind), text)


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=12), min_size=1, max_size=6))
def test_no_csv_cell_is_a_formula_and_none_is_lost(cells):
    import csv
    import io

    table = pa.table({"=c": pa.array(cells, pa.string())})
    body = b"".join(part.data for part in render.parts(table, render.CSV, "found", "r")).decode()
    read = list(csv.reader(io.StringIO(body, newline="")))
    assert read[0] == ["'=c"]
    for given_, got in zip(cells, (row[0] if row else "" for row in read[1:]), strict=True):
        assert got in (given_, "'" + given_)
        assert not got.startswith(("=", "+", "-", "@", "\t", "\r"))


def test_numbers_stay_numbers_and_infinities_are_null():
    table = pa.table({"n": [-5, 3], "f": [float("nan"), 1.5]})
    body = b"".join(part.data for part in render.parts(table, render.JSON, "found", "r"))
    assert body == b'{"outcome":"found","data":[{"n": -5, "f": null},{"n": 3, "f": 1.5}],"request_id":"r"}'
    assert b"".join(p.data for p in render.parts(table, render.CSV, "found", "r")).splitlines()[1] == b"-5,nan"


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        (None, render.JSON),
        ("*/*", render.JSON),
        ("text/csv", render.CSV),
        (render.ARROW, render.ARROW),
        ("text/csv;q=0.5, application/json", render.JSON),
        ("image/png", None),
        ("image/png, text/*", render.CSV),
        ("application/json;q=0", None),
    ],
)
def test_accept(accept, kind):
    assert render.accepted(accept) == kind
