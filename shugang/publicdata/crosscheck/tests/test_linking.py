"""The model learns what Splink learns from the same records, with its own comparisons; a slip is what Damerau and Levenshtein say."""

from __future__ import annotations

import logging

import duckdb
import pytest
import splink.comparison_library as cl
from hypothesis import given, settings
from hypothesis import strategies as st
from splink import DuckDBAPI, Linker, SettingsCreator, block_on

from shugang.publicdata.crosscheck import linking, model, records
from shugang.publicdata.crosscheck.plan import read

logging.getLogger("splink").setLevel(logging.ERROR)
FIELDS = {"name": "person", "born": "date", "tel": "phone", "place": "text"}
DOCUMENT = {
    "sources": [{"name": n, "columns": {c: c for c in FIELDS}} for n in ("a", "b")],
    "elements": {n: {"kind": k} for n, k in FIELDS.items()}, "keys": [], "compare": {},
    "link": {"blocks": [["tel"], ["born", "name:1"]], "by": list(FIELDS), "threshold": 0.95},
}  # fmt: skip
PEOPLE = """SELECT i AS who, substr('王李张刘陈杨黄赵吴周', 1 + CAST(hash(i, 1) % 10 AS INT), 1) || substr('伟芳娜敏静丽强磊军洋', 1 + CAST(hash(i, 2) % 10 AS INT), 1)
    || substr('勇艳杰娟涛明超秀霞平', 1 + CAST(hash(i, 3) % 10 AS INT), 1) AS name, CAST(DATE '1950-01-01' + CAST(hash(i, 4) % 20000 AS INT) AS VARCHAR) AS born,
    CAST(13000000000 + hash(i, 5) % 1000000000 AS VARCHAR) AS tel, '湖滨南路' || hash(i, 6) % 300 || '号' AS place FROM range(800) r(i)"""
LEFT = f"SELECT who AS row_, * EXCLUDE (who) FROM ({PEOPLE}) WHERE who < 700"
RIGHT = f"""SELECT who AS row_, CASE WHEN hash(who, 7) % 20 = 0 THEN left(name, 2) || '某' ELSE name END AS name,
    CASE WHEN hash(who, 8) % 25 = 0 THEN NULL ELSE born END AS born, CASE WHEN hash(who, 9) % 15 = 0 THEN left(tel, 9) || '00'
    WHEN hash(who, 9) % 15 = 1 THEN NULL ELSE tel END AS tel, CASE WHEN hash(who, 10) % 10 = 0 THEN '厦禾路1号' ELSE place END AS place
    FROM ({PEOPLE}) WHERE who >= 100"""


@pytest.fixture(scope="module")
def linked():
    con, plan = duckdb.connect(config={"python_enable_replacements": "false"}), read(DOCUMENT)
    records.load(con, plan, {"a": f"({LEFT})", "b": f"({RIGHT})"})
    records.join_by_keys(con, plan)
    records.gather(con, plan)
    linking.candidates(con, plan, plan.link)
    linking.predict(con, plan, plan.link)
    return con, plan


def scored(con):
    return dict(con.execute("SELECT (a // 2, b // 2), probability FROM scored").fetchall())


def test_the_same_pairs_as_splink_from_the_same_records(linked):
    con, _ = linked
    ours = scored(con)
    api = DuckDBAPI(con)
    for place in (0, 1):
        con.execute(f"CREATE TABLE s{place} AS SELECT * EXCLUDE (source) FROM candidates WHERE source = {place}")
    rules = [block_on("tel"), block_on("born", "substr(name, 1, 1)")]
    similar = {"name", "place"}
    comparisons = [
        cl.JaroWinklerAtThresholds(n, [0.95, 0.88]) if n in similar else cl.DamerauLevenshteinAtThresholds(n, [1])
        for n in FIELDS
    ]
    wanted = SettingsCreator(link_type="link_only", comparisons=comparisons, blocking_rules_to_generate_predictions=rules,
                             retain_matching_columns=False, probability_two_random_records_match=0.5 / 700)  # fmt: skip
    linker = Linker([api.register("s0"), api.register("s1")], wanted, log_level=None)
    linker.training.estimate_u_using_random_sampling(max_pairs=1e7, seed=1)
    for rule in rules:
        linker.training.estimate_parameters_using_expectation_maximisation(rule)
    found = linker.inference.predict(threshold_match_probability=0.95).physical_name
    theirs = dict(
        con.execute(f"SELECT (unique_id_l // 2, unique_id_r // 2), match_probability FROM {found}").fetchall()
    )
    assert len(ours) > 550 and sum(a == b for a, b in ours) / len(ours) > 0.99
    # Ours smooths what nobody saw, so that a few on the edge fall to the other side.
    assert len(ours.keys() ^ theirs.keys()) <= len(ours) // 50
    assert all(abs(theirs[pair] - chance) < 0.01 for pair, chance in ours.items() if pair in theirs)


def test_the_same_data_give_the_same_result(linked, monkeypatch):
    con, plan = linked
    monkeypatch.setattr(linking, "SAMPLED_PAIRS", 20_000)  # fewer than there are, so that they are drawn
    found = []
    for _ in range(2):
        linking.predict(con, plan, plan.link)
        found.append(scored(con))
    assert found[0] == found[1] and len(found[0]) > 550


def test_a_pair_of_two_blocks_is_compared_once_and_counts_in_both(linked):
    con, plan = linked
    linking.predict(con, plan, plan.link)
    sides = [(0, 1)]
    for place in (0, 1):
        con.execute(
            f"CREATE OR REPLACE TEMP TABLE side_{place} AS SELECT 0 AS n, * FROM candidates WHERE source = {place}"
        )
    linking.compare(con, plan.link, sides, [linking.levels(plan, n) for n in plan.link.by])
    rows, pairs = con.execute("SELECT count(*), count(DISTINCT (a, b)) FROM compared_pairs").fetchall()[0]
    held = dict(con.execute("SELECT blocks, count(*) FROM compared_pairs GROUP BY 1").fetchall())
    assert rows == pairs and set(held) == {1, 2, 3} and held[3] > 400


SLIP = duckdb.connect()


@settings(deadline=None, max_examples=300)
@given(st.text("01吴", max_size=7), st.text("01吴", max_size=7))
def test_one_slip_is_damerau_levenshtein_of_one(a, b):
    fast = linking.one_slip("a", "b")
    query = f"SELECT {fast}, damerau_levenshtein(a, b) <= 1 FROM (SELECT ?::VARCHAR AS a, ?::VARCHAR AS b)"
    said, true = SLIP.execute(query, [a, b]).fetchall()[0]
    assert said == true


def test_levels_that_nobody_saw_are_rare_and_not_impossible():
    found = model.trained({(1, 2): 10, (2, 2): 990}, [({(1, 1): 5.0, (1, 2): 1.0}, [1])], [2, 2], 0.01)
    assert 0 < found.u[1][0] < 0.001 and found.m[0] == model.first(2)
    assert model.weight(found, 1, 1) > 5 > 0 > model.weight(found, 1, 2)
    assert found.probability((1, model.MISSING)) < found.probability((1, 1))
    assert model.unpacked(2 | 1 << 3, 2) == (2, 1)
