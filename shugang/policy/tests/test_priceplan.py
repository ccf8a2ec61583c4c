"""Rating against an independent oracle in fractions, and arbitrage in price lists."""

import itertools
from collections import Counter
from datetime import date, timedelta
from fractions import Fraction
from math import ceil, floor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shugang.policy.arbitrage import Offer, arbitrage_findings, full_price, ladder_findings, offer_findings
from shugang.policy.codec import TermsError, UnknownTerm
from shugang.policy.priceplan import REASONS, OutcomePrice, PricePlan, Tier, day_key, rate, total
from shugang.policy.priceplan.curve import curve, example
from shugang.policy.priceplan.rating import packages_opened

OUTCOMES = ("found", "not_found", "error", "partial")
PRICES = st.integers(0, 10**13)


@st.composite
def tiers(draw: st.DrawFn, bound: int = 10**9, price: int = 10**10) -> tuple[Tier, ...]:
    bounds = sorted(draw(st.sets(st.integers(1, bound), max_size=4)))
    return tuple(Tier(up_to, draw(st.integers(0, price))) for up_to in [*bounds, None])


@st.composite
def plans(draw: st.DrawFn) -> PricePlan:
    kind = draw(st.sampled_from(["free", "one_off", "per_unit", "package", "tiered"]))
    fen = st.integers(0, 10**9)
    if kind == "free":
        return PricePlan("free")
    if kind == "one_off":
        return PricePlan("one_off", price_fen=draw(fen))
    minimum = draw(st.just(0) | fen)
    common: dict = {
        "unit": draw(st.sampled_from(["calls", "rows", "bytes"])),
        "billable": draw(st.lists(st.sampled_from(OUTCOMES), min_size=1, unique=True)),
        "included": draw(st.just(0) | st.integers(0, 10**6)),
        "minimum_fen": minimum,
        "cap_fen": draw(st.none() | st.integers(minimum, 2 * 10**9)),
    }
    sizes = st.sampled_from([1, 1000, 10**9])
    if kind == "per_unit":
        return PricePlan(kind, unit_price_e8=draw(PRICES), unit_size=draw(sizes), **common)
    if kind == "package":
        return PricePlan(kind, price_fen=draw(fen), package_size=draw(st.integers(1, 10**6)), **common)
    return PricePlan(kind, tiers=draw(tiers()), unit_size=draw(sizes), **common)


def half_up(amount: Fraction) -> int:
    return floor(amount + Fraction(1, 2))


def oracle(plan: PricePlan, quantities: dict[str, int]) -> int:
    """The total, written down separately: brackets by counting from the top of each interval."""
    if plan.kind == "free":
        return 0
    if plan.kind == "one_off":
        return plan.price_fen
    units = max(0, sum(quantities.get(name, 0) for name in plan.billable) - plan.included)
    fen = Fraction(1, 10**6) / plan.unit_size
    if plan.kind == "per_unit":
        total = half_up(units * plan.unit_price_e8 * fen)
    elif plan.kind == "package":
        total = ceil(Fraction(units, plan.package_size)) * plan.price_fen
    else:
        bounds = [0, *(units if tier.up_to is None else min(units, tier.up_to) for tier in plan.tiers)]
        total = sum(
            half_up((high - low) * tier.unit_price_e8 * fen)
            for tier, (low, high) in zip(plan.tiers, itertools.pairwise(bounds), strict=True)
        )
    total = max(total, plan.minimum_fen)
    return total if plan.cap_fen is None else min(total, plan.cap_fen)


QUANTITIES = st.dictionaries(st.sampled_from([*OUTCOMES, "refused"]), st.integers(0, 10**12))


@settings(max_examples=500)
@given(plans(), QUANTITIES)
def test_rating_agrees_with_the_oracle_and_accounts_for_every_unit(plan: PricePlan, quantities: dict) -> None:
    lines = rate(plan, quantities)
    assert sum(line.amount_fen for line in lines) == oracle(plan, quantities)
    counted = sum(line.quantity for line in lines if line.charge_reason not in ("one_off", "minimum", "capped"))
    assert counted == sum(quantities.values())
    assert all(line.charge_reason in REASONS for line in lines)
    assert all(line.amount_fen == 0 for line in lines if line.charge_reason in ("not_billable", "included", "free"))


@given(plans())
def test_plans_survive_json(plan: PricePlan) -> None:
    assert PricePlan.from_json(plan.to_json()) == plan


@given(plans(), QUANTITIES, st.sampled_from(OUTCOMES), st.integers(0, 10**6))
def test_more_use_never_costs_less(plan: PricePlan, quantities: dict, outcome: str, more: int) -> None:
    larger = {**quantities, outcome: quantities.get(outcome, 0) + more}
    assert oracle(plan, larger) >= oracle(plan, quantities)
    assert sum(line.amount_fen for line in rate(plan, larger)) >= sum(
        line.amount_fen for line in rate(plan, quantities)
    )


def test_only_found_is_charged() -> None:
    # given 0.0150 yuan a lookup, charged when found
    plan = PricePlan("per_unit", unit_price_e8=1_500_000, billable=("found",))
    lines = rate(plan, {"found": 333, "not_found": 1000, "error": 2})
    assert [(line.charge_reason, line.outcomes, line.quantity, line.amount_fen) for line in lines] == [
        ("unit", ("found",), 333, 500),
        ("not_billable", ("error",), 2, 0),
        ("not_billable", ("not_found",), 1000, 0),
    ]


def test_rounding_happens_once_over_all_billable_outcomes() -> None:
    plan = PricePlan("per_unit", unit_price_e8=400_000, billable=("found", "partial"))
    assert [line.amount_fen for line in rate(plan, {"found": 1, "partial": 1})] == [1]


def test_minimum_and_cap_have_lines_of_their_own() -> None:
    plan = PricePlan("per_unit", unit_price_e8=10**8, billable=("found",), minimum_fen=500, cap_fen=1000)

    def short(quantity: int) -> list:
        return [(line.charge_reason, line.amount_fen) for line in rate(plan, {"found": quantity})]

    assert short(0) == [("minimum", 500)]
    assert short(3) == [("unit", 300), ("minimum", 200)]
    assert short(7) == [("unit", 700)]
    assert short(12) == [("unit", 1200), ("capped", -200)]


def test_graduated_tiers_vector() -> None:
    plan = PricePlan("tiered", tiers=(Tier(100, 10**8), Tier(200, 5 * 10**7), Tier(None, 10**7)), billable=("found",))
    lines = rate(plan, {"found": 250})
    assert [(line.tier, line.quantity, line.amount_fen) for line in lines] == [
        (1, 100, 10_000),
        (2, 100, 5000),
        (3, 50, 500),
    ]


@pytest.mark.parametrize(
    ("plan", "code"),
    [
        (PricePlan("per_unit", unit_price_e8=1), "no_billable"),
        (PricePlan("per_unit", unit_price_e8=1, billable=("a", "a")), "repeated"),
        (PricePlan("per_unit", billable=("a",), price_fen=5), "unused_term"),
        (PricePlan("free", unit_price_e8=5), "unused_term"),
        (PricePlan("one_off", price_fen=1, cap_fen=5), "unused_term"),
        (PricePlan("package", price_fen=5, billable=("a",)), "out_of_range"),
        (PricePlan("per_unit", billable=("a",), minimum_fen=5, cap_fen=4), "contradiction"),
        (PricePlan("tiered", billable=("a",)), "bad_tiers"),
        (PricePlan("tiered", billable=("a",), tiers=(Tier(5, 1),)), "bad_tiers"),
        (PricePlan("tiered", billable=("a",), tiers=(Tier(5, 1), Tier(5, 1), Tier(None, 1))), "bad_tiers"),
        (PricePlan("tiered", billable=("a",), tiers=(Tier(None, 1), Tier(None, 1))), "bad_tiers"),
    ],
)
def test_plans_that_contradict_themselves_are_refused(plan: PricePlan, code: str) -> None:
    for act in (lambda: rate(plan, {"a": 1}), lambda: PricePlan.from_json(plan.to_json())):
        with pytest.raises(TermsError) as refused:
            act()
        assert refused.value.code == code


def test_unknown_terms_of_a_plan_are_refused_by_name() -> None:
    document = PricePlan("free").to_json()
    for change, name in (
        ({"discount": 1}, "discount"),
        ({"kind": "auction"}, "auction"),
        ({"version": 3}, "version"),
    ):
        with pytest.raises(UnknownTerm, match=name):
            PricePlan.from_json({**document, **change})


def test_negative_quantities_are_refused() -> None:
    with pytest.raises(ValueError, match="negative"):
        rate(PricePlan("free"), {"found": -1})


def tiered(*steps: tuple[int | None, int]) -> PricePlan:
    return PricePlan("tiered", tiers=tuple(Tier(*step) for step in steps), billable=("found",))


def bare_price(plan: PricePlan, units: int) -> Fraction:
    bounds = [0, *(units if tier.up_to is None else min(units, tier.up_to) for tier in plan.tiers)]
    steps = itertools.pairwise(bounds)
    return sum(
        (Fraction((b - a) * t.unit_price_e8) for t, (a, b) in zip(plan.tiers, steps, strict=True)),
        Fraction(0),
    )


@settings(max_examples=300, deadline=None)
@given(tiers(bound=12, price=4))
def test_a_split_is_found_exactly_when_one_exists(steps: tuple[Tier, ...]) -> None:
    # given a small graduated plan, tried out completely
    plan = PricePlan("tiered", tiers=steps, billable=("found",))
    prices = [bare_price(plan, units) for units in range(60)]
    splits = any(prices[x + y] > prices[x] + prices[y] for x in range(1, 30) for y in range(1, 30))
    findings = arbitrage_findings(plan)
    assert bool(findings) == splits
    for finding in findings:
        assert bare_price(plan, finding.whole) > sum(bare_price(plan, part) for part in finding.parts)
        assert sum(finding.parts) == finding.whole


def test_falling_brackets_are_sound_and_rising_ones_are_not() -> None:
    assert arbitrage_findings(tiered((100, 10), (200, 8), (None, 5))) == []
    assert [f.code for f in arbitrage_findings(tiered((100, 10), (None, 20)))] == ["split_is_cheaper"]
    assert arbitrage_findings(PricePlan("per_unit", unit_price_e8=5, billable=("found",))) == []
    assert arbitrage_findings(PricePlan("free")) == []


def test_included_units_can_be_had_once_per_account() -> None:
    plan = PricePlan("per_unit", unit_price_e8=10**8, billable=("found",), included=100)
    assert [f.code for f in arbitrage_findings(plan)] == ["included_repeats"]


@pytest.mark.parametrize(
    ("rungs", "codes"),
    [
        ([(100, 1000), (1000, 9000), (10_000, 80_000)], []),
        ([(100, 1000), (1000, 900)], ["more_is_cheaper"]),
        ([(100, 1000), (1000, 10_001)], ["split_is_cheaper"]),
        ([(100, 1000), (1000, 10_000)], []),
        ([(3, 30), (5, 40), (8, 75)], ["split_is_cheaper"]),  # 3 and 5 together hold 8 for 70
    ],
)
def test_ladders(rungs: list, codes: list) -> None:
    assert [finding.code for finding in ladder_findings(rungs)] == codes


# --- the later kinds ---

DAY = date(2026, 11, 1)
FOUND = ("found",)
EVENTS = st.lists(
    st.tuples(st.sampled_from(OUTCOMES), st.integers(0, 40), st.integers(1, 50)), max_size=15
)  # (outcome, day, units)


@st.composite
def later_plans(draw: st.DrawFn) -> PricePlan:
    kind = draw(st.sampled_from(["per_unit", "by_outcome", "package", "volume", "period", "revenue"]))
    price, cap = st.integers(0, 3 * 10**8), draw(st.none() | st.integers(1, 3000))
    minimum = draw(st.just(0) | st.integers(0, 2000))
    bounds: dict = {"minimum_fen": minimum, "cap_fen": draw(st.none() | st.integers(minimum, 9000))}
    if kind == "per_unit":
        return PricePlan(kind, unit_price_e8=draw(price), unit_size=draw(st.sampled_from([1, 60])), billable=FOUND,
                         included=draw(st.integers(0, 30)), daily_cap_fen=cap, **bounds)  # fmt: skip
    if kind == "by_outcome":
        names = draw(st.lists(st.sampled_from(OUTCOMES), min_size=1, unique=True))
        prices = tuple(OutcomePrice(name, draw(price)) for name in names)
        return PricePlan(kind, prices=prices, billable=tuple(names), daily_cap_fen=cap, **bounds)
    if kind == "package":
        days = draw(st.none() | st.integers(1, 20))
        return PricePlan(kind, price_fen=draw(st.integers(0, 10**4)), package_size=draw(st.integers(1, 60)),
                         billable=FOUND, valid_days=days, **({} if days else bounds))  # fmt: skip
    if kind == "volume":
        return PricePlan(kind, tiers=draw(tiers(bound=60, price=3 * 10**8)), billable=FOUND, **bounds)
    if kind == "period":
        return PricePlan(kind, price_fen=draw(st.integers(0, 10**6)), every=draw(st.sampled_from(["month", "year"])))
    return PricePlan(kind, unit="revenue", share_bp=draw(st.integers(1, 10_000)), **bounds)


def tally(events: list, plan: PricePlan) -> Counter:
    found: Counter = Counter()
    for outcome, day, units in events:
        name = "revenue" if plan.kind == "revenue" else outcome
        found[day_key(name, DAY + timedelta(days=day)) if plan.by_day else name] += units
    return found


@settings(max_examples=300, deadline=None)
@given(plan=later_plans(), events=EVENTS, data=st.data())
def test_no_grouping_of_events_changes_the_bill(plan: PricePlan, events: list, data: st.DataObject) -> None:
    """Given any events, when they are cut and counted in any order, then the bill is the same, within its bounds."""
    once = total(plan, tally(events, plan))
    parts = []
    for outcome, day, units in events:
        cut = data.draw(st.integers(0, units))
        parts += [(outcome, day, cut), (outcome, day, units - cut)]
    parts = data.draw(st.permutations([p for p in parts if p[2]]))
    assert total(plan, tally(parts, plan)) == once
    assert plan.minimum_fen <= once
    assert plan.cap_fen is None or once <= plan.cap_fen


@settings(max_examples=300, deadline=None)
@given(plan=later_plans(), events=EVENTS)
def test_later_plans_account_for_every_unit_and_survive_json(plan: PricePlan, events: list) -> None:
    quantities = tally(events, plan)
    lines = rate(plan, quantities)
    flat = ("period", "minimum", "capped", "day_capped")
    counted = sum(line.quantity for line in lines if line.charge_reason not in flat)
    assert counted == sum(quantities.values())
    assert PricePlan.from_json(plan.to_json()) == plan


@settings(max_examples=300, deadline=None)
@given(
    price=st.integers(1, 5 * 10**8), cap=st.integers(1, 3000), included=st.integers(0, 40), events=EVENTS,
)  # fmt: skip
def test_a_day_never_costs_more_than_its_cap(price: int, cap: int, included: int, events: list) -> None:
    """Against days priced apart in fractions: each local day at most the cap, rounded once."""
    plan = PricePlan("per_unit", unit_price_e8=price, billable=FOUND, included=included, daily_cap_fen=cap)
    by_day: Counter = Counter()
    for outcome, day, units in events:
        by_day[day] += units if outcome == "found" else 0
    left, exact, uncapped = included, Fraction(0), Fraction(0)
    for day in sorted(by_day):
        free = min(left, by_day[day])
        left -= free
        charge = Fraction((by_day[day] - free) * price, 10**6)
        exact, uncapped = exact + min(charge, Fraction(cap)), uncapped + charge
    used = sum(1 for units in by_day.values() if units)
    assert total(plan, tally(events, plan)) == min(half_up(exact), half_up(uncapped)) <= used * cap


def packages_by_unit(plan: PricePlan, by_day: dict[int, int]) -> int:
    """One unit at a time: written down separately."""
    opened, left, opened_on = 0, 0, -(10**6)
    for day in sorted(by_day):
        for _ in range(by_day[day]):
            if left == 0 or day - opened_on >= plan.valid_days:
                opened, left, opened_on = opened + 1, plan.package_size, day
            left -= 1
    return opened


@settings(max_examples=300, deadline=None)
@given(
    size=st.integers(1, 30), valid=st.integers(1, 15), by_day=st.dictionaries(st.integers(0, 40), st.integers(0, 70))
)
def test_packages_lapse_with_their_last_day(size: int, valid: int, by_day: dict) -> None:
    plan = PricePlan("package", price_fen=100, package_size=size, valid_days=valid, billable=FOUND)
    quantities = {day_key("found", DAY + timedelta(days=d)): n for d, n in by_day.items()}
    assert packages_opened(plan, quantities) == packages_by_unit(plan, by_day)


def test_what_is_left_of_a_package_lapses() -> None:
    # given 100 calls for 30 days at 50 yuan: 40 calls on 1 November, 40 on 30 November, 10 on 1 December
    plan = PricePlan("package", price_fen=5000, package_size=100, valid_days=30, billable=FOUND)
    november = {day_key("found", "2026-11-01"): 40, day_key("found", "2026-11-30"): 40}
    assert total(plan, november) == 5000
    assert total(plan, {**november, day_key("found", "2026-12-01"): 10}) == 10_000


def test_each_outcome_at_its_own_price() -> None:
    prices = (OutcomePrice("found", 35_000_000), OutcomePrice("not_found", 5_000_000))
    plan = PricePlan("by_outcome", prices=prices, billable=("found", "not_found"))
    lines = rate(plan, {"not_found": 30, "found": 10, "error": 1})
    assert [(line.charge_reason, line.outcomes, line.amount_fen) for line in lines] == [
        ("outcome", ("found",), 350),
        ("outcome", ("not_found",), 150),
        ("not_billable", ("error",), 0),
    ]


def test_volume_prices_all_units_at_the_bracket_reached() -> None:
    plan = PricePlan("volume", tiers=(Tier(100, 10**8), Tier(None, 8 * 10**7)), billable=FOUND)
    assert [total(plan, {"found": n}) for n in (100, 101, 200)] == [10_000, 8080, 16_000]


def test_subscriptions_and_revenue_shares() -> None:
    period = PricePlan("period", price_fen=99_000, every="quarter")
    assert [(x.charge_reason, x.quantity, x.amount_fen) for x in rate(period, {"found": 7})] == [
        ("period", 1, 99_000),
        ("in_period", 7, 0),
    ]
    share = PricePlan("revenue", unit="revenue", share_bp=750, minimum_fen=100)
    assert [(x.charge_reason, x.amount_fen) for x in rate(share, {"revenue": 123_456, "found": 2})] == [
        ("share", 9259),
        ("in_share", 0),
    ]
    assert total(share, {}) == 100


@pytest.mark.parametrize(
    ("plan", "code"),
    [
        (PricePlan("volume", billable=FOUND), "bad_tiers"),
        (PricePlan("period", price_fen=1), "missing_term"),
        (PricePlan("period", price_fen=1, every="month", billable=FOUND), "unused_term"),
        (PricePlan("revenue", unit="revenue"), "out_of_range"),
        (PricePlan("revenue", share_bp=10), "contradiction"),
        (PricePlan("per_unit", unit="revenue", billable=FOUND), "contradiction"),
        (PricePlan("by_outcome", billable=FOUND), "contradiction"),
        (PricePlan("package", package_size=5, billable=FOUND, valid_days=9, minimum_fen=1), "contradiction"),
        (PricePlan("tiered", tiers=(Tier(None, 1),), billable=FOUND, daily_cap_fen=1), "unused_term"),
    ],
)
def test_later_plans_that_contradict_themselves_are_refused(plan: PricePlan, code: str) -> None:
    with pytest.raises(TermsError) as refused:
        PricePlan.from_json(plan.to_json())
    assert refused.value.code == code


def test_what_was_signed_under_the_first_schema_keeps_its_words() -> None:
    """A plan that the first version can say is still written in it, so its digest does not change."""
    plan = PricePlan("per_unit", unit_price_e8=5, billable=FOUND)
    assert plan.to_json()["version"] == 1 and "prices" not in plan.to_json()
    assert PricePlan("per_unit", unit_price_e8=5, billable=FOUND, daily_cap_fen=1).to_json()["version"] == 2
    with pytest.raises(UnknownTerm):
        PricePlan.from_json({**plan.to_json(), "kind": "volume"})


def test_a_price_by_days_wants_days() -> None:
    plan = PricePlan("per_unit", unit_price_e8=5, billable=FOUND, daily_cap_fen=1)
    with pytest.raises(ValueError, match="isoformat"):
        rate(plan, {"found": 1})


@settings(max_examples=100, deadline=None)
@given(later_plans() | plans())
def test_the_plot_shows_what_rating_charges(plan: PricePlan) -> None:
    points = curve(plan)
    assert all(p.amount_fen >= 0 for p in points) and [p.units for p in points] == sorted({p.units for p in points})
    units, lines = example(plan)
    assert units >= 0 and all(line.charge_reason in REASONS for line in lines)


@settings(max_examples=300, deadline=None)
@given(tiers(bound=12, price=4))
def test_cliffs_and_splits_of_volume_prices_are_found_exactly_when_they_exist(steps: tuple[Tier, ...]) -> None:
    plan = PricePlan("volume", tiers=steps, billable=FOUND)
    price = full_price(plan)
    prices = [price(units) for units in range(80)]
    codes = {f.code for f in arbitrage_findings(plan)}
    assert ("more_is_cheaper" in codes) == any(a > b for a, b in itertools.pairwise(prices))
    splits = any(prices[x + y] > prices[x] + prices[y] for x in range(1, 40) for y in range(1, 40))
    assert ("split_is_cheaper" in codes) == splits


def test_a_finding_names_the_cheapest_way_round_with_its_numbers() -> None:
    # given all units at 1.00 up to 1,000 and at 0.80 beyond
    plan = PricePlan("volume", tiers=(Tier(1000, 10**8), Tier(None, 8 * 10**7)), billable=FOUND)
    [found] = arbitrage_findings(plan)
    assert found[2:] == (1000, (1001,), 100_000, 80_080)
    assert "¥800.80" in found.text.zh and "¥1,000.00" in found.text.en


def test_a_package_dearer_than_single_calls_is_found() -> None:
    single = Offer("按次", PricePlan("per_unit", unit_price_e8=35_000_000, billable=FOUND))
    dear = Offer("千次包", PricePlan("package", price_fen=40_000, package_size=1000, billable=FOUND))
    fair = Offer("千次包", PricePlan("package", price_fen=30_000, package_size=1000, billable=FOUND))
    [found] = offer_findings([single, dear])
    assert found[2:] == (1000, (1000,), 40_000, 35_000)
    assert offer_findings([single, fair]) == []
    other_unit = Offer("按行", PricePlan("per_unit", unit="rows", unit_price_e8=1, billable=FOUND))
    assert offer_findings([other_unit, dear]) == []
