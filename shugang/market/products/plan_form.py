"""The price plan as a form: an answer becomes a PricePlan, a PricePlan the values with which the form opens.

Without scripts: a fixed number of lines for tiers, empty ones are ignored; only what the chosen kind uses is read.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import QueryDict

from shugang.kernel.errors import Refusal
from shugang.policy.codec import TermsError
from shugang.policy.priceplan import KINDS, PricePlan
from shugang.policy.priceplan.plan import PRICED_BY
from shugang.ui.formats import E8_PER_YUAN, fen_plain

from .answers import Wrong, decimal, whole

TIERS = 6


def read_plan(post: QueryDict) -> PricePlan:
    """The price plan from the form. Raises Refusal `invalid_form`, `bad_terms`."""
    wrong = Wrong()
    kind = post.get("p_kind", "")
    if kind not in KINDS:
        wrong.add("p_kind", "请选择计价方式。", "Please choose the kind of price.")
        wrong.check()
    used = PRICED_BY[kind]
    said: dict[str, Any] = {name: read(post, wrong) for name, read in _READ.items() if name in used}
    if kind == "by_outcome":
        said["billable"] = [price["outcome"] for price in said["prices"]]
    unit = "revenue" if kind == "revenue" else post.get("p_unit") or "calls"
    if kind in ("free", "one_off", "period"):
        unit = "calls"
    wrong.check()
    blank = {**PricePlan("volume").to_json(), "kind": kind, "unit": unit}
    try:
        return PricePlan.from_json({**blank, **said})
    except TermsError as error:
        raise Refusal("bad_terms", error.text, 422) from error


def _price(post: QueryDict, wrong: Wrong) -> int:
    amount = decimal(post, "p_price_total", 2, wrong)
    if not amount:
        wrong.add("p_price_total", "请填写价格。", "Please enter the price.")
    return amount


def _unit_price(post: QueryDict, wrong: Wrong) -> int:
    price = decimal(post, "p_price_unit", 8, wrong)
    if not price:
        wrong.add("p_price_unit", "请填写单价。", "Please enter the unit price.")
    return price


def _billable(post: QueryDict, wrong: Wrong) -> list[str]:
    chosen = post.getlist("p_billable")
    if not chosen and post.get("p_kind") != "by_outcome":
        wrong.add("p_billable", "请至少选择一种计费的结果。", "Please choose at least one charged outcome.")
    return chosen


def _tiers(post: QueryDict, wrong: Wrong) -> list[dict[str, Any]]:
    return [
        {"up_to": whole(post, f"p_tier_to_{k}", wrong), "unit_price_e8": decimal(post, f"p_tier_price_{k}", 8, wrong)}
        for k in range(TIERS)
        if post.get(f"p_tier_price_{k}", "").strip()
    ]


def _outcome_prices(post: QueryDict, wrong: Wrong) -> list[dict[str, Any]]:
    names = [
        name.removeprefix("p_outcome_") for name in post if name.startswith("p_outcome_") and post.get(name, "").strip()
    ]
    if not names:
        wrong.add("p_billable", "请至少为一种结果填写单价。", "Please price at least one outcome.")
    return [{"outcome": n, "unit_price_e8": decimal(post, f"p_outcome_{n}", 8, wrong)} for n in names]


def _share(post: QueryDict, wrong: Wrong) -> int:
    share = decimal(post, "p_share", 2, wrong)
    if not 0 < share <= 10_000:
        wrong.add("p_share", "请填写大于0、不超过100的百分数。", "Please enter a percentage above 0 and up to 100.")
        return 1
    return share


_READ: dict[str, Callable[[QueryDict, Wrong], Any]] = {
    "price_fen": _price,
    "unit_price_e8": _unit_price,
    "unit_size": lambda post, wrong: whole(post, "p_unit_size", wrong) or 1,
    "package_size": lambda post, wrong: whole(post, "p_package_size", wrong) or 0,
    "tiers": _tiers,
    "billable": _billable,
    "prices": _outcome_prices,
    "included": lambda post, wrong: whole(post, "p_included", wrong) or 0,
    "minimum_fen": lambda post, wrong: decimal(post, "p_minimum", 2, wrong),
    "cap_fen": lambda post, wrong: decimal(post, "p_cap", 2, wrong) or None,
    "daily_cap_fen": lambda post, wrong: decimal(post, "p_daily_cap", 2, wrong) or None,
    "valid_days": lambda post, wrong: whole(post, "p_valid_days", wrong) or None,
    "every": lambda post, wrong: post.get("p_every") or None,
    "share_bp": _share,
}


def _e8_plain(value: int) -> str:
    """1e-8 元 → 0.35."""
    text = f"{value // E8_PER_YUAN}.{value % E8_PER_YUAN:08d}".rstrip("0")
    return text + "00"[: max(0, 2 - len(text.partition(".")[2]))]


def from_plan(plan: PricePlan) -> dict[str, Any]:
    """Names of the form's fields → values."""
    values: dict[str, Any] = {
        "p_kind": plan.kind, "p_unit": plan.unit, "p_price_total": fen_plain(plan.price_fen) if plan.price_fen else "",
        "p_price_unit": _e8_plain(plan.unit_price_e8) if plan.unit_price_e8 else "", "p_unit_size": plan.unit_size,
        "p_package_size": plan.package_size or "", "p_billable": list(plan.billable), "p_included": plan.included or "",
        "p_minimum": fen_plain(plan.minimum_fen) if plan.minimum_fen else "",
        "p_cap": "" if plan.cap_fen is None else fen_plain(plan.cap_fen),
        "p_daily_cap": "" if plan.daily_cap_fen is None else fen_plain(plan.daily_cap_fen),
        "p_valid_days": plan.valid_days or "", "p_every": plan.every or "month",
        "p_share": fen_plain(plan.share_bp) if plan.share_bp else "",
    }  # fmt: skip
    for k, tier in enumerate(plan.tiers):
        values |= {f"p_tier_to_{k}": tier.up_to or "", f"p_tier_price_{k}": _e8_plain(tier.unit_price_e8)}
    return values | {f"p_outcome_{p.outcome}": _e8_plain(p.unit_price_e8) for p in plan.prices}
