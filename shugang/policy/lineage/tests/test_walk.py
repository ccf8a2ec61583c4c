"""Given queries, the edges: what a value is made of and how, what decides the rows, and the same leaves as the peer."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shugang.policy.governed import Granted, NotAllowed
from shugang.policy.governed.tests.generate import COLUMNS, Generator
from shugang.policy.lineage import kinds, lineage
from shugang.policy.lineage.tests.peer import WIDE, peers_edges, wide_query

TABLES = tuple(Granted("main", name, tuple((c, "") for c in columns)) for name, columns in COLUMNS.items())
PEOPLE = TABLES[0]


def edges(sql, tables=TABLES):
    return [
        frozenset((tables[p].table, c.lower()) for p, c in value) for value in lineage(sql, tables).columns.values()
    ]


def told(sql, output, tables=TABLES):
    """`table.column: [SUBTYPE, ...]` of one output; a masked kind has a star."""
    value = lineage(sql, tables).columns[output]
    return {f"{tables[p].table}.{c}": [t.subtype + "*" * t.masking for t in how] for (p, c), how in value.items()}


def rows(sql):
    found = lineage(sql, TABLES).rows
    return {f"{TABLES[p].table}.{c}": [t.subtype for t in how] for (p, c), how in found.items()}


@settings(max_examples=60, deadline=None)
@given(st.integers(min_value=0, max_value=10**9))
def test_the_columns_that_reach_an_output_are_those_the_peer_finds(seed):
    sql = Generator(seed).query()
    try:
        mine = edges(sql)
    except NotAllowed as refused:
        assert refused.code == "sql_ambiguous"
        return
    assert mine == peers_edges(sql, TABLES), sql


def test_the_wide_query_has_fifty_one_columns_and_the_peers_edges():
    sql = wide_query()
    mine = edges(sql, WIDE)
    assert len(mine) == 51 and sum(map(len, mine)) > 120
    assert mine == peers_edges(sql, WIDE)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("city", {"people.city": ["IDENTITY"]}),
        ("(city)", {"people.city": ["IDENTITY"]}),
        ("upper(city) || phone", {"people.city": ["TRANSFORMATION"], "people.phone": ["TRANSFORMATION"]}),
        ("cast(age as varchar)", {"people.age": ["TRANSFORMATION"]}),
        ("md5(phone)", {"people.phone": ["TRANSFORMATION*"]}),
        ("count(phone) over ()", {"people.phone": ["AGGREGATION*"]}),
        ("case when age > 60 then score else 0 end", {"people.age": ["CONDITIONAL"], "people.score": ["TRANSFORMATION"]}),
        ("sum(score) over (partition by city order by joined)",
         {"people.score": ["AGGREGATION"], "people.city": ["WINDOW"], "people.joined": ["WINDOW"]}),
        ("case when exists (select o.code from orders o) then 1 end", {"orders.code": ["CONDITIONAL"]}),
        ("1", {}),
    ],
)  # fmt: skip
def test_how_a_value_is_made(expression, expected):
    assert told(f"select {expression} as v from people", "v") == expected


def test_steps_follow_on_each_other():
    sql = """with a as (select city, sum(score) as total from people group by city),
             b as (select upper(city) as city, total + 1 as total from a)
             select city, total, case when total > 3 then city end as both_ from b"""
    assert told(sql, "city") == {"people.city": ["TRANSFORMATION"]}
    assert told(sql, "total") == {"people.score": ["AGGREGATION"]}
    assert told(sql, "both_") == {"people.city": ["TRANSFORMATION"], "people.score": ["CONDITIONAL"]}


def test_a_value_that_comes_by_two_ways_keeps_both():
    assert told("select phone || md5(phone) as v from people", "v") == {
        "people.phone": ["TRANSFORMATION", "TRANSFORMATION*"]
    }


def test_what_decides_the_rows_is_told_apart():
    sql = """select p.city, count(*) as n from people p join orders o on o.person = p.id
             where p.age > 18 group by p.city having max(o.amount) > 3 order by n, p.city"""
    assert rows(sql) == {
        "people.id": ["JOIN"], "orders.person": ["JOIN"], "people.age": ["FILTER"],
        "people.city": ["GROUP_BY", "SORT"], "orders.amount": ["FILTER"],
    }  # fmt: skip
    assert told(sql, "n") == {}


def test_rows_of_what_is_inside_decide_the_rows_outside():
    assert rows("with a as (select id from people where age > 3) select id from a where id in (select person from orders)") == {
        "people.age": ["FILTER"], "people.id": ["FILTER"], "orders.person": ["FILTER"]
    }  # fmt: skip


def test_using_takes_both_sides_and_except_only_filters():
    assert told("select id from people join orders using (id)", "id") == {
        "people.id": ["IDENTITY"], "orders.id": ["IDENTITY"]
    }  # fmt: skip
    assert told("select id from people except select person from orders", "id") == {
        "people.id": ["IDENTITY"], "orders.person": ["FILTER"]
    }  # fmt: skip


@pytest.mark.parametrize("sql", ["", "drop table people", "select * from elsewhere", "select shoe from people",
                                 "select * from read_csv('x')", "select 1; select 2"])  # fmt: skip
def test_what_cannot_be_read_is_refused(sql):
    with pytest.raises(NotAllowed):
        lineage(sql, TABLES)


@given(st.integers(0, 17), st.integers(0, 17), st.integers(0, 17))
def test_steps_may_be_taken_together_in_any_grouping(a, b, c):
    one, two, three = 1 << a, 1 << b, 1 << c
    assert kinds.through(kinds.through(one, two), three) == kinds.through(one, kinds.through(two, three))
