"""The difference of two versions is complete: no field of terms or plan can change without a row that says so."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta

import pytest

from shugang.market.trade.differing import differences
from shugang.policy.priceplan import OutcomePrice, PricePlan, Tier
from shugang.policy.terms import Mark, MarkedColumn, Mask, OutputRule, Quota, Rate, RowFilter, Terms
from shugang.policy.text import Text

START = datetime(2026, 1, 1, tzinfo=UTC)
TERMS = Terms(
    actions=("read",), purpose="research", fields=("station", "pm25"), valid_from=START, valid_until=START + timedelta(365),
    masks=(Mask("station", "ff1", {"key_id": "k1", "alphabet": "digits"}),),
)  # fmt: skip
TERM_CHANGES = {
    "actions": ("read", "download"), "purpose": "model_validation", "fields": ("pm25",),
    "valid_from": START + timedelta(seconds=1), "valid_until": START + timedelta(364),
    "rows": (RowFilter("pm25", "ge", 3),), "masks": (Mask("station", "ff1", {"key_id": "k2", "alphabet": "digits"}),),
    "quotas": (Quota("rows", 10, "day", "all"),), "rate": Rate(5, 10), "networks": ("10.0.0.0/8",), "environment": "isolated",
    "output": OutputRule(5), "mark": Mark(("station",), (MarkedColumn("pm25", 0),)), "redistribute": True, "keep_log": True,
    "notify": ("first_use",), "delete_after_days": 30, "attribution": "示例", "notes": "示例约定", "version": 2,
}  # fmt: skip
PLAN = PricePlan("per_unit", unit_price_e8=100, billable=("delivered",))
PLAN_CHANGES = {
    "kind": "free", "unit": "rows", "unit_price_e8": 101, "unit_size": 10, "price_fen": 7, "package_size": 3,
    "tiers": (Tier(None, 5),), "billable": (), "included": 4, "minimum_fen": 9, "cap_fen": 99,
    "prices": (OutcomePrice("delivered", 3),), "every": "month", "valid_days": 30, "daily_cap_fen": 8, "share_bp": 50,
}  # fmt: skip


def test_every_field_is_tried():
    assert set(TERM_CHANGES) == {f.name for f in fields(Terms)}
    assert set(PLAN_CHANGES) == {f.name for f in fields(PricePlan)}


@pytest.mark.parametrize("name", sorted(TERM_CHANGES))
def test_each_term_that_changes_is_shown(name, monkeypatch):
    # whatever a mode can hold: what is refused elsewhere must still be shown
    monkeypatch.setattr("shugang.policy.describing.check_mode", lambda terms, mode: None)
    monkeypatch.setattr("shugang.policy.describing.held", lambda key, mode: ("legal", Text("示例", "sample")))
    rows = differences((TERMS, PLAN), (replace(TERMS, **{name: TERM_CHANGES[name]}), PLAN), "table")
    assert len(rows) == 1 and rows[0][1] != rows[0][2], rows


@pytest.mark.parametrize("name", sorted(PLAN_CHANGES))
def test_each_field_of_the_price_that_changes_is_shown(name):
    rows = differences((TERMS, PLAN), (TERMS, replace(PLAN, **{name: PLAN_CHANGES[name]})), "table")
    assert rows and all(old != new for _, old, new in rows), rows


def test_two_changes_of_which_the_words_tell_one_are_both_shown():
    changed = replace(PLAN, unit_price_e8=101, share_bp=50)
    told = [label.en for label, _, _ in differences((TERMS, PLAN), (TERMS, changed), "table")]
    assert told == ["Amount (tax included)", "Price plan: share_bp"]


def test_equal_versions_have_no_difference():
    assert differences((TERMS, PLAN), (TERMS, PLAN), "table") == []
