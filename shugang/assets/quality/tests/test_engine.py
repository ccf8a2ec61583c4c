"""What is counted is what a plain reading of the rule says, row by row; and parts add up to the whole."""

from __future__ import annotations

from datetime import datetime

import duckdb
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from shugang.assets.quality import engine, scoring
from shugang.assets.quality.rules import read
from shugang.assets.quality.states import State, estimate

COLUMNS = {"k": "BIGINT", "t": "VARCHAR", "x": "DOUBLE", "y": "DOUBLE", "d": "VARCHAR"}
AT = datetime(2026, 1, 3)
RULES = {
    "keys": ["k"],
    "rules": [
        {"id": "fill", "kind": "filled", "columns": "*"},
        {"id": "whole", "kind": "complete", "columns": ["t", "x"]},
        {"id": "one", "kind": "unique", "columns": ["k"]},
        {"id": "pair", "kind": "unique", "columns": ["k", "t"], "where": "x >= 0"},
        {"id": "twice", "kind": "duplicate", "columns": ["t"]},
        {"id": "again", "kind": "duplicate", "columns": "*"},
        {"id": "about", "kind": "unique", "columns": ["t"], "approximate": True},
        {"id": "form", "kind": "format", "column": "t", "pattern": "[a-c]+"},
        {"id": "code", "kind": "in_set", "column": "t", "values": ["a", "bb", "'"]},
        {"id": "span", "kind": "range", "column": "x", "min": 0, "max": 5},
        {"id": "size", "kind": "length", "column": "t", "max": 2},
        {"id": "number", "kind": "parsable", "column": "d", "type": "BIGINT"},
        {"id": "day", "kind": "date", "column": "d", "earliest": "2026-01-01", "latest": "2026-01-02"},
        {"id": "less", "kind": "order", "first": "x", "second": "y"},
        {"id": "sum", "kind": "expression", "expression": "x + y < 6"},
        {"id": "dirt", "kind": "dirty", "columns": ["t", "x"]},
        {"id": "fresh", "kind": "timely", "column": "d", "hours": 24},
        {"id": "count", "kind": "rows", "min": 2, "max": 5},
    ],
}
RULESET = read(RULES, COLUMNS)
NUMBER = st.one_of(st.none(), st.sampled_from([float("nan"), -1.0, 0.0, -0.0, 3.0, 5.0, 6.5]))
ROW = st.tuples(
    st.one_of(st.none(), st.integers(0, 4)),
    st.one_of(st.none(), st.sampled_from(["a", "bb", "c c", " a", "", "  ", "null", "'", "abcabc", "x\ny", "\ufffd"])),
    NUMBER,
    NUMBER,
    st.one_of(st.none(), st.sampled_from(["2026-01-01", "2026-01-02", "2026-02-30", "17", "2025-12-31", ""])),
)
rows = st.lists(ROW, max_size=12)


def count(con, data, folder=None, earlier=None):
    kinds = {"k": pa.int64(), "t": pa.string(), "x": pa.float64(), "y": pa.float64(), "d": pa.string()}
    arrays = [pa.array([r[i] for r in data], kind, from_pandas=False) for i, kind in enumerate(kinds.values())]
    table = pa.table([*arrays, pa.array(range(len(data)), pa.int64())], names=[*kinds, "row_"])
    con.register("given_rows", table)
    engine.open_data(con, "SELECT * FROM given_rows")
    return engine.run(engine.Run(con, RULESET, COLUMNS, segments=folder, earlier=earlier or {}))


@pytest.fixture(scope="module")
def con():
    with duckdb.connect(config={"threads": "2"}) as made:
        yield made


def ab(state):
    return {r.id: scoring.counts(r, state, {}, AT) for r in RULESET.rules}


def shown(state, rule):
    """The rows given as examples. 0.0 and -0.0 are one value, and either may stand for it."""
    return sorted(str(row).replace("'-0.0'", "'0.0'") for row in state.rules[rule].failing)


def is_filled(v):
    return v is not None and v == v and not (isinstance(v, str) and not v.strip(" "))


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows)
def test_counts_are_those_of_a_plain_reading(con, data):
    found = ab(count(con, data))
    cells = [v for r in data for v in r]
    assert found["fill"] == (sum(map(is_filled, cells)), len(cells))
    assert found["whole"] == (sum(is_filled(r[1]) and is_filled(r[2]) for r in data), len(data))
    keys = [r[0] for r in data if r[0] is not None]
    assert found["one"] == (sum(keys.count(k) == 1 for k in keys), len(keys))
    texts = [r[1] for r in data]
    assert found["twice"] == (len(texts) - len(set(texts)), len(texts))
    same = [tuple("nan" if v != v else v for v in r) for r in data]
    assert found["again"] == (len(same) - len(set(same)), len(same))
    texts = [r[1] for r in data if is_filled(r[1])]
    assert found["about"] == (len(set(texts)), len(texts))
    assert found["code"] == (sum(t in ("a", "bb", "'") for t in texts), len(texts))
    assert found["size"] == (sum(len(t) <= 2 for t in texts), len(texts))
    numbers = [r[2] for r in data if is_filled(r[2])]
    assert found["span"] == (sum(0 <= v <= 5 for v in numbers), len(numbers))
    days = [r[4] for r in data if is_filled(r[4])]
    assert found["day"] == (sum(d in ("2026-01-01", "2026-01-02") for d in days), len(days))
    both = [(r[2], r[3]) for r in data if is_filled(r[2]) and is_filled(r[3])]
    assert found["less"] == (sum(x <= y for x, y in both), len(both))
    dirty = sum(t in (" a", "null", "x\ny", "\ufffd") for t in texts) + sum(
        r[2] is not None and r[2] != r[2] for r in data
    )
    assert found["dirt"] == (dirty, len(texts) + sum(r[2] is not None for r in data))
    newest = max((d for d in days if d.startswith("20") and d != "2026-02-30"), default=None)
    assert found["fresh"] == ((0, 0) if newest is None else (int(newest == "2026-01-02"), 1))
    assert found["count"] == (int(2 <= len(data) <= 5), 1)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(rows, min_size=2, max_size=4))
@example([[], [(None, None, 0.0, None, None), (None, None, -0.0, None, None)]])
def test_parts_counted_alone_and_merged_are_the_whole(con, tmp_path_factory, parts):
    base = tmp_path_factory.mktemp("segments")
    whole = count(con, [r for part in parts for r in part])
    merged, files = None, {}
    for number, part in enumerate(parts):
        (folder := base / str(number)).mkdir()
        state = State.from_json(count(con, part, folder, files).to_json())
        for rule in ("one", "pair", "twice", "again"):
            files.setdefault(rule, []).append(str(folder / f"{rule}.parquet"))
        merged = state if merged is None else engine.add(merged, state, RULESET)
    assert ab(merged) == ab(whole)
    assert merged.rows == whole.rows
    assert merged.profile == whole.profile
    for rule in ("one", "pair", "twice", "again"):
        assert shown(merged, rule) == shown(whole, rule), rule


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows)
def test_each_rules_own_statement_gives_its_a_and_b(con, data):
    state = count(con, data)
    for rule in RULESET.rules:
        if rule.spec.measure in ("row", "group") and rule.id != "about":
            found = con.execute(scoring.statement(rule, COLUMNS)).fetchone()
            assert tuple(map(int, found or ())) == scoring.counts(rule, state, {}, AT), rule.id


def test_failing_rows_are_named_by_their_keys_and_bounded(con):
    data = [(i, "zz", 1.0, 1.0, "17") for i in range(300)]
    failing = count(con, data).rules["form"].failing
    assert failing == [[str(i)] for i in range(100)]


def test_duplicated_keys_are_named(con):
    state = count(con, [(7, "a", 1.0, 1.0, "17")] * 3 + [(8, "a", 1.0, 1.0, "17")])
    assert state.rules["one"].failing == [["7"]]


def test_the_estimate_of_distinct_keys_is_close(con):
    found = con.execute(
        "SELECT h & 4095, min(h >> 12) FROM (SELECT hash('key' || i) AS h FROM range(200000) AS t(i)) GROUP BY 1"
    ).fetchall()
    assert abs(estimate({str(j): v for j, v in found}) - 200_000) < 200_000 * 0.05


def test_a_foreign_key_looks_into_the_other_version(con):
    con.execute("CREATE OR REPLACE TEMP TABLE other AS SELECT * FROM (VALUES (1, 'a'), (2, NULL)) AS v(n, code)")
    columns = {"n": "INTEGER", "code": "VARCHAR"}
    document = {"rules": [
        {"id": "f", "kind": "foreign_key", "columns": ["k"], "reference": {"dataset": "DS-1", "columns": ["n"]}},
        {"id": "g", "kind": "foreign_key", "columns": ["k", "t"], "reference": {"dataset": "DS-1", "columns": ["n", "code"]}},
    ]}  # fmt: skip
    con.execute(
        "CREATE OR REPLACE TEMP TABLE mine AS SELECT * FROM (VALUES (1::BIGINT,'a',0),(2,'a',1),(3,'a',2),(NULL,'a',3)) AS v(k,t,row_)"
    )
    engine.open_data(con, "SELECT * FROM mine")
    job = engine.Run(
        con, read(document, COLUMNS), {"k": "BIGINT", "t": "VARCHAR"}, {"DS-1": engine.Reference("other", columns)}
    )
    state = engine.run(job)
    assert (state.rules["f"].a, state.rules["f"].b, state.rules["f"].failing) == (2, 3, [["3"]])
    assert (state.rules["g"].a, state.rules["g"].b) == (1, 3)


def test_states_of_other_engines_do_not_merge(con):
    state = count(con, [])
    with pytest.raises(ValueError, match="engines"):
        engine.add(state, State(0, state.rules, state.profile, "quality 0"), RULESET)
