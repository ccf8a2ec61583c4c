"""Linking what no exact key joined: blocks, their pairs counted before anything is compared, then Splink (MIT).

Splink's Fellegi–Sunter model is trained on the data at hand (u by sampling, m by expectation maximisation on each block),
without labels. One record meets at most one of another source: the best on both sides.
"""

# ruff: noqa: S608 names are quoted or of our own making

from __future__ import annotations

import contextlib
import logging
from typing import Any

import duckdb
import splink.comparison_library as cl
from splink import DuckDBAPI, Linker, SettingsCreator, block_on

from shugang.policy.lowering import quote

from .elements import KINDS
from .plan import Block, Link, Plan
from .records import gather, merge_pairs
from .refused import TooManyPairs

_SIMILAR = {"text", "person", "enterprise", "address"}
_SAMPLED_PAIRS = 300_000  # for how often values agree by chance: a third of a per cent is told to within 3 per cent
_SEED = 20261126
logging.getLogger("splink").setLevel(logging.ERROR)


def link(con: duckdb.DuckDBPyConnection, plan: Plan) -> dict[str, Any]:
    """Raises TooManyPairs before any comparison. Returns how many pairs were compared and joined."""
    if plan.link is None:
        return {"pairs": 0, "linked": 0}
    candidates(con, plan, plan.link)
    counted = count_pairs(con, plan, plan.link)
    present = con.execute("SELECT count(DISTINCT source) FROM candidates").fetchall()[0][0]
    if not counted or present < 2:
        return {"pairs": counted, "linked": 0}
    predict(con, plan, plan.link)
    best_pairs(con)
    found: int = con.execute("SELECT count(*) FROM best").fetchall()[0][0]
    if found:
        merge_pairs(con, "SELECT a, b FROM best")
        gather(con, plan)
    return {"pairs": counted, "linked": found}


def candidates(con: duckdb.DuckDBPyConnection, plan: Plan, link: Link) -> None:
    """One record of each entity that only one source has."""
    used = sorted({*link.by, *(name for block in link.blocks for name, _ in block.parts)})
    columns = ", ".join(f"r.{quote('n_' + n)} AS {quote(n)}" for n in used)
    con.execute(f"""CREATE OR REPLACE TEMP TABLE candidates AS SELECT e.entity AS unique_id, r.source, {columns}
        FROM entities e JOIN records r ON r.id = e.entity WHERE e.held = 1""")


def _cut(name: str, length: int) -> str:
    return f"substr({quote(name)}, 1, {length})" if length else quote(name)


def count_pairs(con: duckdb.DuckDBPyConnection, plan: Plan, link: Link) -> int:
    """Pairs across sources over all blocks, an upper bound since a pair of two blocks counts twice. Raises TooManyPairs."""
    total = 0
    for block in link.blocks:
        parts = ", ".join(_cut(*part) for part in block.parts)
        whole = " AND ".join(f"{quote(name)} IS NOT NULL" for name, _ in block.parts)
        query = f"""SELECT CAST(coalesce(sum((all_ * all_ - squares) / 2), 0) AS HUGEINT) FROM (
            SELECT sum(n)::HUGEINT AS all_, sum(n * n)::HUGEINT AS squares FROM (
                SELECT {", ".join(f"{_cut(*p)} AS p{i}" for i, p in enumerate(block.parts))}, source, count(*)::HUGEINT AS n
                FROM candidates WHERE {whole} GROUP BY {parts}, source)
            GROUP BY {", ".join(f"p{i}" for i in range(len(block.parts)))})"""
        total += int(con.execute(query).fetchall()[0][0])
        if total > plan.cap:
            raise TooManyPairs(str(block), total, plan.cap)
    return total


def _rule(block: Block) -> Any:
    return block_on(*(f"substr({name}, 1, {length})" if length else name for name, length in block.parts))


def _comparison(plan: Plan, name: str) -> Any:
    kind = plan.elements[name].kind
    if kind.name in _SIMILAR:
        return cl.JaroWinklerAtThresholds(name, [0.95, 0.88])
    if kind in (KINDS["number"], KINDS["point"]):
        return cl.ExactMatch(name)
    return cl.DamerauLevenshteinAtThresholds(name, [1])


def predict(con: duckdb.DuckDBPyConnection, plan: Plan, link: Link) -> None:
    """`scored(a, b, probability)` over the blocked pairs."""
    api, tables = DuckDBAPI(con), []
    for (place,) in con.execute("SELECT DISTINCT source FROM candidates ORDER BY 1").fetchall():
        con.execute(
            f"CREATE OR REPLACE TEMP TABLE side_{place} AS SELECT * EXCLUDE (source) FROM candidates WHERE source = {place}"
        )
        tables.append(api.register(f"side_{place}"))
    rules = [_rule(b) for b in link.blocks]
    settings = SettingsCreator(
        link_type="link_only", comparisons=[_comparison(plan, n) for n in link.by],
        blocking_rules_to_generate_predictions=rules, retain_matching_columns=False,
        probability_two_random_records_match=_prior(con),
    )  # fmt: skip
    linker = Linker(tables, settings, log_level=None)
    linker.training.estimate_u_using_random_sampling(max_pairs=_SAMPLED_PAIRS, seed=_SEED)
    for block, rule in zip(link.blocks, rules, strict=True):
        if set(link.by) - {name for name, _ in block.parts}:
            # Splink raises several kinds where a block has too few pairs to learn from; the other blocks, or its prior
            # levels, give the parameters then.
            with contextlib.suppress(Exception):
                linker.training.estimate_parameters_using_expectation_maximisation(rule)
    found = linker.inference.predict(threshold_match_probability=link.threshold)
    con.execute(f"""CREATE OR REPLACE TEMP TABLE scored AS
        SELECT unique_id_l AS a, unique_id_r AS b, match_probability AS probability FROM {found.physical_name}""")
    linker.table_management.delete_tables_created_by_splink_from_db()


def _prior(con: duckdb.DuckDBPyConnection) -> float:
    """Half of the smaller side has its like on the other: the order of magnitude is what matters."""
    sizes = sorted(n for (n,) in con.execute("SELECT count(*) FROM candidates GROUP BY source").fetchall())
    return float(min(0.5, max(1e-9, 0.5 / sizes[-1])))


def best_pairs(con: duckdb.DuckDBPyConnection) -> None:
    """`best(a, b)`: each the other's best in its source; a tie goes to the earlier record."""
    con.execute("""CREATE OR REPLACE TEMP TABLE best AS
        WITH s AS (SELECT p.a, p.b, p.probability, x.source AS from_a, y.source AS from_b FROM scored p
            JOIN candidates x ON x.unique_id = p.a JOIN candidates y ON y.unique_id = p.b)
        SELECT a, b FROM s
        QUALIFY row_number() OVER (PARTITION BY a, from_b ORDER BY probability DESC, b) = 1
            AND row_number() OVER (PARTITION BY b, from_a ORDER BY probability DESC, a) = 1""")
