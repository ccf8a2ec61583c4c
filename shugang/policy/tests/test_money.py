"""Exact money against an independent oracle in fractions."""

from fractions import Fraction
from math import floor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shugang.policy.money import (
    allocate,
    e8_times_qty_to_fen,
    format_e8,
    format_yuan,
    parse_e8,
    parse_yuan,
    round_half_up,
    split_vat,
)

BIG = st.integers(-(10**18), 10**18)


def oracle(amount: Fraction) -> int:
    """Half-up, symmetric about zero."""
    size = floor(abs(amount) + Fraction(1, 2))
    return size if amount >= 0 else -size


@given(BIG, st.integers(1, 10**12))
def test_rounding_is_half_up_and_symmetric(numerator: int, denominator: int) -> None:
    assert round_half_up(numerator, denominator) == oracle(Fraction(numerator, denominator))
    assert round_half_up(-numerator, denominator) == -round_half_up(numerator, denominator)


@given(st.integers(0, 10**13), st.integers(0, 10**15), st.sampled_from([1, 1000, 10**6, 10**9]))
def test_price_times_quantity(e8: int, quantity: int, unit_size: int) -> None:
    exact = Fraction(e8, 10**8) * Fraction(quantity, unit_size) * 100
    assert e8_times_qty_to_fen(e8, quantity, unit_size) == oracle(exact)


@pytest.mark.parametrize(
    ("e8", "quantity", "fen"),
    # 0.0150 yuan a lookup: 1 costs 1.5 fen (2), 2 cost 3, 333 cost 499.5 (500)
    [
        (1_500_000, 1, 2),
        (1_500_000, 2, 3),
        (1_500_000, 333, 500),
        (499_999, 1, 0),
        (500_000, 1, 1),
        (0, 9, 0),
    ],
)
def test_price_vectors(e8: int, quantity: int, fen: int) -> None:
    assert e8_times_qty_to_fen(e8, quantity) == fen


WEIGHTS = st.lists(st.integers(0, 5) | st.integers(0, 10**12), min_size=1, max_size=12).filter(any)


@given(BIG, WEIGHTS)
def test_shares_sum_exactly_and_lie_within_one(total: int, weights: list[int]) -> None:
    shares = allocate(total, weights)
    assert sum(shares) == total
    for share, weight in zip(shares, weights, strict=True):
        exact = Fraction(total * weight, sum(weights))
        assert abs(share - exact) < 1
        assert weight or share == 0


def test_equal_remainders_go_to_the_larger_weight() -> None:
    assert allocate(2, [1, 3]) == [0, 2] and allocate(2, [3, 1]) == [2, 0]
    assert allocate(100, [1, 1, 1]) == [34, 33, 33]


@given(BIG, WEIGHTS, st.randoms(use_true_random=False))
def test_shares_do_not_depend_on_order(total: int, weights: list[int], random) -> None:
    shuffled = list(weights)
    random.shuffle(shuffled)
    first = sorted(zip(weights, allocate(total, weights), strict=True))
    second = sorted(zip(shuffled, allocate(total, shuffled), strict=True))
    assert first == second


@pytest.mark.parametrize("weights", [[], [0, 0], [1, -1]])
def test_weights_that_share_nothing_are_refused(weights: list[int]) -> None:
    with pytest.raises(ValueError, match="weight"):
        allocate(100, weights)


@given(BIG, st.integers(0, 10_000))
def test_net_and_tax_make_the_gross(gross: int, rate_bp: int) -> None:
    net, tax = split_vat(gross, rate_bp)
    rate = Fraction(rate_bp, 10_000)
    assert net + tax == gross
    assert tax == oracle(gross * rate / (1 + rate))


def test_vat_vectors() -> None:
    assert split_vat(10_600, 600) == (10_000, 600)
    assert split_vat(100, 600) == (94, 6)
    assert split_vat(-10_600, 600) == (-10_000, -600)
    with pytest.raises(ValueError, match="tax"):
        split_vat(100, -1)


@given(BIG)
def test_what_is_shown_reads_back(amount: int) -> None:
    assert parse_yuan(format_yuan(amount)) == amount
    assert parse_e8(format_e8(amount)) == amount


def test_formats() -> None:
    assert [format_yuan(fen) for fen in (0, 5, -5, 123_456_789)] == [
        "¥0.00",
        "¥0.05",
        "-¥0.05",
        "¥1,234,567.89",
    ]
    assert [format_e8(e8) for e8 in (1_500_000, 100_000_000, 1, 0)] == ["0.015", "1.00", "0.00000001", "0.00"]


@pytest.mark.parametrize("text", ["", "abc", "0.001", "1e400", "NaN", "Infinity", "1e30", "12.345", "--1"])
def test_inexact_or_absurd_amounts_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="amount"):
        parse_yuan(text)
