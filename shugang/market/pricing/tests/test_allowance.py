"""The chain of public-data fees: what may be earned, what is carried over, what a price may be."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shugang.market.pricing.allowance import Allowance, over_cap, surplus
from shugang.policy.arbitrage import full_price
from shugang.policy.priceplan import PricePlan, Tier

FOUND = ("found",)


def test_the_surplus_of_one_period_is_deducted_in_the_next() -> None:
    # given an allowance of 1,000,000 = 800,000 + 150,000 + 50,000 and an income of 1,200,000
    first = Allowance(80_000_000, 15_000_000, 5_000_000)
    over = surplus(first, 120_000_000)
    second = Allowance(80_000_000, 15_000_000, 5_000_000, over)
    assert (first.allowed_fen, over, second.allowed_fen) == (100_000_000, 20_000_000, 80_000_000)
    assert surplus(second, 80_000_000) == 0
    assert surplus(first, 90_000_000) == 0


def test_a_surplus_larger_than_the_next_allowance_is_carried_on() -> None:
    second = Allowance(50, 0, 0, 80)
    assert (second.allowed_fen, second.carried_fen, surplus(second, 10)) == (0, 30, 40)


@given(st.lists(st.tuples(st.integers(0, 1000), st.integers(0, 3000)), min_size=1, max_size=6))
def test_whoever_earns_what_is_allowed_ends_with_what_the_allowances_sum_to(periods) -> None:
    """Given any incomes, when later ones keep to the allowance, then all income is at most the gross sum plus what is owed."""
    owed, earned, gross_sum = 0, 0, 0
    for gross, revenue in periods:
        allowance = Allowance(gross, 0, 0, owed)
        owed = surplus(allowance, revenue)
        earned, gross_sum = earned + revenue, gross_sum + gross
        assert earned <= gross_sum + owed


@st.composite
def laddered(draw: st.DrawFn, kinds: tuple[str, ...]) -> PricePlan:
    kind = draw(st.sampled_from(kinds))
    if kind == "per_unit":
        return PricePlan(kind, unit_price_e8=draw(st.integers(0, 20)) * 10**6, billable=FOUND)
    if kind == "package":
        return PricePlan(
            kind, price_fen=draw(st.integers(0, 100)), package_size=draw(st.integers(1, 10)), billable=FOUND
        )
    ends = sorted(draw(st.sets(st.integers(1, 15), min_size=1, max_size=3)))
    tiers = tuple(Tier(end, draw(st.integers(0, 20)) * 10**6) for end in [*ends, None])
    return PricePlan(kind, tiers=tiers, billable=FOUND)


@settings(max_examples=300, deadline=None)
@given(laddered(("per_unit", "tiered")), laddered(("per_unit", "tiered")))
def test_a_price_passes_exactly_when_no_volume_costs_more_than_the_cap(plan: PricePlan, cap: PricePlan) -> None:
    mine, most = full_price(plan), full_price(cap)
    beyond = any(mine(units) > most(units) for units in range(1, 2000))
    assert (over_cap(plan, cap) is not None) == beyond


@pytest.mark.parametrize(
    ("plan", "cap", "passes"),
    [
        (PricePlan("free"), PricePlan("free"), True),
        (PricePlan("one_off", price_fen=1), PricePlan("free"), False),
        (PricePlan("one_off", price_fen=100), PricePlan("one_off", price_fen=100), True),
        (PricePlan("one_off", price_fen=101), PricePlan("one_off", price_fen=100), False),
        (PricePlan("period", price_fen=9, every="month"), PricePlan("period", price_fen=10, every="year"), False),
        (PricePlan("period", price_fen=9, every="year"), PricePlan("period", price_fen=10, every="year"), True),
        (PricePlan("package", price_fen=100, package_size=100, billable=FOUND),
         PricePlan("per_unit", unit_price_e8=10**6, billable=FOUND), True),
        (PricePlan("package", price_fen=101, package_size=100, billable=FOUND),
         PricePlan("per_unit", unit_price_e8=10**6, billable=FOUND), False),
        (PricePlan("per_unit", unit="rows", unit_price_e8=1, billable=FOUND),
         PricePlan("per_unit", unit_price_e8=10**6, billable=FOUND), False),
        (PricePlan("per_unit", unit_price_e8=1, billable=FOUND, minimum_fen=1),
         PricePlan("per_unit", unit_price_e8=10**6, billable=FOUND), False),
        (PricePlan("revenue", unit="revenue", share_bp=1), PricePlan("per_unit", unit_price_e8=1, billable=FOUND), False),
    ],
)  # fmt: skip
def test_prices_against_caps(plan: PricePlan, cap: PricePlan, passes: bool) -> None:
    assert (over_cap(plan, cap) is None) == passes
