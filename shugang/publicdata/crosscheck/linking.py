"""Linking what no exact key joined: blocks, their pairs counted before anything is compared, then Splink's comparisons (MIT).

The Fellegi–Sunter model is trained on the data at hand and without labels, as Splink trains it (`model`), but on patterns of
agreement: each blocked pair is compared once, where Splink compares it again for every block that it learns from and once more
to predict. One record meets at most one of another source: the best on both sides.
"""

# ruff: noqa: S608 names are quoted or of our own making

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable
from itertools import combinations
from typing import Any

import duckdb
import splink.comparison_level_library as cll
import splink.comparison_library as cl

from shugang.policy.lowering import quote

from . import model
from .elements import KINDS
from .model import Model
from .plan import Link, Plan
from .records import gather, merge_pairs
from .refused import TooManyPairs

_SIMILAR = {"text", "person", "enterprise", "address"}
# For how often values agree by chance. Splink's own default and what it gets in the bench: with 300,000 its F1 on the Chinese set
# there falls from 0.9488 to 0.9483, with 100,000 to 0.9361.
SAMPLED_PAIRS = 1_000_000
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


def _comparison(plan: Plan, name: str) -> Any:
    kind = plan.elements[name].kind
    if kind.name in _SIMILAR:
        return cl.JaroWinklerAtThresholds(name, [0.95, 0.88])
    if kind in (KINDS["number"], KINDS["point"]):
        return cl.ExactMatch(name)
    return cl.CustomComparison(
        [cll.NullLevel(name), cll.ExactMatchLevel(name), cll.CustomLevel(one_slip(f'"{name}_l"', f'"{name}_r"'), "one slip"), cll.ElseLevel()],
        output_column_name=name,
    )  # fmt: skip


def one_slip(a: str, b: str) -> str:
    """Damerau–Levenshtein distance of at most one, five times as fast: whatever a single slip touches, it leaves the first or the
    last half whole, and only then the distance is counted."""
    half = f"(least(length({a}), length({b})) - 1) // 2"
    whole = f"left({a}, {half}) = left({b}, {half}) OR right({a}, {half}) = right({b}, {half})"
    return f"CASE WHEN abs(length({a}) - length({b})) <= 1 AND ({whole}) THEN damerau_levenshtein({a}, {b}) <= 1 ELSE FALSE END"


def levels(plan: Plan, name: str) -> list[str]:
    """What each level of agreement asks, in Splink's SQL over `name_l` and `name_r`: missing first, anything else last."""
    told: list[dict[str, Any]] = _comparison(plan, name).create_comparison_dict("duckdb")["comparison_levels"]
    return [level["sql_condition"] for level in told]


def _level_sql(conditions: list[str]) -> str:
    whens = " ".join(f"WHEN {c} THEN {at}" for at, c in enumerate(conditions[:-1]))
    return f"CASE {whens} ELSE {len(conditions) - 1} END"


def _pattern_sql(asked: list[list[str]]) -> str:
    return " + ".join(f"(({_level_sql(c)})::BIGINT << {model.BITS * at})" for at, c in enumerate(asked))


def _shown(names: Iterable[str]) -> str:
    return ", ".join(f"{s}.{quote(n)} AS {quote(f'{n}_{s}')}" for n in names for s in ("l", "r"))


def predict(con: duckdb.DuckDBPyConnection, plan: Plan, link: Link) -> None:
    """`scored(a, b, probability)`: the blocked pairs that reach the threshold. Every pair is compared once."""
    sizes = dict(con.execute("SELECT source, count(*) FROM candidates GROUP BY source ORDER BY source").fetchall())
    sides = list(combinations(sizes, 2))
    asked = [levels(plan, n) for n in link.by]
    for place in sizes:
        con.execute(f"""CREATE OR REPLACE TEMP TABLE side_{place} AS SELECT row_number() OVER (ORDER BY unique_id) - 1 AS n, *
            FROM candidates WHERE source = {place}""")
    compare(con, link, sides, asked)
    trained = _trained(con, link, sides, sizes, asked)
    good = [(p, trained.probability(model.unpacked(p, len(asked)))) for (p,) in con.execute("SELECT DISTINCT pattern FROM compared_pairs").fetchall()]  # fmt: skip
    good = [(p, chance) for p, chance in good if chance >= link.threshold]
    con.execute("CREATE OR REPLACE TEMP TABLE good (pattern BIGINT, probability DOUBLE)")
    if good:
        con.executemany("INSERT INTO good VALUES (?, ?)", good)
    con.execute(
        "CREATE OR REPLACE TEMP TABLE scored AS SELECT a, b, probability FROM compared_pairs JOIN good USING (pattern)"
    )
    for name in ("compared_pairs", *(f"side_{place}" for place in sizes)):
        con.execute(f"DROP TABLE {name}")


def compare(con: duckdb.DuckDBPyConnection, link: Link, sides: Iterable[tuple[int, int]], asked: list[list[str]]) -> None:  # fmt: skip
    """`compared_pairs(a, b, blocks, pattern)`: each pair of any block once; `blocks` has a bit for every block that holds it."""
    con.execute("CREATE OR REPLACE TEMP TABLE compared_pairs (a BIGINT, b BIGINT, blocks UTINYINT, pattern BIGINT)")
    met = [" AND ".join(f"{_side('l', part)} = {_side('r', part)}" for part in block.parts) for block in link.blocks]
    bits = " + ".join(f"(coalesce({m}, FALSE)::UTINYINT << {at})" for at, m in enumerate(met))
    for left, right in sides:
        for at, rule in enumerate(met):
            before = "".join(f" AND NOT coalesce({m}, FALSE)" for m in met[:at])
            con.execute(f"""INSERT INTO compared_pairs SELECT a, b, blocks, {_pattern_sql(asked)} FROM (
                SELECT l.unique_id AS a, r.unique_id AS b, {bits} AS blocks, {_shown(link.by)}
                FROM side_{left} l JOIN side_{right} r ON {rule}{before})""")


def _side(alias: str, part: tuple[str, int]) -> str:
    name, length = part
    column = f"{alias}.{quote(name)}"
    return f"substr({column}, 1, {length})" if length else column


def _trained(con: duckdb.DuckDBPyConnection, link: Link, sides: list[tuple[int, int]], sizes: dict[int, int], asked: list[list[str]]) -> Model:  # fmt: skip
    by_block = con.execute("SELECT blocks, pattern, count(*) FROM compared_pairs GROUP BY ALL").fetchall()
    blocks = []
    for at, block in enumerate(link.blocks):
        counts: Counter[model.Pattern] = Counter()
        for bits, pattern, n in by_block:
            if bits >> at & 1:
                counts[model.unpacked(pattern, len(asked))] += n
        own = {name for name, _ in block.parts}
        blocks.append((counts, [place for place, name in enumerate(link.by) if name not in own]))
    return model.trained(_chance(con, link, sides, sizes, asked), blocks, [len(c) - 1 for c in asked], _prior(sizes))


def _chance(con: duckdb.DuckDBPyConnection, link: Link, sides: list[tuple[int, int]], sizes: dict[int, int], asked: list[list[str]]) -> Counter[model.Pattern]:  # fmt: skip
    """Patterns of random pairs: all pairs where there are no more than SAMPLED_PAIRS, otherwise so many, each by itself.

    Drawn by a hash of their numbers, so that the same data give the same result.
    """
    found: Counter[model.Pattern] = Counter()
    total = sum(sizes[a] * sizes[b] for a, b in sides)
    for left, right in sides:
        if total <= SAMPLED_PAIRS:
            drawn = f"side_{left} l CROSS JOIN side_{right} r"
        else:
            wanted = max(1, SAMPLED_PAIRS * sizes[left] * sizes[right] // total)
            con.execute(f"""CREATE OR REPLACE TEMP TABLE drawn AS SELECT CAST(hash(k, 1) % {sizes[left]} AS BIGINT) AS i,
                CAST(hash(k, 2) % {sizes[right]} AS BIGINT) AS j FROM range({wanted}) r(k)""")
            drawn = f"drawn JOIN side_{left} l ON l.n = i JOIN side_{right} r ON r.n = j"
        query = f"SELECT {_pattern_sql(asked)} AS pattern, count(*) FROM (SELECT {_shown(link.by)} FROM {drawn}) GROUP BY pattern"
        for pattern, n in con.execute(query).fetchall():
            found[model.unpacked(pattern, len(asked))] += n
    return found


def _prior(sizes: dict[int, int]) -> float:
    """Half of the smaller side has its like on the other: the order of magnitude is what matters."""
    return min(0.5, max(1e-9, 0.5 / max(sizes.values())))


def best_pairs(con: duckdb.DuckDBPyConnection) -> None:
    """`best(a, b)`: each the other's best in its source; a tie goes to the earlier record."""
    con.execute("""CREATE OR REPLACE TEMP TABLE best AS
        WITH s AS (SELECT p.a, p.b, p.probability, x.source AS from_a, y.source AS from_b FROM scored p
            JOIN candidates x ON x.unique_id = p.a JOIN candidates y ON y.unique_id = p.b)
        SELECT a, b FROM s
        QUALIFY row_number() OVER (PARTITION BY a, from_b ORDER BY probability DESC, b) = 1
            AND row_number() OVER (PARTITION BY b, from_a ORDER BY probability DESC, a) = 1""")
