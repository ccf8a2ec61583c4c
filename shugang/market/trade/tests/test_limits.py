"""A quotation may narrow an offer and never widen it; what is called narrower is narrower for every row."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shugang.market.trade.limits import as_strict, exceeds, implies
from shugang.policy.masks import apply_mask
from shugang.policy.terms import Mark, MarkedColumn, Mask, OutputRule, Quota, Rate, RowFilter, Terms

START = datetime(2026, 9, 1, tzinfo=UTC)
OFFER = Terms(
    actions=("read", "download"), purpose="research", fields=("station", "at", "pm25"), valid_from=START,
    valid_until=START + timedelta(days=365), rows=(RowFilter("pm25", "ge", 10), RowFilter("station", "in", ("A", "B", "C"))),
    masks=(Mask("station", "keep_ends", {"prefix": 2, "suffix": 1}),), quotas=(Quota("rows", 1000, "day", "charged"),),
    rate=Rate(10, 20), networks=("192.0.2.0/24", "2001:db8::/32"), environment="isolated", output=OutputRule(5),
    mark=Mark(("at",), (MarkedColumn("pm25"),)), keep_log=True, notify=("incident",), delete_after_days=30, attribution="示例", notes="不得用于画像",
)  # fmt: skip


def test_an_offer_accepted_as_it_is_stays_within():
    assert exceeds(OFFER, OFFER) == []


@pytest.mark.parametrize(
    "narrower",
    [
        {"fields": ("at",), "masks": ()},
        {"actions": ("read",)},
        {"rows": (RowFilter("pm25", "gt", 12), RowFilter("station", "eq", "A"))},
        {"rows": (RowFilter("pm25", "in", (10, 99)), RowFilter("station", "in", ("B", "A")))},
        {"rows": (*OFFER.rows, RowFilter("at", "not_null"))},
        {"masks": (Mask("station", "redact"),)},
        {"quotas": (Quota("rows", 900, "month", "all"),)},
        {"rate": Rate(5, 5)},
        {"networks": ("192.0.2.0/25",)},
        {"output": OutputRule(50)},
        {"notify": ("first_use", "incident")},
        {"delete_after_days": 0},
        {"valid_until": START + timedelta(days=1)},
        {"notes": "不得用于画像。另附保密约定。"},
    ],
)
def test_what_is_narrower_is_let_through(narrower):
    assert exceeds(OFFER, replace(OFFER, **narrower)) == []


@pytest.mark.parametrize(
    "wider",
    [
        {"fields": (*OFFER.fields, "name")},
        {"actions": ("read", "download", "train")},
        {"purpose": "risk_control"},
        {"redistribute": True, "actions": ("read", "download", "redistribute")},
        {"rows": OFFER.rows[:1]},
        {"rows": (RowFilter("pm25", "ge", 9), OFFER.rows[1])},
        {"rows": (RowFilter("pm25", "ne", 10), OFFER.rows[1])},
        {"rows": (OFFER.rows[0], RowFilter("station", "in", ("A", "D")))},
        {"masks": ()},
        {"masks": (Mask("station", "keep_ends", {"prefix": 3, "suffix": 0}),)},
        {"masks": (Mask("station", "keep_ends", {"prefix": 1, "suffix": 0}),)},
        {"masks": (Mask("station", "sha256_token", {"key_id": "k"}),)},
        {"quotas": ()},
        {"quotas": (Quota("rows", 1001, "day", "charged"),)},
        {"quotas": (Quota("rows", 1000, "day", "uncharged"),)},
        {"quotas": (Quota("bytes", 10, "day", "charged"),)},
        {"rate": None},
        {"networks": ()},
        {"networks": ("192.0.2.0/24", "192.0.3.0/24")},
        {"networks": ("192.0.2.0/23",)},
        {"networks": ("::/0",)},
        {"environment": None},
        {"output": None},
        {"output": OutputRule(4)},
        {"mark": None},
        {"mark": Mark(("station",), (MarkedColumn("pm25"),))},
        {"keep_log": False},
        {"notify": ("first_use",)},
        {"rate": Rate(10, 21)},
        {"delete_after_days": None},
        {"delete_after_days": 31},
        {"attribution": ""},
        {"notes": ""},
        {"valid_until": OFFER.valid_until + timedelta(seconds=1)},
        {"valid_from": OFFER.valid_from - timedelta(seconds=1)},
    ],
)
def test_each_way_of_widening_is_named(wider):
    found = exceeds(OFFER, replace(OFFER, **wider))
    assert found and all(text.zh and text.en for text in found)


def test_further_offered_purposes_are_allowed():
    quoted = replace(OFFER, purpose="model_validation")
    assert exceeds(OFFER, quoted, ["model_validation"]) == [] and exceeds(OFFER, quoted)


# ── what `implies` says holds for every value, whichever type the column has ────────────────────────────────

NUMBERS = ["1", "1.0", "10", "10.0", "2", "9", "-3", "007", "7"]
TEXTS = [*NUMBERS, "a", "b", "2026-01-02", "2026-01-31"]
BOUND = ("eq", "ne", "ge", "gt", "le", "lt")


def _holds(value, row, number):
    if value is None:
        return False
    if row.op == "not_null":
        return True
    read = (lambda v: Decimal(v)) if number else (lambda v: v)
    try:
        mine = read(value)
        others = [read(v) for v in (row.value if isinstance(row.value, tuple) else (row.value,))]
    except ArithmeticError:
        return False
    other = others[0]
    return {
        "eq": lambda: mine == other, "ne": lambda: mine != other, "in": lambda: mine in others, "ge": lambda: mine >= other,
        "gt": lambda: mine > other, "le": lambda: mine <= other, "lt": lambda: mine < other,
    }[row.op]()  # fmt: skip


def _filters(values):
    single = st.builds(lambda op, v: RowFilter("c", op, v), st.sampled_from(BOUND), values)
    several = st.builds(lambda vs: RowFilter("c", "in", tuple(vs)), st.lists(values, min_size=1, max_size=3))
    return st.one_of(single, several, st.just(RowFilter("c", "not_null")))


@given(_filters(st.integers(-5, 5)), _filters(st.integers(-5, 5)))
@settings(max_examples=400)
def test_rows_of_whole_numbers(narrow, wide):
    if implies(narrow, wide):
        assert all(_holds(v, wide, False) for v in (None, *range(-7, 8)) if _holds(v, narrow, False))


@given(_filters(st.sampled_from(TEXTS)), _filters(st.sampled_from(TEXTS)))
@settings(max_examples=400)
def test_rows_of_text_that_may_be_numbers(narrow, wide):
    """The same two conditions over a text column and over a decimal column: true in both, or not claimed."""
    if implies(narrow, wide):
        assert all(_holds(v, wide, False) for v in TEXTS if _holds(v, narrow, False))
        if _numeric(narrow) and _numeric(wide):
            assert all(_holds(v, wide, True) for v in NUMBERS if _holds(v, narrow, True))


def _numeric(row):
    values = row.value if isinstance(row.value, tuple) else (row.value or "0",)
    return all(v in NUMBERS for v in values)


@given(st.integers(2, 40), st.integers(1, 9), st.integers(1, 9), st.integers(-500, 500), st.data())
def test_stricter_bands_never_tell_apart_what_the_offered_ones_hide(width, times, odd, one, data):
    theirs = Mask("c", "band", {"width": width})
    lower = one // width * width
    two = data.draw(st.integers(lower, lower + width - 1))
    wider = Mask("c", "band", {"width": width * times})
    assert as_strict(wider, theirs) and apply_mask(wider, one) == apply_mask(wider, two)
    other = Mask("c", "band", {"width": max(2, width + odd)})
    assert not as_strict(other, theirs) or apply_mask(other, one) == apply_mask(other, two)


@given(
    st.dates(), st.dates(), st.sampled_from(["month", "quarter", "year"]), st.sampled_from(["month", "quarter", "year"])
)
def test_stricter_dates(one, two, mine, theirs):
    a, b = Mask("c", "truncate_date", {"unit": mine}), Mask("c", "truncate_date", {"unit": theirs})
    two = two.replace(year=one.year) if (two.month, two.day) != (2, 29) else one
    if as_strict(a, b) and apply_mask(b, one) == apply_mask(b, two):
        assert apply_mask(a, one) == apply_mask(a, two)


def test_shorter_ends_are_not_stricter():
    # given a text too short for the offered ends, which hide it whole; shorter ends would show its first letter
    offered, shorter = (
        Mask("c", "keep_ends", {"prefix": 2, "suffix": 2}),
        Mask("c", "keep_ends", {"prefix": 1, "suffix": 0}),
    )
    assert apply_mask(offered, "abc") == "***" and apply_mask(shorter, "abc") == "a**"
    assert not as_strict(shorter, offered)
