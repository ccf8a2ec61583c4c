"""Shapley values against their definition: sum, null player, symmetry, known games, the bound of the sampling."""

from __future__ import annotations

import itertools
from fractions import Fraction
from math import factorial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shugang.market.pricing.contribution import (
    WHOLE,
    exact,
    metered,
    sampled,
    table_value,
    whole_shares,
)


@st.composite
def games(draw: st.DrawFn, most: int = 5) -> tuple[int, dict[int, int]]:
    n = draw(st.integers(1, most))
    return n, {mask: draw(st.integers(-100, 1000)) for mask in range(1, 1 << n)}


def by_orders(n: int, value) -> list[Fraction]:
    """The mean over all n! orders, written down separately."""
    sums = [0] * n
    for order in itertools.permutations(range(n)):
        mask = 0
        for i in order:
            before = value(mask) if mask else 0
            mask |= 1 << i
            sums[i] += value(mask) - before
    return [Fraction(s, factorial(n)) for s in sums]


@settings(max_examples=100, deadline=None)
@given(games())
def test_exact_values_are_the_mean_over_all_orders_and_sum_to_the_whole(game) -> None:
    n, table = game
    found = exact(n, table.__getitem__)
    assert list(found.values) == by_orders(n, table.__getitem__)
    assert sum(found.values) == table[(1 << n) - 1]


@given(games(), st.integers(0, 4))
def test_a_null_player_gets_nothing(game, place: int) -> None:
    n, table = game
    bit = 1 << (place % n)
    without = lambda mask: table[mask & ~bit] if mask & ~bit else 0  # noqa: E731
    assert exact(n, without).values[place % n] == 0


@given(games(4), st.data())
def test_players_who_can_be_exchanged_get_the_same(game, data) -> None:
    n, table = game
    if n < 2:
        return
    a, b = data.draw(st.permutations(range(n)))[:2]

    def swapped(mask: int) -> int:
        x, y = mask >> a & 1, mask >> b & 1
        return mask & ~(1 << a | 1 << b) | x << b | y << a

    even = {mask: table[mask] + table[swapped(mask)] for mask in table}
    values = exact(n, even.__getitem__).values
    assert values[a] == values[b]


def test_known_games() -> None:
    """The glove game: one left glove, two right ones; and an airport of runways 1, 2 and 3."""
    gloves = exact(3, lambda mask: 600 if mask & 1 and mask & 0b110 else 0)
    assert gloves.values == (400, 100, 100)
    runway = exact(3, lambda mask: max((i + 1) * 6 for i in range(3) if mask >> i & 1))
    assert runway.values == (2, 5, 11)


@settings(max_examples=30, deadline=None)
@given(games(4), st.integers(0, 2**32))
def test_sampling_sums_to_the_whole_and_repeats_with_its_seed(game, seed: int) -> None:
    n, table = game
    value = table_value({mask: abs(worth) for mask, worth in table.items()})
    whole = value((1 << n) - 1)
    first = sampled(n, value, whole, seed, 50)
    assert sum(first.values) == whole and sampled(n, value, whole, seed, 50) == first


def test_sampling_stays_within_its_bound() -> None:
    """Fifteen providers: 4,000 orders against the closed form of the same game."""
    uses = [(0b11, 900), (0b111_0000, 600), (1 << 14, 50), ((1 << 15) - 1, 1500)]
    wanted = metered(15, uses).values
    value = lambda mask: sum(worth for needed, worth in uses if needed & mask == needed)  # noqa: E731
    found = sampled(15, value, value((1 << 15) - 1), 20261126)
    assert all(abs(a - b) <= found.error for a, b in zip(found.values, wanted, strict=True))
    assert 0 < found.error < 150


@given(st.integers(1, 6), st.data())
def test_metered_use_splits_as_its_game_does(n: int, data) -> None:
    uses = data.draw(st.lists(st.tuples(st.integers(1, (1 << n) - 1), st.integers(0, 100)), max_size=8))
    value = lambda mask: sum(worth for needed, worth in uses if needed & mask == needed)  # noqa: E731
    assert metered(n, uses).values == exact(n, value).values


@given(st.lists(st.fractions(0, 100), min_size=1, max_size=8).filter(any))
def test_frozen_shares_are_whole_and_complete(values) -> None:
    shares = whole_shares(values)
    assert sum(shares) == WHOLE
    assert all(abs(Fraction(s) - WHOLE * v / sum(values)) < 1 for s, v in zip(shares, values, strict=True))


def test_what_cannot_be_shared_is_refused() -> None:
    for values in ([], [Fraction(0)], [Fraction(-1), Fraction(2)]):
        with pytest.raises(ValueError, match="share"):
            whole_shares(values)
    with pytest.raises(ValueError, match="12"):
        exact(13, lambda mask: mask)
