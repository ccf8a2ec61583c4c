"""Rating against an independent oracle in fractions, and arbitrage in price lists."""

import itertools
from fractions import Fraction
from math import ceil, floor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shugang.policy.arbitrage import arbitrage_findings, ladder_findings
from shugang.policy.codec import TermsError, UnknownTerm
from shugang.policy.priceplan import REASONS, PricePlan, Tier, rate

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
        ({"version": 2}, "version"),
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
