"""A price plan shown before it is offered: price against volume, a worked example, and where it can be undercut."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from shugang.policy.arbitrage import Finding, Offer, arbitrage_findings, offer_findings
from shugang.policy.priceplan import PricePlan, RatedLine
from shugang.policy.priceplan.curve import DAYS, curve, example
from shugang.policy.text import Text
from shugang.ui.formats import e8, fen, number
from shugang.ui.jinja import tx

from . import pricing


def chart(plan: PricePlan) -> tuple[dict[str, Any], Text] | None:
    """(data of the plot, the sentence that says what it shows); None where the volume does not matter."""
    points = curve(plan)
    if not points:
        return None
    name = Text("应付（元）", "Price (CNY)")
    data = {
        "type": "line",
        "unit": tx(Text("元", "CNY")),
        "x": [number(p.units) if plan.unit != "revenue" else fen(p.units) for p in points],
        "series": [{"name": tx(name), "data": [p.amount_fen / 100 for p in points]}],
    }
    last = points[-1]
    units = pricing.amount(plan, last.units)
    summary = Text(
        f"一个计费期的价款随用量变化：{units.zh}时为{fen(last.amount_fen)}。",
        f"The price of one service period by volume: {fen(last.amount_fen)} at {units.en}.",
    )
    return data, summary


def example_rows(plan: PricePlan) -> tuple[Text, list[list[Any]], int]:
    """(what is assumed, [reason, quantity, unit price, amount], total in 分)."""
    units, lines = example(plan)
    amount = pricing.amount(plan, units)
    spread = Text(f"，均匀用于{DAYS}日", f", spread over {DAYS} days") if plan.by_day else Text("", "")
    said = Text(f"假设一期{amount.zh}{spread.zh}", f"Assuming {amount.en} in a period{spread.en}")
    if not units:
        said = Text("与用量无关", "Whatever the volume")
    return said, [_row(plan, line) for line in lines], sum(line.amount_fen for line in lines)


def _row(plan: PricePlan, line: RatedLine) -> list[Any]:
    tier = Text(f"（第{line.tier}级）", f" {line.tier}") if line.tier else Text("", "")
    reason = Text(line.reason_text.zh + tier.zh, line.reason_text.en + tier.en)
    quantity = pricing.amount(plan, line.quantity) if line.quantity > 1 else Text("—", "—")
    price = f"{e8(line.unit_price_e8)}" if line.unit_price_e8 else "—"
    return [reason, quantity, price, fen(line.amount_fen)]


def findings(plan: PricePlan, name: str = "", others: Sequence[Offer] = ()) -> list[Finding]:
    """Where the plan itself, or it beside the seller's `others` of the same data, can be had cheaper."""
    mine = Offer(name, plan)
    return arbitrage_findings(plan) + [f for f in offer_findings([mine, *others]) if others]


def context(plan: PricePlan, mode: str, others: Sequence[Offer] = ()) -> dict[str, Any]:
    """What market/price_preview.html shows."""
    said, lines, total = example_rows(plan)
    return {
        "rows": pricing.rows(plan, mode),
        "chart": chart(plan),
        "assumed": said,
        "lines": lines,
        "total": total,
        "findings": findings(plan, Text("本方案", "this plan").zh, others),
    }
