"""A price plan in words: one line for lists, rows for pages and papers."""

from __future__ import annotations

from shugang.policy.priceplan import EVERY, KINDS, UNIT_WORDS, PricePlan
from shugang.policy.text import Text
from shugang.ui.formats import basis_points, e8, fen, number

from .kinds import OUTCOMES


def _both(text: str) -> Text:
    return Text(text, text)


def per(plan: PricePlan) -> Text:
    """What a unit price is for: 次 / call; 60秒 / 60 seconds."""
    many, one = UNIT_WORDS[plan.unit]
    if plan.unit_size == 1:
        return one
    return Text(f"{plan.unit_size:,}{many.zh}", f"{plan.unit_size:,} {many.en}")


def amount(plan: PricePlan, units: int) -> Text:
    """So many of what the plan counts: 1,000次 / 1,000 calls; revenue is money."""
    if plan.unit == "revenue":
        return _both(fen(units))
    many, one = UNIT_WORDS[plan.unit]
    return Text(f"{number(units)}{many.zh}", f"{number(units)} {(one if units == 1 else many).en}")


def _unit_price(plan: PricePlan, price_e8: int) -> Text:
    return Text(f"{e8(price_e8)}/{per(plan).zh}", f"{e8(price_e8)} per {per(plan).en}")


def headline(plan: PricePlan) -> Text:
    """¥0.35/次 / ¥0.35/call; 免费 / Free."""
    if plan.kind == "free":
        return KINDS["free"]
    if plan.kind == "one_off":
        return Text(f"{fen(plan.price_fen)} 一次性", f"{fen(plan.price_fen)} one-off")
    if plan.kind == "period":
        every = EVERY[plan.every or "month"]
        return Text(f"{fen(plan.price_fen)}/{every.zh}", f"{fen(plan.price_fen)} per {every.en}")
    if plan.kind == "revenue":
        share = basis_points(plan.share_bp)
        return Text(f"收入的{share}", f"{share} of revenue")
    if plan.kind == "package":
        size = amount(plan, plan.package_size)
        return Text(f"{fen(plan.price_fen)}/{size.zh}", f"{fen(plan.price_fen)} per {size.en}")
    steps = [t.unit_price_e8 for t in plan.tiers] or [p.unit_price_e8 for p in plan.prices] or [plan.unit_price_e8]
    low = _unit_price(plan, min(steps))
    if len(set(steps)) > 1:
        return Text(f"{e8(min(steps))}起/{per(plan).zh}", f"from {low.en}")
    return low


def billable(plan: PricePlan, mode: str) -> Text:
    labels = [OUTCOMES[mode][name] for name in plan.billable if name in OUTCOMES[mode]]
    return Text("、".join(t.zh for t in labels), ", ".join(t.en for t in labels))


def rows(plan: PricePlan, mode: str) -> list[tuple[Text, Text]]:
    """(label, value) of everything that decides the price."""
    return [
        (Text("计价方式", "Price"), KINDS[plan.kind]),
        (Text("价格（含税）", "Amount (tax included)"), headline(plan)),
        *_tiers(plan),
        *_outcomes(plan, mode),
        *_charged(plan, mode),
        *_bounds(plan),
    ]


def _tiers(plan: PricePlan) -> list[tuple[Text, Text]]:
    found, start = [], 0
    for tier in plan.tiers:
        end = "" if tier.up_to is None else number(tier.up_to)
        span = f"{number(start)}~{end}" if end else f">{number(start)}"
        found.append((Text(f"用量{span}", f"Use {span}"), _unit_price(plan, tier.unit_price_e8)))
        start = tier.up_to or start
    if plan.kind == "volume":
        how = Text("全部用量按所达一级的单价计", "all units at the price of the bracket reached")
        found.append((Text("如何适用", "How it applies"), how))
    elif plan.tiers:
        found.append(
            (Text("如何适用", "How it applies"), Text("各级用量按各级单价分别计", "each bracket at its own price"))
        )
    return found


def _outcomes(plan: PricePlan, mode: str) -> list[tuple[Text, Text]]:
    known = OUTCOMES[mode]
    return [(known.get(p.outcome, _both(p.outcome)), _unit_price(plan, p.unit_price_e8)) for p in plan.prices]


def _charged(plan: PricePlan, mode: str) -> list[tuple[Text, Text]]:
    if not plan.billable:
        return []
    charged = billable(plan, mode)
    rest = [t for name, t in OUTCOMES[mode].items() if name not in plan.billable]
    free = Text("，".join(["", *(f"{t.zh}不计费" for t in rest)]), "; ".join(["", *(f"{t.en} is free" for t in rest)]))
    return [(Text("计费的结果", "Charged"), Text(charged.zh + free.zh, charged.en + free.en))]


def _bounds(plan: PricePlan) -> list[tuple[Text, Text]]:
    found = []
    if plan.kind == "period":
        found.append(
            (
                Text("如何适用", "How it applies"),
                Text(
                    "自合同生效日起算，开始的一期按全期计",
                    "from the contract's first day; a begun period counts in full",
                ),
            )
        )
    if plan.kind == "revenue":
        found.append(
            (
                Text("如何适用", "How it applies"),
                Text("需方每月申报收入，按比例分给供方", "the buyer reports revenue monthly and pays this part of it"),
            )
        )
    if plan.valid_days is not None:
        found.append(
            (
                Text("套餐有效期", "Validity of a package"),
                Text(
                    f"首次使用当日起{plan.valid_days}日，余量作废",
                    f"{plan.valid_days} days from first use; the rest lapses",
                ),
            )
        )
    if plan.included:
        found.append((Text("免费额度", "Included"), amount(plan, plan.included)))
    if plan.minimum_fen:
        found.append((Text("最低消费", "Minimum"), _both(fen(plan.minimum_fen))))
    if plan.daily_cap_fen is not None:
        found.append((Text("每日封顶", "Maximum a day"), _both(fen(plan.daily_cap_fen))))
    if plan.cap_fen is not None:
        found.append((Text("封顶金额", "Maximum"), _both(fen(plan.cap_fen))))
    return found
