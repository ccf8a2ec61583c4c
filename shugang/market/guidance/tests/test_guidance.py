"""A range from concluded deals, or none: no single price can be read out of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shugang.market import testing
from shugang.market.guidance import deals as reading
from shugang.market.guidance.comparing import Asked, Deal, Rules, coarse, guide, likeness
from shugang.policy.priceplan import PricePlan, Tier

RULES = Rules(20, 5, 3, 3, 50)
ASKED = Asked("one_off", "N", "dataset", "table", 1000, frozenset({"空气", "气质", "质量"}))
DAY = date(2026, 5, 20)


def deal(n: int, price: int, **changes):
    base = Deal("one_off", price, "N", "dataset", "table", 1000, ASKED.tokens, n % 4, 10 + n % 3, DAY)
    return replace(base, **changes)


def test_quartiles_of_the_nearest_widened_and_with_n():
    rows = [deal(n, p) for n, p in enumerate([1010, 1234, 2345, 3456, 9876])]
    found = guide(ASKED, rows, RULES)
    # type-7 quartiles are 1234, 2345, 3456 themselves: none of them is shown
    assert (found.refused, found.n, found.low_e8, found.middle_e8, found.high_e8) == ("", 5, 1200, 2300, 3500)
    assert (found.suppliers, found.buyers, found.since) == (4, 3, date(2026, 5, 1))
    assert found.basis == ((("N", "dataset", "table"), 5),)


@pytest.mark.parametrize(("rows", "why"), [
    ([deal(n, 100) for n in range(4)], "few_contracts"),
    ([deal(n, 100, supplier=n % 2) for n in range(8)], "few_suppliers"),
    ([deal(n, 100, buyer=n % 2) for n in range(8)], "few_buyers"),
    ([deal(n, 100, supplier=max(0, n - 4)) for n in range(8)], "one_party"),
    ([deal(n, 100, measure="per_unit:calls") for n in range(9)], "few_contracts"),
], ids=["contracts", "suppliers", "buyers", "one party", "another measure"])  # fmt: skip
def test_too_few_is_refused_and_says_why(rows, why):
    assert guide(ASKED, rows, RULES).refused == why


def test_the_nearest_come_first():
    near = [deal(n, 1000) for n in range(5)]
    far = [deal(n, 9_000_000, sector="J", type="report", mode="api", tokens=frozenset({"信贷"})) for n in range(40)]
    assert likeness(ASKED, near[0]) == 1000 > likeness(ASKED, far[0])
    found = guide(ASKED, far + near, Rules(5, 5, 3, 3, 50))
    assert (found.low_e8, found.high_e8) == (1000, 1000)


@given(st.lists(st.integers(1, 10**12), min_size=5, max_size=30))
@settings(max_examples=60, deadline=None)
def test_the_ends_hold_the_middle_half_and_have_two_digits(prices):
    found = guide(ASKED, [deal(n, p) for n, p in enumerate(prices)], Rules(30, 5, 3, 3, 60))
    if not found.refused:
        assert found.low_e8 <= sorted(prices)[len(prices) // 2] <= found.high_e8
        for end in (found.low_e8, found.middle_e8, found.high_e8):
            assert len(str(end).rstrip("0")) <= 3 and coarse(end, 0) == end


def test_plans_are_compared_by_what_their_price_is_per():
    measure = reading.measured
    assert measure(PricePlan("one_off", price_fen=1400)) == ("one_off", 1_400_000_000)
    assert measure(PricePlan("per_unit", unit_price_e8=35_000_000, billable=("found",))) == (
        "per_unit:calls",
        35_000_000,
    )
    assert measure(PricePlan("period", price_fen=100, every="year")) == ("period:year", 100_000_000)
    assert measure(PricePlan("tiered", tiers=(Tier(None, 5),))) is None and measure(PricePlan("free")) is None


@pytest.mark.django_db
def test_the_deal_counts_and_never_the_ask():
    world = testing.make_deal(plan=PricePlan("one_off", price_fen=9900))
    contract = testing.signed(world, plan=PricePlan("one_off", price_fen=5000))
    found = reading.deal_of(contract)
    assert (found.price_e8, found.measure) == (5_000_000_000, "one_off")
    # one deal is not enough for anybody, and one's own does not count at all
    outsider = testing.make_signer(testing.make_party("buyer"))
    assert reading.guidance(outsider, world.product)[0].refused == "few_contracts"
    assert reading.guidance(outsider, world.product)[0].n == 1
    assert reading.guidance(world.buyer, world.product)[0].n == 0
