"""The corpus of bypass probes at the level of the policy: refused as expected, or contained in what is granted."""

from collections.abc import Iterator
from itertools import combinations
from typing import Any

import duckdb
import pytest

from shugang.policy.governed import NotAllowed, check, table_names
from shugang.policy.governed.tests.world import (
    GRANTED,
    STAFF,
    Probe,
    copies,
    probes,
    raw_database,
    relations,
    same_rows,
    secrets_in,
)
from shugang.policy.refusals import REFUSALS

PROBES = list(probes())
RULED = "staff"


@pytest.fixture(scope="module")
def raw() -> Iterator[duckdb.DuckDBPyConnection]:
    con = raw_database()
    yield con
    con.close()


@pytest.fixture(scope="module")
def filtered() -> Iterator[duckdb.DuckDBPyConnection]:
    con = copies()
    yield con
    con.close()


def run(raw: duckdb.DuckDBPyConnection, sql: str) -> tuple[list[str], list[tuple[Any, ...]]] | None:
    """(names, rows) of the governed query; None where the engine fails, which a buyer is told without its words."""
    plan = check(sql, GRANTED)
    found, params = relations()
    text = plan.sql(found)
    used = {name: value for name, value in params.items() if f"${name}" in text}
    try:
        cursor = raw.execute(text, used)
        return [item[0] for item in cursor.description], cursor.fetchall()
    except duckdb.Error:
        return None


def test_there_are_at_least_two_hundred_and_each_names_its_origin() -> None:
    assert len(PROBES) >= 200
    assert all(probe.origin and probe.sql for probe in PROBES)
    assert len({probe.sql for probe in PROBES}) == len(PROBES)
    assert {probe.expect for probe in PROBES} - set(REFUSALS) == {"contained"}


@pytest.mark.parametrize("probe", PROBES, ids=lambda probe: f"{probe.expect}-{probe.sql[:50]}")
def test_a_probe_is_refused_or_contained(
    probe: Probe, raw: duckdb.DuckDBPyConnection, filtered: duckdb.DuckDBPyConnection
) -> None:
    if probe.expect != "contained":
        with pytest.raises(NotAllowed) as refused:
            check(probe.sql, GRANTED)
        assert refused.value.code == probe.expect, refused.value
        return
    answer = run(raw, probe.sql)
    assert not secrets_in(answer)
    if RULED in probe.sql.lower():
        return
    try:
        expected = filtered.execute(probe.sql).fetchall()
    except duckdb.Error:
        return  # DuckDB itself reads this text otherwise; that no secret shows is what counts
    assert answer is not None
    assert same_rows(answer[1], expected)


def test_the_secrets_would_be_seen(raw: duckdb.DuckDBPyConnection) -> None:
    for table in ("people_raw", "staff_raw"):
        assert secrets_in(raw.execute(f"SELECT * FROM {table}").fetchall())


def test_contained_probes_do_run(raw: duckdb.DuckDBPyConnection) -> None:
    contained = [probe for probe in PROBES if probe.expect == "contained"]
    answered = [probe for probe in contained if run(raw, probe.sql)]
    assert len(contained) > 80
    assert len(answered) > 0.8 * len(contained)


def test_groups_below_the_threshold_do_not_leave(raw: duckdb.DuckDBPyConnection) -> None:
    """Every pair of keys: the answer is the true one without its groups of fewer than five."""
    for keys in combinations(("region", "age", "name", "day"), 2):
        listed = ", ".join(keys)
        answer = run(raw, f"select {listed}, count(*) as n, sum(pay) as p from staff group by {listed}")
        assert answer is not None
        true = raw.execute(
            f"SELECT {listed}, count(*), sum(pay) FROM staff_raw GROUP BY {listed} HAVING count(*) >= {STAFF.least}"
        ).fetchall()
        assert same_rows(answer[1], true)


def test_control_characters_are_refused() -> None:
    for text in ("select id from people\0", "select '\x1f' from people", "select \x7f from people"):
        with pytest.raises(NotAllowed) as refused:
            check(text, GRANTED)
        assert refused.value.code == "sql_syntax"


def test_a_refusal_names_what_is_not_allowed() -> None:
    for sql, name in (
        ("select getvariable('x') from people", "getvariable"),
        ("select people.note from people", "people.note"),
        ("select * from nowhere", "nowhere"),
        ("select * from people tablesample 5%", "table sample"),
    ):
        with pytest.raises(NotAllowed) as refused:
            check(sql, GRANTED)
        assert refused.value.name == name


def test_hidden_and_unknown_columns_get_the_same_answer() -> None:
    codes = set()
    for name in ("note", "nothing_of_the_kind"):
        with pytest.raises(NotAllowed) as refused:
            check(f"select {name} from people", GRANTED)
        codes.add((refused.value.code, refused.value.name == name))
    assert codes == {("column_hidden", True)}


def test_two_schemas_with_one_table_name_need_the_schema() -> None:
    tables = (GRANTED[0], *(table for table in GRANTED[:1] for table in [type(table)("other", *_rest(table))]))
    with pytest.raises(NotAllowed) as refused:
        check("select id from people", tables)
    assert refused.value.code == "sql_ambiguous"
    assert check("select id from other.people", tables).touched == (1,)
    assert check("select p.id from SHOP.People p", tables).touched == (0,)


def _rest(table: Any) -> tuple[Any, ...]:
    return table.table, table.columns, table.min_group


def test_table_names_are_known_before_anything_is_granted() -> None:
    assert table_names("with x as (select 1) select * from A.people, x") == {("a", "people"), ("", "x")}


def test_equal_text_is_answered_from_memory() -> None:
    first = check("select id from people", GRANTED)
    hits = check.cache_info().hits
    assert check("select id from people", GRANTED) is first
    assert check.cache_info().hits == hits + 1


def test_a_plan_says_which_tables_it_reads() -> None:
    plan = check("with people as (select person from orders) select * from people", GRANTED)
    assert plan.touched == (1,)
    assert plan.columns == ("person",)
    assert "orders" not in plan.text
