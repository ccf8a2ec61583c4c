"""Book cost: what is capitalised, what is expensed and why, and the note to the accounts."""

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shugang.assets.valuation.book_form import BOOK, compute
from shugang.assets.valuation.formulas import bookcost
from shugang.assets.valuation.paper import PaperErrors
from shugang.assets.valuation.testing import book
from shugang.kernel.forms import clean

TODAY = date(2026, 11, 26)


def sheet(**changes):
    return compute(clean(BOOK, book(**changes)), TODAY)


def wrong(**changes):
    with pytest.raises(PaperErrors) as refused:
        sheet(**changes)
    return set(refused.value.errors)


def test_each_spending_of_an_intangible_asset_has_its_treatment():
    found = sheet()
    assert [line["reason"] for line in found["lines"]] == [
        "before", "research", "conditions", "developed", "developed", "cost", "cost", "insurance", "admin", "ready"]  # fmt: skip
    assert found["capitalised_fen"] == 57_200_000 and found["expensed_fen"] == 26_480_000
    assert found["conditions_met_on"] == "2025-04-01"


def test_the_note_is_by_origin_and_amortises_from_the_month_it_is_ready():
    rows = {row["row"]: row for row in sheet()["note"]}
    assert rows["cost_closing"] == {"row": "cost_closing", "purchase": 31_200_000, "own": 26_000_000, "other": 0}
    assert rows["amortised_closing"]["own"] == 26_000_000 * 3 // 60  # October to December
    assert rows["carrying_closing"]["purchase"] == 31_200_000 - 31_200_000 * 3 // 60
    later = {row["row"]: row for row in sheet(year="2026")["note"]}
    assert later["cost_opening"] == {**rows["cost_closing"], "row": "cost_opening"}
    assert later["carrying_opening"]["own"] == rows["carrying_closing"]["own"]


def test_one_condition_missing_expenses_all_development():
    found = sheet(met_intent=None, met_intent_evidence=None)
    assert found["conditions_met_on"] is None
    assert {line["reason"] for line in found["lines"] if line["nature"] in {"development", "process"}} == {
        "before",
        "conditions",
        "ready",
    }


def test_before_it_is_ready_it_is_development_in_progress():
    rows = {row["row"]: row for row in sheet(ready_on=None, life_months=None)["note"]}
    assert rows["in_development"]["own"] == 26_900_000 and rows["cost_closing"]["own"] == 0


def test_inventory_needs_no_conditions_and_counts_what_went_out():
    found = sheet(
        category="inventory",
        ready_on=None,
        life_months=None,
        decrease_purchase="100000",
        **{f"met_{k}{end}": None for k in bookcost.CONDITIONS for end in ("", "_evidence")},
    )
    rows = {row["row"]: row for row in found["note"]}
    assert rows["closing"]["purchase"] == 31_280_000 - 10_000_000
    assert rows["increase"]["own"] == 38_900_000


@pytest.mark.parametrize(("field", "changes"), [
    ("met_intent_evidence", {"met_intent_evidence": None}),
    ("met_intent", {"met_intent": None}),
    ("life_months", {"life_months": None}),
    ("lines", {"lines": "2025-02-30,外购,购买价款,1,记-1,"}),
    ("lines", {"lines": "2027-01-01,外购,购买价款,1,记-1,"}),
    ("lines", {"lines": "2025-01-01,外购,购买价款,-1,记-1,"}),
    ("lines", {"lines": "2025-01-01,外购,购买价款,1,,"}),
    ("lines", {"lines": "2025-01-01,捡来,购买价款,1,记-1,"}),
    ("lines", {"lines": "2025-01-01,外购,购买价款,1,记-1,\n2025-01-01,外购,购买价款,1,记-1,"}),
    ("lines", {"lines": "2025-01-01,外购"}),
    ("decrease_purchase", {"decrease_purchase": "1"}),
    ("decrease_purchase", {"category": "inventory", "decrease_purchase": "99999999"}),
    ("lines", {"ready_on": "2027-01-01"}),
])  # fmt: skip
def test_bad_figures_are_refused_under_their_field(field, changes):
    assert field in wrong(**changes)


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 10**13), st.integers(1, 600), st.integers(0, 700))
def test_amortisation_never_exceeds_the_cost_and_ends_at_it(cost, life, months):
    ready = date(2025, 1, 1)
    through = date(2025 + months // 12, months % 12 + 1, 28)
    found = bookcost.amortised(cost, life, ready, through)
    assert 0 <= found <= cost
    assert (found == cost) or months + 1 < life


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.dates(date(2022, 1, 1), TODAY), st.sampled_from(sorted(bookcost.WAYS)),
                          st.sampled_from(sorted(bookcost.NATURES)), st.integers(1, 10**9)), max_size=20),
       st.sampled_from(sorted(bookcost.CATEGORIES)))  # fmt: skip
def test_every_fen_is_either_capitalised_or_expensed(rows, category):
    held = bookcost.Sheet(category, {k: date(2025, 1, 1) for k in bookcost.CONDITIONS}, None, None)
    treated = [bookcost.treat(bookcost.Spending(on, way, nature, n, "记"), held) for on, way, nature, n in rows]
    kept = sum(t.spending.amount for t in treated if t.capitalised)
    rows_ = dict(bookcost.disclosure(treated, held, 2026, {}))
    closing = rows_["closing" if category == "inventory" else "in_development"]
    assert sum(closing.values()) == kept
    assert not any(t.capitalised and t.spending.on < bookcost.IN_FORCE for t in treated)


def test_book_cost_reads_no_appraisal():
    """Value and cost are two records: the modules of one import nothing of the other's results."""
    import inspect

    from shugang.assets.valuation import book_form, book_services

    for module in (bookcost, book_form, book_services):
        assert "Appraisal" not in inspect.getsource(module) and "WorkingPaper" not in inspect.getsource(module)
