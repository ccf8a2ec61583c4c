"""入表: which spending on a data resource becomes book cost, and the disclosure table. Nothing here is a valuation.

Source: 《企业数据资源相关会计处理暂行规定》(财会〔2023〕11号, in force 2024-01-01, prospective only); CAS 6 无形资产 §§8–9, 17 for
data used internally, CAS 1 存货 §§5–8 for data held for sale. Amounts in 分; amortisation straight-line by month, no residual.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from shugang.policy.money import round_half_up
from shugang.policy.text import Text

from .inputs import BadInput

IN_FORCE = date(2024, 1, 1)
CATEGORIES = {
    "intangible": Text("企业使用：无形资产（CAS 6）", "Used by the enterprise: intangible asset (CAS 6)"),
    "inventory": Text("日常持有以备出售：存货（CAS 1）", "Held for sale: inventory (CAS 1)"),
}
WAYS = {
    "purchase": Text("外购", "Purchased"),
    "own": Text("自行开发", "Developed by itself"),
    "other": Text("其他方式取得", "Obtained otherwise"),
}
NATURES = {
    "price": Text("购买价款", "Purchase price"),
    "tax": Text("相关税费", "Taxes and duties"),
    "insurance": Text("保险费", "Insurance"),
    "collect": Text("数据采集", "Collection"),
    "process": Text("脱敏清洗标注整合", "Masking, cleaning, labelling, integration"),
    "fee": Text("鉴证评估登记安全", "Rights, quality, registration and security fees"),
    "research": Text("研究", "Research"),
    "development": Text("开发", "Development"),
    "admin": Text("管理费用", "Administration"),
}
CONDITIONS = {
    "feasible": Text("完成开发在技术上具有可行性", "Completion is technically feasible"),
    "intent": Text("有完成并使用或出售的意图", "There is the intent to complete and use or sell it"),
    "benefit": Text("产生经济利益的方式能够证明", "How it will bring economic benefit is shown"),
    "resources": Text(
        "有足够的技术、财务和其他资源完成开发并使用或出售", "Technical, financial and other resources suffice"
    ),
    "measurable": Text("开发阶段的支出能够可靠计量", "The spending of the phase is measured reliably"),
}
REASONS = {
    "before": Text(
        "发生在2024年1月1日前，未来适用，不再调整（财会〔2023〕11号）",
        "Before 2024-01-01: prospective only, not adjusted",
    ),
    "research": Text("研究阶段支出，计入当期损益（CAS 6第八条）", "Research phase: expensed (CAS 6 art. 8)"),
    "conditions": Text(
        "五项条件尚未同时满足，计入当期损益（CAS 6第九条）",
        "The five conditions were not all met yet: expensed (CAS 6 art. 9)",
    ),
    "ready": Text("已达到预定用途，后续支出计入当期损益", "After it was ready for use: expensed"),
    "admin": Text("不能直接归属的管理费用，计入当期损益", "Not directly attributable: expensed"),
    "insurance": Text(
        "保险费不构成无形资产成本，计入当期损益", "Insurance is no cost of an intangible asset: expensed"
    ),
    "cost": Text("计入成本", "Capitalised"),
    "developed": Text(
        "开发阶段支出，五项条件已满足，资本化（CAS 6第九条）",
        "Development with all five conditions met: capitalised (CAS 6 art. 9)",
    ),
}


@dataclass(frozen=True)
class Spending:
    """One voucher's amount in 分."""

    on: date
    way: str
    nature: str
    amount: int
    voucher: str
    note: str = ""


@dataclass(frozen=True)
class Sheet:
    """`met`: the day each of the five conditions was met, with evidence; `ready_on`: ready for its intended use."""

    category: str
    met: Mapping[str, date]
    ready_on: date | None
    life_months: int | None


@dataclass(frozen=True)
class Treated:
    """A spending and what becomes of it; `reason` is a key of REASONS."""

    spending: Spending
    capitalised: bool
    reason: str


def conditions_met_on(met: Mapping[str, date]) -> date | None:
    """The first day on which all five stood, or None."""
    return max(met.values()) if set(met) == set(CONDITIONS) else None


def treat(spending: Spending, sheet: Sheet) -> Treated:
    """Capitalised or expensed, and why."""
    reason = _reason(spending, sheet)
    return Treated(spending, reason in {"cost", "developed"}, reason)


def _reason(s: Spending, sheet: Sheet) -> str:
    if s.on < IN_FORCE:
        return "before"
    if s.nature in {"research", "admin"}:
        return s.nature
    if sheet.category == "inventory":
        return "cost"
    if s.nature == "insurance":
        return "insurance"
    if sheet.ready_on is not None and s.on > sheet.ready_on:
        return "ready"
    if s.way != "own":
        return "cost"
    met = conditions_met_on(sheet.met)
    return "developed" if met is not None and s.on >= met else "conditions"


def check(spendings: Sequence[Spending], sheet: Sheet, today: date) -> None:
    """Raises BadInput for figures and dates that cannot be."""
    if sheet.category not in CATEGORIES:
        raise BadInput("unknown_category", "只能列为无形资产或存货。", "It is an intangible asset or inventory.")
    for s in spendings:
        if s.amount <= 0:
            raise BadInput(
                "bad_amount", f"凭证{s.voucher}的金额应大于0。", f"The amount of voucher {s.voucher} must be above 0."
            )
        if s.on > today:
            raise BadInput(
                "from_future",
                f"凭证{s.voucher}的日期{s.on}晚于今天。",
                f"Voucher {s.voucher} of {s.on} lies in the future.",
            )
        if s.way not in WAYS or s.nature not in NATURES:
            raise BadInput(
                "unknown_kind",
                f"凭证{s.voucher}的取得方式或性质不认识。",
                f"Way or nature of voucher {s.voucher} is unknown.",
            )
    if len({(s.voucher, s.nature, s.amount, s.on) for s in spendings}) != len(spendings):
        raise BadInput("twice", "同一凭证的同一笔支出列了两次。", "One spending of a voucher is listed twice.")
    late = [d for d in (*sheet.met.values(), *((sheet.ready_on,) if sheet.ready_on else ())) if d > today]
    if late:
        raise BadInput("from_future", f"日期{late[0]}晚于今天。", f"{late[0]} lies in the future.")
    if sheet.category == "intangible" and sheet.ready_on and not sheet.life_months:
        raise BadInput(
            "life_needed",
            "达到预定用途后须填写使用寿命（月），用于摊销。",
            "Once ready for use, its useful life in months is needed.",
        )


def amortised(cost: int, life_months: int, ready_on: date, through: date) -> int:
    """分 amortised from the month it became ready through the end of the month of `through`; never more than the cost."""
    used = (through.year - ready_on.year) * 12 + through.month - ready_on.month + 1
    return round_half_up(cost * min(max(used, 0), life_months), life_months)


def disclosure(
    treated: Sequence[Treated], sheet: Sheet, year: int, decreases: Mapping[str, int]
) -> list[tuple[str, dict[str, int]]]:
    """Rows of the note for one year: (row, {way: 分}); by purchased, developed and otherwise, as 财会〔2023〕11号 asks.

    Inventory: opening, increase, decrease, closing. Intangible: cost and amortisation likewise, carrying amounts, and the
    capitalised development that is not ready yet (开发支出).
    """
    if sheet.category == "inventory":
        return _inventory(treated, year, decreases)
    if any(decreases.values()):
        raise BadInput(
            "no_decrease", "无形资产的处置不在本表处理，减少额只用于存货。", "Decreases here are for inventory only."
        )
    return _intangible(treated, sheet, year)


def _sum(treated: Sequence[Treated], way: str, first: date, last: date) -> int:
    return sum(
        t.spending.amount for t in treated if t.capitalised and t.spending.way == way and first <= t.spending.on <= last
    )


def _inventory(treated: Sequence[Treated], year: int, decreases: Mapping[str, int]) -> list[tuple[str, dict[str, int]]]:
    start, end = date(year, 1, 1), date(year, 12, 31)
    opening = {w: _sum(treated, w, IN_FORCE, date(year - 1, 12, 31)) for w in WAYS}
    increase = {w: _sum(treated, w, start, end) for w in WAYS}
    less = {w: decreases.get(w, 0) for w in WAYS}
    for way, label in WAYS.items():
        if not 0 <= less[way] <= opening[way] + increase[way]:
            raise BadInput(
                "decrease_too_large",
                f"“{label.zh}”的减少额超过账面余额。",
                f"The decrease of “{label.en}” exceeds what is on the books.",
            )
    closing = {w: opening[w] + increase[w] - less[w] for w in WAYS}
    return [("opening", opening), ("increase", increase), ("decrease", less), ("closing", closing)]


def _intangible(treated: Sequence[Treated], sheet: Sheet, year: int) -> list[tuple[str, dict[str, int]]]:
    ready, life = sheet.ready_on, sheet.life_months or 1
    end, before = date(year, 12, 31), date(year - 1, 12, 31)
    nothing = dict.fromkeys(WAYS, 0)
    whole = {w: _sum(treated, w, IN_FORCE, end) for w in WAYS}
    if ready is None or ready > end:
        return [("cost_opening", nothing), ("cost_increase", nothing), ("cost_closing", nothing), ("amortised_closing", nothing),
                ("carrying_closing", nothing), ("in_development", whole)]  # fmt: skip
    opening = whole if ready <= before else nothing
    increase = {w: whole[w] - opening[w] for w in WAYS}
    first = {w: amortised(whole[w], life, ready, before) if ready <= before else 0 for w in WAYS}
    last = {w: amortised(whole[w], life, ready, end) for w in WAYS}
    return [
        ("cost_opening", opening), ("cost_increase", increase), ("cost_closing", whole), ("amortised_opening", first),
        ("amortised_increase", {w: last[w] - first[w] for w in WAYS}), ("amortised_closing", last),
        ("carrying_opening", {w: opening[w] - first[w] for w in WAYS}),
        ("carrying_closing", {w: whole[w] - last[w] for w in WAYS}), ("in_development", nothing),
    ]  # fmt: skip


ROWS = {
    "opening": Text("期初余额", "Opening"),
    "increase": Text("本期增加", "Increase"),
    "decrease": Text("本期减少", "Decrease"),
    "closing": Text("期末余额", "Closing"),
    "cost_opening": Text("账面原值：期初余额", "Cost: opening"),
    "cost_increase": Text("账面原值：本期增加", "Cost: increase"),
    "cost_closing": Text("账面原值：期末余额", "Cost: closing"),
    "amortised_opening": Text("累计摊销：期初余额", "Amortisation: opening"),
    "amortised_increase": Text("累计摊销：本期增加", "Amortisation: increase"),
    "amortised_closing": Text("累计摊销：期末余额", "Amortisation: closing"),
    "carrying_opening": Text("账面价值：期初", "Carrying amount: opening"),
    "carrying_closing": Text("账面价值：期末", "Carrying amount: closing"),
    "in_development": Text("开发支出：期末余额", "Development in progress: closing"),
}
