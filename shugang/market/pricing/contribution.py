"""Contribution of the providers of a fused product: Shapley values, exact or sampled with an error bound. Pure.

φ_i = Σ_{S ⊆ N∖i} |S|!·(n−|S|−1)!/n! · [v(S∪i) − v(S)] (Shapley 1953), with v(∅) = 0. Coalitions are bit masks over the
players in their order; values are whole numbers (分, or any one unit). Shares are exact fractions and sum to v(N).

Sampled: the mean marginal contribution over m random orders drawn with a published seed. Each order's contributions sum
to v(N), so the estimate does too. Hoeffding (1963): P(|φ̂_i − φ_i| ≥ ε) ≤ 2·exp(−2mε²/R²), R the range of a player's
marginal contributions; with the union over n players, ε = R·√(ln(2n/δ)/(2m)).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from fractions import Fraction
from math import ceil, factorial, lcm, log, sqrt
from random import Random
from typing import NamedTuple

from shugang.policy.money import allocate

EXACT, MOST_PLAYERS, SAMPLES, DELTA = 12, 60, 4000, 0.01
WHOLE = 1_000_000  # frozen shares are whole millionths
Value = Callable[[int], int]


class Shapley(NamedTuple):
    """Each player's value; `error` bounds every one of them with probability 1 − DELTA (0: exact)."""

    values: tuple[Fraction, ...]
    error: Fraction
    samples: int
    seed: int


def exact(n: int, value: Value) -> Shapley:
    """All 2^n coalitions, n ≤ EXACT (ValueError beyond)."""
    if not 1 <= n <= EXACT:
        raise ValueError(f"exact values take 1 to {EXACT} players")
    worth = [0] + [value(mask) for mask in range(1, 1 << n)]
    weight = [factorial(size) * factorial(n - size - 1) for size in range(n)]
    sums = [0] * n
    for mask in range(1 << n):
        size = mask.bit_count()
        for i in range(n):
            if not mask >> i & 1:
                sums[i] += weight[size] * (worth[mask | 1 << i] - worth[mask])
    return Shapley(tuple(Fraction(s, factorial(n)) for s in sums), Fraction(0), 0, 0)


def sampled(n: int, value: Value, spread: int, seed: int, samples: int = SAMPLES) -> Shapley:
    """The mean over `samples` random orders. `spread`: R, what no player's marginal contribution varies beyond."""
    if not 1 <= n <= MOST_PLAYERS or samples < 1:
        raise ValueError(f"1 to {MOST_PLAYERS} players, at least one sample")
    draw, sums, order = Random(seed), [0] * n, list(range(n))  # noqa: S311  a published seed, no secret
    for _ in range(samples):
        draw.shuffle(order)
        mask, before = 0, 0
        for i in order:
            mask |= 1 << i
            now = value(mask)
            sums[i] += now - before
            before = now
    bound = spread * sqrt(log(2 * n / DELTA) / (2 * samples))
    return Shapley(tuple(Fraction(s, samples) for s in sums), Fraction(ceil(bound)), samples, seed)


def table_value(table: Mapping[int, int]) -> Value:
    """v from a table of declared coalitions: the best declared coalition within S (monotone cover), 0 when none is."""
    declared = sorted(table.items(), key=lambda item: -item[1])
    return lambda mask: max(0, next((worth for part, worth in declared if part & mask == part), 0))


def metered(n: int, uses: Iterable[tuple[int, int]]) -> Shapley:
    """v(S) = the sum of what uses brought that S alone could have served; each use names the players it needed.

    The sum of unanimity games: each use's amount falls in equal parts on the players that it needed. Exact for any n.
    """
    sums = [Fraction(0)] * n
    for mask, amount in uses:
        needed = [i for i in range(n) if mask >> i & 1]
        for i in needed:
            sums[i] += Fraction(amount, len(needed))
    return Shapley(tuple(sums), Fraction(0), 0, 0)


def whole_shares(values: Sequence[Fraction]) -> list[int]:
    """Millionths that sum to WHOLE (largest remainder). Raises ValueError when a value is negative or all are 0."""
    if not values or min(values) < 0 or sum(values) == 0:
        raise ValueError("a share is not negative, and one is positive")
    denominator = lcm(*(value.denominator for value in values))
    return allocate(WHOLE, [int(value * denominator) for value in values])
