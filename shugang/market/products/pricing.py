"""A price plan in words: one line for lists, rows for pages and papers."""

from __future__ import annotations

from shugang.policy.describing import UNIT_LABELS
from shugang.policy.priceplan import KINDS, PricePlan
from shugang.policy.text import Text
from shugang.ui.formats import e8, fen, number

from .kinds import OUTCOMES


def _both(text: str) -> Text:
    return Text(text, text)


def _per(plan: PricePlan) -> Text:
    unit = UNIT_LABELS[plan.unit]
    one = {"calls": "call", "rows": "row", "bytes": "byte"}[plan.unit]
    if plan.unit_size == 1:
        return Text(unit.zh, one)
    return Text(f"{plan.unit_size:,}{unit.zh}", f"{plan.unit_size:,} {unit.en}")


def headline(plan: PricePlan) -> Text:
    """¥0.35/次 / ¥0.35/call; 免费 / Free."""
    if plan.kind == "free":
        return KINDS["free"]
    if plan.kind == "one_off":
        return Text(f"{fen(plan.price_fen)} 一次性", f"{fen(plan.price_fen)} one-off")
    per = _per(plan)
    if plan.kind == "package":
        unit = UNIT_LABELS[plan.unit]
        size = number(plan.package_size)
        return Text(f"{fen(plan.price_fen)}/{size}{unit.zh}", f"{fen(plan.price_fen)} per {size} {unit.en}")
    if plan.kind == "tiered":
        low = min(t.unit_price_e8 for t in plan.tiers)
        return Text(f"{e8(low)}起/{per.zh}", f"from {e8(low)} per {per.en}")
    return Text(f"{e8(plan.unit_price_e8)}/{per.zh}", f"{e8(plan.unit_price_e8)} per {per.en}")


def billable(plan: PricePlan, mode: str) -> Text:
    labels = [OUTCOMES[mode][name] for name in plan.billable if name in OUTCOMES[mode]]
    return Text("、".join(t.zh for t in labels), ", ".join(t.en for t in labels))


def rows(plan: PricePlan, mode: str) -> list[tuple[Text, Text]]:
    """(label, value) of everything that decides the price."""
    found = [
        (Text("计价方式", "Price"), KINDS[plan.kind]),
        (Text("价格（含税）", "Amount (tax included)"), headline(plan)),
    ]
    start = 0
    for tier in plan.tiers:
        end = "" if tier.up_to is None else number(tier.up_to)
        span = f"{number(start)}~{end}" if end else f">{number(start)}"
        found.append(
            (
                Text(f"用量{span}", f"Use {span}"),
                Text(f"{e8(tier.unit_price_e8)}/{_per(plan).zh}", f"{e8(tier.unit_price_e8)} per {_per(plan).en}"),
            )
        )
        start = tier.up_to or start
    if plan.billable:
        charged = billable(plan, mode)
        rest = [t for name, t in OUTCOMES[mode].items() if name not in plan.billable]
        free = Text(
            "，".join(["", *(f"{t.zh}不计费" for t in rest)]), "; ".join(["", *(f"{t.en} is free" for t in rest)])
        )
        found.append((Text("计费的结果", "Charged"), Text(charged.zh + free.zh, charged.en + free.en)))
    if plan.included:
        unit = UNIT_LABELS[plan.unit]
        found.append(
            (
                Text("免费额度", "Included"),
                Text(f"{number(plan.included)}{unit.zh}", f"{number(plan.included)} {unit.en}"),
            )
        )
    if plan.minimum_fen:
        found.append((Text("最低消费", "Minimum"), _both(fen(plan.minimum_fen))))
    if plan.cap_fen is not None:
        found.append((Text("封顶金额", "Maximum"), _both(fen(plan.cap_fen))))
    return found
