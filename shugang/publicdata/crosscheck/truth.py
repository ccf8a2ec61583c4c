"""Which of several claims about one thing is true: majority, and log-odds weighted by the sources' estimated accuracy.

The trick that makes it fast: what matters of an object is only which sources agree with which. Every object is reduced to that
pattern in one vectorised pass; the few patterns are counted, the estimation runs on the counts, and the winner of each pattern
is looked up again. Declared copies vote once: a group of copies weighs as much as its best member.

Weights are log-odds w = ln(a·N / (1 − a)), N the number of wrong values a source may fall for, a clamped to [LOW, HIGH] so that
no source is believed whatever the others say, and none is believed to the contrary.
"""

# ruff: noqa: S608 names are of our own making

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, log

import duckdb
import pyarrow as pa

LOW, HIGH = 0.05, 0.99
START = 0.8
ROUNDS = 20
MOST = 15  # sources: a pattern is four bits for each
Pattern = tuple[int, ...]


@dataclass(frozen=True)
class Estimate:
    accuracy: tuple[float, ...]
    weights: tuple[float, ...]
    rounds: int


def pattern_sql(values: Sequence[str]) -> str:
    """For each source 0 where it claims nothing, else 1 + the first source that claims the same; packed into one number."""
    terms = []
    for i, value in enumerate(values):
        same = " ".join(f"WHEN {value} = {other} THEN {j + 1}" for j, other in enumerate(values[: i + 1]))
        terms.append(f"(CASE {same} ELSE 0 END::UBIGINT << {4 * i})")
    return " | ".join(terms)


def unpack(number: int, sources: int) -> Pattern:
    return tuple(number >> (4 * i) & 15 for i in range(sources))


def votes(pattern: Pattern, origins: Sequence[int], weights: Sequence[float] | None = None) -> dict[int, float]:
    """Class → its votes: of each group of copies one, the heaviest."""
    best: dict[tuple[int, int], float] = {}
    for source, claimed in enumerate(pattern):
        if claimed:
            place = (claimed, origins[source])
            weight = 1.0 if weights is None else weights[source]
            best[place] = max(best.get(place, weight), weight)
    found: dict[int, float] = {}
    for (claimed, _), weight in best.items():
        found[claimed] = found.get(claimed, 0.0) + weight
    return found


def beliefs(pattern: Pattern, origins: Sequence[int], weights: Sequence[float], wrong: int) -> dict[int, float]:
    """Class → probability that its value is the true one; what nobody claims keeps its share."""
    scores = votes(pattern, origins, weights)
    unseen = max(0, wrong + 1 - len(scores))
    top = max([0.0, *scores.values()])
    parts = {c: exp(s - top) for c, s in scores.items()}
    whole = sum(parts.values()) + unseen * exp(-top)
    return {c: p / whole for c, p in parts.items()}


def weigh(accuracy: float, wrong: int) -> float:
    a = min(HIGH, max(LOW, accuracy))
    return log(a * wrong / (1 - a))


def estimate(counts: dict[Pattern, int], origins: Sequence[int], wrong: int = 10, rounds: int = ROUNDS) -> Estimate:
    """Accuracy of each source from nothing but who agrees with whom, until it moves less than 1e-5."""
    sources = len(origins)
    accuracy = [START] * sources
    claims = [sum(n for p, n in counts.items() if p[s]) for s in range(sources)]
    done = 0
    while done < rounds:
        done += 1
        weights = [weigh(a, wrong) for a in accuracy]
        right = [0.0] * sources
        for pattern, n in counts.items():
            believed = beliefs(pattern, origins, weights, wrong)
            for source, claimed in enumerate(pattern):
                if claimed:
                    right[source] += n * believed[claimed]
        new = [r / c if c else START for r, c in zip(right, claims, strict=True)]
        moved = max(abs(a - b) for a, b in zip(accuracy, new, strict=True))
        accuracy = new
        if moved < 1e-5:
            break
    return Estimate(tuple(accuracy), tuple(weigh(a, wrong) for a in accuracy), done)


def winner(
    pattern: Pattern, origins: Sequence[int], order: Sequence[int], weights: Sequence[float] | None
) -> tuple[int, bool]:
    """The source whose value wins (the first in `order` that claims it), and whether another value had as many votes."""
    found = votes(pattern, origins, weights)
    if not found:
        return -1, False
    top = max(found.values())
    level = [c for c, v in found.items() if top - v < 1e-9]
    first = next(s for s in order if pattern[s] in level)
    return first, len(level) > 1


def counted(con: duckdb.DuckDBPyConnection, relation: str, sources: int, column: str = "pattern") -> dict[Pattern, int]:
    rows = con.execute(f"SELECT {column}, count(*) FROM {relation} WHERE {column} <> 0 GROUP BY 1").fetchall()
    return {unpack(number, sources): n for number, n in rows}


def keep_winners(con: duckdb.DuckDBPyConnection, table: str, won: dict[Pattern, tuple[int, bool]]) -> None:
    """`table(pattern, source, tie)`, to be joined by the packed pattern."""
    packed = pa.array([sum(c << (4 * i) for i, c in enumerate(p)) for p in won], pa.uint64())
    rows = {
        "pattern": packed,
        "source": pa.array([w[0] for w in won.values()], pa.int8()),
        "tie": [w[1] for w in won.values()],
    }
    con.register("winners_in", pa.table(rows))
    con.execute(f"CREATE OR REPLACE TEMP TABLE {table} AS SELECT * FROM winners_in")
    con.unregister("winners_in")


def discover(
    con: duckdb.DuckDBPyConnection, claims: str, origins: Sequence[int], wrong: int = 10, weighted: bool = True
) -> Estimate | None:
    """From `claims(object, source, value)` the table `truths(object, value, source, tie)`. Majority where not `weighted`."""
    sources = len(origins)
    if not 2 <= sources <= MOST:
        raise ValueError(f"2 to {MOST} sources")
    held = ", ".join(f"min(value) FILTER (source = {s}) AS v{s}" for s in range(sources))
    names = [f"v{s}" for s in range(sources)]
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE claimed AS SELECT *, {pattern_sql(names)} AS pattern FROM (SELECT object, {held} FROM {claims} GROUP BY object)"
    )
    counts = counted(con, "claimed", sources)
    found = estimate(counts, origins, wrong) if weighted else None
    won = {p: winner(p, origins, range(sources), found.weights if found else None) for p in counts}
    keep_winners(con, "won", won)
    value = "CASE w.source " + " ".join(f"WHEN {s} THEN v{s}" for s in range(sources)) + " END"
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE truths AS SELECT object, {value} AS value, w.source, w.tie FROM claimed JOIN won w USING (pattern)"
    )
    return found
