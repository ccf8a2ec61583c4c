"""The Fellegi–Sunter model over patterns of agreement, trained as Splink trains it; pure.

A pair of records is, for the model, the level that each of its comparisons reached, so pairs are counted by pattern once and
everything further works on the counts: a million pairs have a few hundred patterns. Probabilities that values agree by chance (u)
come from random pairs; those that they agree within one thing (m) from expectation maximisation on each block, which says nothing
about its own elements; where several blocks tell one, their median counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import log
from statistics import median

MISSING = 0  # a value is missing: the comparison says nothing; levels count from 1, the last is “anything else”
BITS = 3  # a pattern holds eight levels of each comparison
_ROUNDS, _STILL = 25, 1e-4
_FIRST_M = 0.95  # of the exact level before anything is learnt
_HALF = 0.5  # added to every count, so that what was not seen is rare and not impossible
Pattern = tuple[int, ...]
Counts = Mapping[Pattern, float]


def unpacked(number: int, comparisons: int) -> Pattern:
    return tuple(number >> BITS * place & (1 << BITS) - 1 for place in range(comparisons))


def shares(counts: Counts, place: int, levels: int) -> list[float]:
    """Of each level of one comparison its share, where no value is missing."""
    found = [_HALF] * levels
    for pattern, n in counts.items():
        if pattern[place] != MISSING:
            found[pattern[place] - 1] += n
    whole = sum(found)
    return [n / whole for n in found]


def first(levels: int) -> list[float]:
    rest = (1 - _FIRST_M) / (levels - 1)
    return [_FIRST_M, *[rest] * (levels - 1)]


@dataclass(frozen=True)
class Model:
    """`u`, `m`: for each comparison the probability of each of its levels; `prior` that two records are one thing."""

    u: list[list[float]]
    m: list[list[float]]
    prior: float

    def probability(self, pattern: Pattern, told: Iterable[int] | None = None) -> float:
        odds = self.prior / (1 - self.prior)
        for place in range(len(pattern)) if told is None else told:
            if pattern[place] != MISSING:
                odds *= self.m[place][pattern[place] - 1] / self.u[place][pattern[place] - 1]
        return odds / (1 + odds)


def trained(chance: Counts, blocks: Sequence[tuple[Counts, Sequence[int]]], levels: Sequence[int], prior: float) -> Model:  # fmt: skip
    """`chance`: random pairs by pattern; `blocks`: of each block its pairs by pattern, and which comparisons they can tell."""
    u = [shares(chance, place, n) for place, n in enumerate(levels)]
    learnt: list[list[list[float]]] = [[] for _ in levels]
    for counts, told in blocks:
        if told and counts:
            for place, values in zip(told, _maximised(counts, told, u, levels), strict=True):
                learnt[place].append(values)
    m = [_median(rows) if rows else first(n) for rows, n in zip(learnt, levels, strict=True)]
    return Model(u, m, prior)


def _median(rows: list[list[float]]) -> list[float]:
    return [median(level) for level in zip(*rows, strict=True)]


def _maximised(counts: Counts, told: Sequence[int], u: list[list[float]], levels: Sequence[int]) -> list[list[float]]:
    """m of the told comparisons, by expectation maximisation; the share of true pairs in the block is learnt with them."""
    model = Model(u, [first(n) for n in levels], 0.5)
    whole = sum(counts.values())
    for _ in range(_ROUNDS):
        true = {pattern: n * model.probability(pattern, told) for pattern, n in counts.items()}
        m = [shares(true, place, levels[place]) if place in told else model.m[place] for place in range(len(levels))]
        moved = max(abs(a - b) for p in told for a, b in zip(m[p], model.m[p], strict=True))
        model = Model(u, m, min(1 - 1e-9, max(1e-9, sum(true.values()) / whole)))
        if moved < _STILL:
            break
    return [model.m[place] for place in told]


def weight(model: Model, place: int, level: int) -> float:
    """How much a level speaks for one thing, in bits."""
    return log(model.m[place][level - 1] / model.u[place][level - 1], 2)
