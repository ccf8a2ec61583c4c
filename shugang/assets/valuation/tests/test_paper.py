"""A working paper from answers to values, and what it refuses under which field."""

from datetime import date

import pytest

from shugang.assets.valuation.form import PAPER
from shugang.assets.valuation.paper import PaperErrors, compute
from shugang.assets.valuation.testing import answers
from shugang.kernel.forms import clean

BASE = date(2026, 6, 30)


@pytest.fixture(scope="module")
def rules():
    import json
    from pathlib import Path

    import shugang.assets as wing

    return json.loads((Path(wing.__file__).parent / "profiles" / "valuation-1.json").read_text("utf-8"))["data"]


def value(rules, **changes):
    return compute(clean(PAPER, answers(BASE, **changes)), BASE, rules)


def wrong(rules, **changes):
    with pytest.raises(PaperErrors) as refused:
        value(rules, **changes)
    assert all(t.zh and t.en for t in refused.value.errors.values())
    return set(refused.value.errors)


ONLY_INCOME = {"cost_use": None, "market_use": None, "weight_cost": None, "weight_market": None, "weight_income": "100",
               "distributions": None}  # fmt: skip


def test_the_worked_value_comes_out_of_a_paper(rules):
    found = value(rules, **ONLY_INCOME, income_way="direct", income_flows="100\n" * 5, income_timing="end")
    assert found["conclusion"]["value_fen"] == found["methods"]["income"]["value_fen"] == 36048
    assert found["methods"]["income"]["rate"] == "0.12" and found["methods"]["income"]["binding"] == "contract"
    mid = value(rules, **ONLY_INCOME, income_way="direct", income_flows="100\n" * 5, income_timing="mid")
    assert mid["conclusion"]["value_fen"] == 38149


def test_three_methods_are_reconciled_and_shaken(rules):
    found = value(rules)
    methods, said = found["methods"], found["conclusion"]
    expected = sum(methods[n]["value_fen"] * w for n, w in (("income", 50), ("cost", 20), ("market", 30))) / 100
    assert abs(said["value_fen"] - expected) <= 1
    assert 0.92 < float(found["quality"]["factor"]) < 0.95 and float(found["quality"]["cr"]) < 0.1
    shaken = found["uncertainty"]
    assert sum(shaken["counts"]) == 2000 and {s["input"] for s in shaken["tornado"]} == {
        "rate",
        "flows",
        "cost",
        "price",
    }
    assert shaken["percentiles"]["5"] < said["value_fen"] < shaken["percentiles"]["95"]
    assert value(rules) == found


def test_the_tornado_agrees_with_the_paper_itself(rules):
    """The bar of the discount rate is the paper's own value at that rate."""
    found = value(rules, **{**ONLY_INCOME, "distributions": "rate uniform 10 14"})
    bar = found["uncertainty"]["tornado"][0]
    low = value(rules, **ONLY_INCOME, rate_free="0.9")  # 10.4 %: its 10 % quantile
    assert bar["low_input"] == "0.104" and abs(bar["low_fen"] - low["conclusion"]["value_fen"]) <= 1


def test_every_way_of_income_is_read(rules):
    way = {"excess": "600000,300000,100000\n" * 5, "increment": "600000,400000\n" * 5, "share": "1000000,20%\n" * 5,
           "direct": "200000\n" * 5}  # fmt: skip
    found = {
        k: value(rules, **ONLY_INCOME, income_way=k, income_flows=v)["conclusion"]["value_fen"] for k, v in way.items()
    }
    assert len(set(found.values())) == 1


def test_the_older_cost_formula(rules):
    found = value(rules, cost_way="u", u_profit="10", u_circulation="10,20,50,100\n0.5,0.8,1", u_own="30", u_industry="100",
                  u_risk="5,5,5,5", quality_way="direct", quality_factor="0.9", distributions="cost uniform 0.9 1.1")  # fmt: skip
    cost = found["methods"]["cost"]
    assert (
        cost["factors"]["beta"] == "0.71" and cost["factors"]["scarcity"] == "0.3" and cost["factors"]["risk"] == "0.2"
    )
    assert cost["value_fen"] == round(37200000 * 1.1 * 0.66456)


def test_the_other_ways_to_the_quality_factor(rules):
    fuzzy = value(rules, quality_way="fuzzy", quality_scores="1,0,0,0,0\n" * 6)
    assert fuzzy["quality"]["factor"] == "1"
    delphi = value(rules, quality_way="delphi", quality_scores="0.9,0.9,0.9,0.9,0.9,0.9\n" * 5)
    assert delphi["quality"]["factor"] == "0.9"


@pytest.mark.parametrize(("field", "changes"), [
    ("quality_matrix", {"quality_matrix": "1,2\n1/2,1"}),
    ("quality_matrix", {"quality_matrix": "1,9,1/9,9,1/9,9\n1/9,1,9,1/9,9,1/9\n9,1/9,1,9,1/9,9\n1/9,9,1/9,1,9,1/9\n9,1/9,9,1/9,1,9\n1/9,9,1/9,9,1/9,1"}),
    ("quality_scores", {"quality_scores": "0.9,x,1,1,1,1"}),
    ("quality_factor", {"quality_way": "direct", "quality_factor": "1.2"}),
    ("quality_evaluator", {"quality_evaluator": None}),
    ("income_flows", {"income_flows": "600000,20\n" * 3}),
    ("income_flows", {"income_flows": "600,000,20\n" * 5}),
    ("income_flows", {"income_flows": "-1,20\n" * 5}),
    ("income_way", {"income_way": None}),
    ("life_legal", {"life_legal": None, "life_contract": None, "life_economic": None}),
    ("rate_free", {"rate_free": "-1"}),
    ("rate_free", {"rate_free": "60"}),
    ("rate_security", {"rate_security": None}),
    ("delta_term", {"delta_term": "9"}),
    ("cost_direct", {f"cost_{k}": None for k in ("preliminary", "direct", "indirect", "opportunity", "tax")}),
    ("market_comparables", {"market_comparables": "全部,甲,2026-07-01,1000,1,1,1,1,1\n全部,乙,2026-05-01,1000,1,1,1,1,1\n全部,丙,2026-04-01,1000,1,1,1,1,1"}),
    ("market_comparables", {"market_comparables": "全部,甲,2026-02-30,1000,1,1,1,1,1"}),
    ("market_comparables", {"market_comparables": "全部,甲,2026-02-20,1000,1,1,1,1,1"}),
    ("weight_income", {"weight_income": "51"}),
    ("weight_income", {"weight_cost": None}),
    ("weight_income", {"weight_market_reason": None}),
    ("weight_income", {"income_use": None, "cost_use": None, "market_use": None}),
    ("distributions", {"distributions": "rate triangular 15 12 10"}),
    ("distributions", {"distributions": "rate normal 12 10"}),
    ("distributions", {"distributions": "weather uniform 0 1"}),
    ("distributions", {"distributions": "rate uniform 10"}),
])  # fmt: skip
def test_a_figure_that_cannot_be_is_refused_under_its_field(rules, field, changes):
    assert field in wrong(rules, **changes)


def test_everything_wrong_is_said_at_once(rules):
    found = wrong(rules, quality_evaluator=None, rate_free="x", delta_term="9", market_comparables="a")
    assert {"quality_evaluator", "rate_free", "market_comparables"} <= found


def test_a_market_price_beyond_reason_is_no_error_of_the_program(rules):
    huge = "\n".join(f"全部,{n},2026-05-01,999999999999,3,3,3,3,3" for n in "甲乙丙")
    assert wrong(rules, market_comparables=huge) & {"market_use", "market_comparables"}
