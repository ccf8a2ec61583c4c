"""The editor says what the terms say: terms → form → terms is the identity, and so is a price plan."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.http import QueryDict
from hypothesis import assume, given
from hypothesis import strategies as st

from shugang.kernel.errors import Refusal
from shugang.market.products import editor, editor_values, plan_form
from shugang.policy.codec import TermsError
from shugang.policy.priceplan import OutcomePrice, PricePlan, Tier, check_plan
from shugang.policy.tests.strategies import COLUMNS, plain_terms, terms


def posted(values):
    """What a browser would send for these values."""
    post = QueryDict(mutable=True)
    for name, value in values.items():
        if isinstance(value, list | tuple):
            post.setlist(name, [str(v) for v in value])
        elif value is not None:
            post[name] = str(value)
    return post


@given(terms(marks=True))
def test_terms_survive_the_form(given_terms):
    # the form orders columns and masks as the table does, and holds a few lines only
    order = [c.name for c in COLUMNS]
    masks = sorted(given_terms.masks, key=lambda m: order.index(m.column))
    plain = replace(given_terms, fields=sorted(given_terms.fields, key=order.index), masks=masks)
    assume(plain.attribution == plain.attribution.strip() and plain.notes == plain.notes.strip())
    assume(len(plain.rows) <= editor.ROWS and all(_typeable(row) for row in plain.rows))
    read = editor.read_terms(posted(editor_values.from_terms(plain, COLUMNS)), COLUMNS, plain)
    assert read == plain


def _typeable(row):
    """Values that a person can type into one field: no commas inside a list, no blanks around."""
    values = row.value if isinstance(row.value, tuple) else (row.value,)
    texts = [v for v in values if isinstance(v, str)]
    clean = all(v == v.strip() and v and not set(v) & set(",，、\r\n") for v in texts)
    return clean and not (isinstance(row.value, tuple) and any(isinstance(v, bool) for v in row.value))


MONEY = st.integers(1, 10**9)
E8 = st.integers(1, 10**12)
OUTCOMES = st.lists(st.sampled_from(["found", "not_found"]), min_size=1, unique=True).map(tuple)
BOUNDS = {
    "included": st.integers(0, 1000),
    "minimum_fen": st.integers(0, 1000),
    "cap_fen": st.none() | st.integers(1000, 10**6),
}
PLANS = st.one_of(
    st.just(PricePlan("free")),
    st.builds(PricePlan, st.just("one_off"), price_fen=MONEY),
    st.builds(PricePlan, st.just("per_unit"), unit_price_e8=E8, unit_size=st.integers(1, 1000), billable=OUTCOMES, **BOUNDS),
    st.builds(PricePlan, st.just("package"), price_fen=MONEY, package_size=st.integers(1, 10**6), billable=OUTCOMES, **BOUNDS),
    st.builds(
        lambda a, b, c, billable: PricePlan("tiered", tiers=(Tier(a, b), Tier(None, c)), billable=billable),
        st.integers(1, 10**6), E8, E8, OUTCOMES,
    ),
    st.builds(
        lambda a, b, c, billable: PricePlan("volume", tiers=(Tier(a, b), Tier(None, c)), billable=billable),
        st.integers(1, 10**6), E8, E8, OUTCOMES,
    ),
    st.builds(PricePlan, st.just("per_unit"), unit=st.just("seconds"), unit_price_e8=E8, unit_size=st.just(60),
              billable=OUTCOMES, daily_cap_fen=MONEY),
    st.builds(
        lambda prices, cap: PricePlan(
            "by_outcome", prices=tuple(OutcomePrice(*p) for p in prices.items()), billable=tuple(prices), daily_cap_fen=cap),
        st.dictionaries(st.sampled_from(["found", "not_found"]), E8, min_size=1), st.none() | MONEY,
    ),
    st.builds(PricePlan, st.just("package"), price_fen=MONEY, package_size=st.integers(1, 10**6), billable=OUTCOMES,
              valid_days=st.integers(1, 3660)),
    st.builds(PricePlan, st.just("period"), price_fen=MONEY, every=st.sampled_from(["month", "quarter", "year"])),
    st.builds(PricePlan, st.just("revenue"), unit=st.just("revenue"), share_bp=st.integers(1, 10_000)),
)  # fmt: skip


@given(PLANS)
def test_plans_survive_the_form(plan):
    check_plan(plan)
    assert plan_form.read_plan(posted(plan_form.from_plan(plan))) == plan


@pytest.mark.parametrize(
    ("change", "field"),
    [({"t_until": ""}, "t_until"), ({"t_from": "2026-02-30"}, "t_from"), ({"q_limit_0": "many"}, "q_limit_0"),
     ({"m_0": "keep_ends", "ma_0": "3"}, "ma_0"), ({"r_col_0": "age", "r_op_0": "ge", "r_val_0": ""}, "r_val_0"),
     ({"t_purpose": ""}, "t_purpose"), ({"f_0": None, "f_1": None}, "f_0")],
)  # fmt: skip
def test_each_slip_is_named_at_its_field(change, field):
    values = {**editor_values.from_terms(plain_terms(), COLUMNS), **change}
    with pytest.raises(Refusal) as no:
        editor.read_terms(posted(values), COLUMNS)
    assert field in no.value.fields


@pytest.mark.parametrize("price", ["-1", "1.123456789", "abc", "", "1e5"])
def test_prices_are_exact_or_refused(price):
    with pytest.raises(Refusal) as no:
        plan_form.read_plan(posted({"p_kind": "per_unit", "p_price_unit": price, "p_billable": ["found"]}))
    assert "p_price_unit" in no.value.fields


def test_a_plan_that_contradicts_itself_is_refused_by_the_policy():
    post = posted({"p_kind": "tiered", "p_billable": ["found"], "p_tier_to_0": "10", "p_tier_price_0": "1"})
    with pytest.raises(Refusal) as no:
        plan_form.read_plan(post)
    assert no.value.code == "bad_terms" and isinstance(no.value.__cause__, TermsError)
