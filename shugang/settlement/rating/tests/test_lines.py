"""Cumulative rating: any way of cutting and reordering use costs what it costs at once, to the 分."""

from __future__ import annotations

from collections import Counter
from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from shugang.policy.priceplan import OutcomePrice, PricePlan, Tier
from shugang.settlement.rating.lines import difference, rated_total
from shugang.settlement.rating.periods import Period, service_periods

PRICE = st.integers(0, 5 * 10**8)
BOUNDS = {"billable": st.just(("found",)), "included": st.integers(0, 20), "minimum_fen": st.integers(0, 500)}


def _tiered(bounds: list[int], prices: list[int], included: int) -> PricePlan:
    tiers = [Tier(b, p) for b, p in zip(sorted(bounds), prices, strict=False)] + [Tier(None, prices[-1])]
    return PricePlan("tiered", tiers=tuple(tiers), billable=("found",), included=included)


PLANS = st.one_of(
    st.just(PricePlan("free")),
    st.builds(PricePlan, st.just("one_off"), price_fen=st.integers(0, 10**7)),
    st.builds(
        PricePlan, st.just("per_unit"), unit_price_e8=PRICE, cap_fen=st.none() | st.integers(500, 5000), **BOUNDS
    ),
    st.builds(
        PricePlan, st.just("package"), price_fen=st.integers(0, 10**5), package_size=st.integers(1, 50), **BOUNDS
    ),
    st.builds(
        _tiered,
        st.lists(st.integers(1, 60), min_size=2, max_size=2, unique=True),
        st.lists(PRICE, min_size=3, max_size=3),
        st.integers(0, 20),
    ),
)


def _volume(bounds: list[int], prices: list[int]) -> PricePlan:
    tiers = [Tier(b, p) for b, p in zip(sorted(bounds), prices, strict=False)] + [Tier(None, prices[-1])]
    return PricePlan("volume", tiers=tuple(tiers), billable=("found",))


def _outcomes(prices: list[int]) -> PricePlan:
    named = tuple(OutcomePrice(name, price) for name, price in zip(("found", "not_found"), prices, strict=True))
    return PricePlan("by_outcome", prices=named, billable=("found", "not_found"))


PLANS |= st.one_of(
    st.builds(_volume, st.lists(st.integers(1, 60), min_size=2, max_size=2, unique=True),
              st.lists(PRICE, min_size=3, max_size=3)),
    st.builds(_outcomes, st.lists(PRICE, min_size=2, max_size=2)),
    st.builds(PricePlan, st.just("period"), price_fen=st.integers(0, 10**6), every=st.just("month")),
)  # fmt: skip
USES = st.lists(st.tuples(st.sampled_from(["found", "not_found", "error"]), st.integers(1, 40)), max_size=12)


def bill_in_runs(plan: PricePlan, runs: list[list[tuple[str, int]]]) -> tuple[int, Counter[str]]:
    """Rate after every run, as bills do; (billed in all, quantity on priced and unpriced lines)."""
    seen: Counter[str] = Counter()
    before, billed, counted = None, 0, Counter()
    for run in runs:
        for outcome, count in run:
            seen[outcome] += count
        for line in difference(plan, seen, before):
            billed += line.amount_fen
            if line.charge_reason not in {"one_off", "period", "minimum", "capped"}:
                counted[",".join(line.outcomes) if line.charge_reason == "not_billable" else "rest"] += line.quantity
        before = dict(seen)
    return billed, counted


@given(plan=PLANS, uses=USES, data=st.data())
def test_cuts_and_order_never_change_what_is_billed(plan, uses, data):
    """Given any plan and uses, when they arrive late and out of order over several runs, then the total is that
    of rating them once."""
    once, counted = bill_in_runs(plan, [uses])
    shuffled = data.draw(st.permutations(uses))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(uses)), max_size=4)))
    runs = [shuffled[a:b] for a, b in zip([0, *cuts], [*cuts, len(uses)], strict=True)]
    billed, counted_in_runs = bill_in_runs(plan, runs)
    assert billed == once == rated_total(plan, Counter() + sum((Counter({o: n}) for o, n in uses), Counter()))
    assert +counted_in_runs == +counted


@given(plan=PLANS, uses=USES)
def test_rating_again_without_new_use_bills_nothing(plan, uses):
    quantities = sum((Counter({o: n}) for o, n in uses), Counter())
    assert difference(plan, quantities, dict(quantities)) == []


def test_a_withdrawn_record_is_credited_line_by_line():
    """冲减: fewer uses than billed give negative lines at the same unit price."""
    plan = PricePlan("per_unit", unit_price_e8=35_000_000, billable=("found",))
    [line] = difference(plan, {"found": 7}, {"found": 10})
    assert (line.charge_reason, line.quantity, line.amount_fen, line.unit_price_e8) == ("unit", -3, -105, 35_000_000)


def test_half_a_fen_is_rounded_on_the_whole_not_on_the_parts():
    """Three uses of 0.005 元 in three runs: 1.5 分 is 2 分 once, never 1+1+1 分."""
    plan = PricePlan("per_unit", unit_price_e8=500_000, billable=("found",))
    billed, _ = bill_in_runs(plan, [[("found", 1)]] * 3)
    assert billed == 2


def test_months_are_clipped_to_the_agreement():
    found = list(service_periods(PricePlan("per_unit"), date(2026, 1, 20), date(2026, 3, 5), date(2026, 12, 31)))
    assert found == [
        Period(date(2026, 1, 20), date(2026, 1, 31)),
        Period(date(2026, 2, 1), date(2026, 2, 28)),
        Period(date(2026, 3, 1), date(2026, 3, 5)),
    ]


def test_a_month_that_has_not_begun_is_not_rated():
    assert len(list(service_periods(PricePlan("tiered"), date(2026, 1, 20), date(2026, 12, 31), date(2026, 2, 1)))) == 2
    assert list(service_periods(PricePlan("tiered"), date(2026, 1, 20), date(2026, 12, 31), date(2026, 1, 19))) == []


def test_a_price_for_the_whole_has_one_period():
    for kind in ("free", "one_off"):
        found = list(service_periods(PricePlan(kind), date(2026, 1, 20), date(2027, 1, 19), date(2026, 1, 20)))
        assert found == [Period(date(2026, 1, 20), date(2027, 1, 19))]


def test_a_subscription_has_periods_of_its_own():
    """Months from the first day on, its end of month kept where there is one."""
    plan = PricePlan("period", price_fen=100, every="month")
    found = list(service_periods(plan, date(2026, 1, 31), date(2026, 5, 10), date(2026, 4, 30)))
    assert [(p.first, p.last) for p in found] == [
        (date(2026, 1, 31), date(2026, 2, 27)),
        (date(2026, 2, 28), date(2026, 3, 30)),
        (date(2026, 3, 31), date(2026, 4, 29)),
        (date(2026, 4, 30), date(2026, 5, 10)),
    ]
    year = PricePlan("period", price_fen=100, every="year")
    assert [p.first for p in service_periods(year, date(2024, 2, 29), date(2026, 9, 1), date(2026, 9, 1))] == [
        date(2024, 2, 29), date(2025, 2, 28), date(2026, 2, 28)]  # fmt: skip
