"""The formulas: worked values, what always holds, and what is refused by which rule."""

from datetime import date
from decimal import Decimal as D
from fractions import Fraction as F

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shugang.assets.valuation.formulas import cost, income, market, quality, reconcile, simulate
from shugang.assets.valuation.formulas.inputs import BadInput, number, percent, to_fen, yuan
from shugang.policy.text import Text

BASE = date(2025, 12, 31)
WHAT = Text("数", "number")


def rule(act, *args, **options):
    with pytest.raises(BadInput) as refused:
        act(*args, **options)
    assert refused.value.text.zh and refused.value.text.en
    return refused.value.rule


# Income


@pytest.mark.parametrize(("timing", "fen"), [("end", 36048), ("mid", 38149)])
def test_a_hundred_a_year_for_five_years_at_twelve_percent(timing, fen):
    found = income.present_value([D(10000)] * 5, D("0.12"), timing)
    assert found.fen == fen
    assert [y.year for y in found.years] == [1, 2, 3, 4, 5]
    assert to_fen(found.years[0].present) == {"end": 8929, "mid": 9449}[timing]


def test_four_ways_of_a_flow():
    assert income.direct([100, 200]) == [100, 200]
    assert income.share([1000, 2000], [D("0.1"), D("0.25")]) == [100, 500]
    assert income.excess([1000, 900], [[300, 100], [950, 0]]) == [600, -50]
    assert income.increment([500, -20], [300, 10]) == [200, -30]


def test_the_discount_rate_is_built_up_and_the_shortest_life_counts():
    premiums = {"management": D("0.03"), "circulation": D("0.025"), "security": D("0.02"), "supervision": D("0.02")}
    assert income.discount_rate(D("0.025"), premiums) == D("0.120")
    assert income.remaining_life({"legal": 10, "contract": 5, "economic": 5, "refresh": 8}) == (5, "contract")


@pytest.mark.parametrize(("named", "act"), [
    ("negative_income", lambda: income.direct([1, -1])),
    ("share_out_of_range", lambda: income.share([1], [D("1.01")])),
    ("years_differ", lambda: income.share([1, 2], [D("0.1")])),
    ("charge_needed", lambda: income.excess([1], [[]])),
    ("charge_needed", lambda: income.excess([1], [[-1]])),
    ("negative_rate", lambda: income.discount_rate(D("-0.01"), {"management": D("0.2")})),
    ("rate_out_of_range", lambda: income.discount_rate(D("0.3"), {"management": D("0.3")})),
    ("rate_out_of_range", lambda: income.discount_rate(D(0), {})),
    ("no_life", lambda: income.remaining_life({})),
    ("life_out_of_range", lambda: income.remaining_life({"legal": 0})),
    ("life_out_of_range", lambda: income.remaining_life({"age": 3})),
    ("horizon", lambda: income.check_horizon([1, 2, 3], 2)),
    ("no_flows", lambda: income.present_value([], D("0.1"))),
    ("unknown_timing", lambda: income.present_value([D(1)], D("0.1"), "start")),
])  # fmt: skip
def test_income_refuses_by_a_rule(named, act):
    assert rule(act) == named


flows = st.lists(st.integers(0, 10**11), min_size=1, max_size=20)
rates = st.integers(1, 4999).map(lambda n: D(n) / 10000)


@settings(max_examples=40, deadline=None)
@given(flows, rates, rates)
def test_a_higher_rate_never_gives_a_higher_value(amounts, a, b):
    low, high = sorted((a, b))
    values = [income.present_value(income.direct(amounts), r).total for r in (low, high)]
    assert values[0] >= values[1]


@settings(max_examples=40, deadline=None)
@given(flows, rates, st.integers(1, 50))
def test_value_scales_with_the_flows_and_mid_year_is_a_half_year_more(amounts, rate, k):
    once = income.present_value([D(a) for a in amounts], rate).total
    many = income.present_value([D(a * k) for a in amounts], rate).total
    assert abs(many - once * k) < D("1e-10")
    mid = income.present_value([D(a) for a in amounts], rate, "mid").total
    assert abs(mid - once * (1 + rate) ** D("0.5")) < D("1e-10")
    assert 0 <= once <= sum(amounts)


# Cost


def test_cost_by_delta_and_by_utility():
    parts = {"preliminary": 1000000, "direct": 5000000, "indirect": 1500000, "opportunity": 300000, "tax": 200000}
    found = cost.by_delta(parts, {"quality": D("0.9"), "term": D("1.1"), "scenario": D("1.2")})
    assert (found.total, found.coefficient, found.fen) == (8000000, D("1.188"), 9504000)
    volumes = {"open": D(10), "public": D(20), "shared": D(50), "total": D(100)}
    beta = cost.circulation(volumes, {"open": D("0.5"), "public": D("0.8"), "shared": D(1)})
    assert beta == D("0.71")
    factors = {"alpha": D("0.9"), "beta": beta, "scarcity": D("0.3"), "risk": D("0.2")}
    assert cost.utility(*factors.values()) == D("0.66456")
    assert cost.by_utility(parts, D("0.1"), factors).fen == to_fen(8000000 * D("1.1") * D("0.66456")) == 5848128


@pytest.mark.parametrize(("named", "act"), [
    ("negative_cost", lambda: cost.total({"direct": -1})),
    ("no_cost", lambda: cost.total({"direct": 0})),
    ("absurd", lambda: cost.total({"direct": 10**14, "tax": 1})),
    ("factor_out_of_range", lambda: cost.by_delta({"direct": 1}, {"quality": D(0)})),
    ("factor_out_of_range", lambda: cost.by_delta({"direct": 1}, {"term": D("3.1")})),
    ("bad_volume", lambda: cost.circulation({"total": D(0)}, {})),
    ("volumes_exceed", lambda: cost.circulation({"open": D(2), "total": D(1)}, {})),
    ("factor_out_of_range", lambda: cost.utility(D("1.1"), D(1), D(0), D(0))),
    ("risk_total", lambda: cost.utility(D(1), D(1), D(0), D(1))),
    ("profit_out_of_range", lambda: cost.by_utility({"direct": 1}, D(-1), {})),
])  # fmt: skip
def test_cost_refuses_by_a_rule(named, act):
    assert rule(act) == named


unit = st.integers(0, 100).map(lambda n: D(n) / 100)


@settings(max_examples=40, deadline=None)
@given(unit, unit, unit, unit.filter(lambda r: r < 1))
def test_utility_stays_between_nothing_and_double(alpha, beta, scarcity, risk):
    assert 0 <= cost.utility(alpha, beta, scarcity, risk) <= 2


# Market


def comparable(name="甲", on=date(2025, 6, 1), price=100000, x=("1", "1", "1", "1", "1"), part="全部"):
    return market.Comparable(part, name, on, price, tuple(map(D, x)))


def three(**changes):
    return [
        comparable("甲"),
        comparable("乙", price=120000, x=("0.9", "1", "1.1", "1", "1")),
        comparable("丙", **changes),
    ]


def test_comparables_are_corrected_and_averaged_by_sub_dataset():
    found = market.value(three(price=80000, x=("1.2", "1", "1", "1.1", "1")), BASE)
    assert [(name, to_fen(v)) for name, v in found.parts] == [("全部", 108133)]  # (100000 + 118800 + 105600) / 3
    assert found.fen == 108133
    both = [*three(), *(comparable(n, part="乙部", price=30000) for n in "丁戊己")]
    assert market.value(both, BASE).fen == market.value(three(), BASE).fen + 30000
    assert market.spread(three()) == F(188, 1000)


@pytest.mark.parametrize(("named", "found"), [
    ("comparable_from_future", three(on=date(2026, 1, 1))),
    ("comparable_too_old", three(on=date(2022, 11, 30))),
    ("bad_price", three(price=0)),
    ("coefficient_out_of_range", three(x=("1", "1", "1", "1", "9"))),
    ("coefficients", three(x=("1", "1"))),
    ("twice", [*three(), comparable("甲")]),
    ("too_few_comparables", three()[:2]),
    ("too_few_comparables", [*three(), comparable("丁", part="另一部")]),
    ("too_few_comparables", []),
])  # fmt: skip
def test_market_refuses_by_a_rule(named, found):
    assert rule(market.value, found, BASE) == named


def test_a_deal_on_the_base_date_is_not_from_the_future():
    assert market.value(three(on=BASE), BASE).fen > 0


# Quality


SAATY = [[F(1), F(3), F(5)], [F(1, 3), F(1), F(3)], [F(1, 5), F(1, 3), F(1)]]


def test_the_worked_matrix():
    found = quality.hierarchy(SAATY)
    assert [round(w, 3) for w in found.weights] == [0.637, 0.258, 0.105]
    assert round(found.cr, 3) == 0.033
    assert quality.RANDOM_INDEX == (0, 0, 0.58, 0.90, 1.12, 1.24, 1.32, 1.41, 1.45, 1.49)


def test_contradicting_judgements_are_refused():
    circle = [[F(1), F(5), F(1, 5)], [F(1, 5), F(1), F(5)], [F(5), F(1, 5), F(1)]]
    assert rule(quality.hierarchy, circle) == "inconsistent"
    assert rule(quality.hierarchy, SAATY, 0.03) == "inconsistent"


@pytest.mark.parametrize(("named", "matrix"), [
    ("not_square", [[F(1), F(2)]]),
    ("not_square", [[F(1)]]),
    ("diagonal", [[F(2), F(1)], [F(1), F(1)]]),
    ("scale", [[F(1), F(10)], [F(1, 10), F(1)]]),
    ("not_reciprocal", [[F(1), F(3)], [F(1, 2), F(1)]]),
])  # fmt: skip
def test_a_matrix_that_is_none(named, matrix):
    assert rule(quality.hierarchy, matrix) == named


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(1, 3), min_size=2, max_size=10))
def test_a_consistent_matrix_gives_back_its_weights(parts):
    matrix = [[F(a, b) for b in parts] for a in parts]
    found = quality.hierarchy(matrix)
    assert found.cr < 1e-6
    assert all(abs(w - p / sum(parts)) < 1e-9 for w, p in zip(found.weights, parts, strict=True))


def test_scores_fuzzy_and_delphi():
    weights = (0.5, 0.3, 0.2)
    assert quality.weighted(weights, [F(1), F(9, 10), F(1, 2)]) == D("0.87")
    grades = (F(1), F(8, 10), F(6, 10))
    rows = [[F(1), F(0), F(0)], [F(1, 2), F(1, 2), F(0)], [F(0), F(0), F(1)]]
    assert quality.fuzzy(weights, rows, grades) == D("0.89")
    opinion = quality.delphi([[F(8, 10), F(1)]] * 4 + [[F(9, 10), F(1)]])
    assert opinion.means == (F(82, 100), F(1)) and opinion.variations[1] == 0
    assert rule(quality.weighted, weights, [F(1)]) == "scores_missing"
    assert rule(quality.weighted, weights, [F(2), F(1), F(1)]) == "score_out_of_range"
    assert rule(quality.fuzzy, weights, [[F(1, 2)] * 3] * 3, grades) == "memberships"
    assert rule(quality.delphi, [[F(1)]] * 4) == "too_few_experts"
    assert rule(quality.delphi, [[F(1, 10)], [F(1)], [F(1, 10)], [F(1)], [F(1, 10)]]) == "no_agreement"


# Reconciliation and uncertainty


def test_methods_are_reconciled_by_weights_with_reasons():
    values, reasons = {"income": D(1000), "cost": D(800)}, {"income": "收益可靠", "cost": "成本齐全"}
    found = reconcile.reconcile(values, {"income": D("0.7"), "cost": D("0.3")}, reasons)
    assert (found.fen, found.spread) == (940, D("0.25"))
    assert rule(reconcile.reconcile, values, {"income": D("0.7"), "cost": D("0.29")}, reasons) == "weights_sum"
    assert rule(reconcile.reconcile, values, {"income": D(1)}, reasons) == "weight_needed"
    assert (
        rule(reconcile.reconcile, values, {"income": D("0.7"), "cost": D("0.3")}, {"income": "收益可靠"})
        == "reason_needed"
    )
    assert rule(reconcile.reconcile, {}, {}, {}) == "no_method"
    assert rule(reconcile.reconcile, {"income": D(-1)}, {"income": D(1)}, reasons) == "not_positive"


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 10**12), st.integers(1, 10**12), st.integers(1, 99))
def test_the_conclusion_lies_between_the_methods(a, b, percent_):
    weights = {"income": D(percent_) / 100, "cost": D(100 - percent_) / 100}
    found = reconcile.reconcile({"income": D(a), "cost": D(b)}, weights, {"income": "因为如此", "cost": "因为如此"})
    assert min(a, b) <= found.fen <= max(a, b)


def value_of(at):
    return 100_000 * at["m"] / (1 + at["r"])


INPUTS = {"m": simulate.Distribution("triangular", 0.8, 1, 1.2), "r": simulate.Distribution("uniform", 0.1, 0.14)}


def test_a_simulation_is_the_same_for_its_seed_and_near_the_mean():
    first = simulate.monte_carlo(value_of, INPUTS, 5000, 7)
    assert first == simulate.monte_carlo(value_of, INPUTS, 5000, 7)
    assert first != simulate.monte_carlo(value_of, INPUTS, 5000, 8)
    assert sum(first.counts) == 5000 and len(first.edges) == len(first.counts) + 1
    assert abs(first.mean - 100_000 / 1.12) < 500
    assert [v for _, v in first.percentiles] == sorted(v for _, v in first.percentiles)
    assert first.edges[0] >= 100_000 * 0.8 / 1.14 and first.edges[-1] <= 100_000 * 1.2 / 1.1


def test_the_tornado_puts_the_widest_first_and_holds_others_at_base():
    swings = simulate.tornado(value_of, {"m": 1, "r": 0.12}, INPUTS)
    assert [s.name for s in swings] == ["m", "r"]
    assert swings[1].low == round(100_000 / 1.104) and swings[1].high == round(100_000 / 1.136)


@settings(max_examples=40, deadline=None)
@given(st.sampled_from([simulate.Distribution("triangular", 1, 2, 5), simulate.Distribution("normal", 3, 0.5),
                        simulate.Distribution("uniform", -1, 1)]), st.floats(0.01, 0.99), st.floats(0.01, 0.99))  # fmt: skip
def test_quantiles_rise_and_stay_within_the_support(d, p, q):
    low, high = sorted((p, q))
    assert d.support[0] <= d.quantile(low) <= d.quantile(high) <= d.support[1]


def test_quantiles_divide_the_draws():
    import random

    d, rng = simulate.Distribution("triangular", 1, 2, 5), random.Random(1)
    draws = [d.draw(rng) for _ in range(20_000)]
    for p in (0.1, 0.5, 0.9):
        assert abs(sum(x < d.quantile(p) for x in draws) / len(draws) - p) < 0.01


def test_simulation_refuses_by_a_rule():
    for bad in (
        ("triangular", 2, 1, 3),
        ("triangular", 1, 1, 1),
        ("normal", 1, 0),
        ("uniform", 2, 1),
        ("poisson", 1, 2),
    ):
        assert rule(simulate.Distribution, *bad) == "bad_distribution"
    assert rule(simulate.Distribution, "uniform", 0, float("inf")) == "bad_distribution"
    assert rule(simulate.monte_carlo, value_of, INPUTS, 10, 1) == "runs"
    wide = simulate.Distribution("normal", 0.12, 0.05)
    assert rule(simulate.check_support, WHAT, wide, 0.001, 0.5) == "distribution_reaches_absurd"


# Reading


def test_figures_are_read_exactly():
    assert yuan("1,234.5", WHAT) == 123450
    assert percent("12.5%", WHAT) == percent("12.5", WHAT) == D("0.125")
    assert to_fen(D("0.5")) == 1 and to_fen(D("-0.5")) == -1
    for bad in ("", "1e5", "NaN", "一百", "1.2.3", "--1", "0x10", "9" * 16):
        assert rule(number, bad, WHAT) == "not_a_number"
    assert rule(yuan, "1.005", WHAT) == "too_many_decimals"
    assert rule(yuan, "99999999999999", WHAT) == "absurd"
