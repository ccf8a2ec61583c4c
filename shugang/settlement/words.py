"""Words for what settlement shows: reasons, units, purposes, whole numbers as people read them."""

from __future__ import annotations

from shugang.policy.priceplan import REASONS, UNIT_WORDS
from shugang.policy.text import Text
from shugang.ui.formats import e8, fen, number

from .bills.models import BillLine

UNITS: dict[str, Text] = {unit: many for unit, (many, _) in UNIT_WORDS.items()}
KINDS: dict[str, Text] = {
    "bill": Text("账单", "Bill"),
    "statement": Text("零额对账单", "Zero statement"),
    "credit_note": Text("红字账单", "Credit note"),
}
PURPOSES: dict[str, Text] = {
    "supplier": Text("付供方", "To the supplier"),
    "contributor": Text("付贡献方", "To a contributor"),
    "broker": Text("付数据经纪", "To the broker"),
    "commission": Text("平台服务费（不含税）", "Platform commission, net"),
    "vat": Text("平台服务费增值税", "VAT on the commission"),
    "refund": Text("退还需方", "Refund to the buyer"),
    "return": Text("退回未匹配款项", "Return of an unmatched receipt"),
    "deposit": Text("退还保证金", "Return of a deposit"),
    "forfeit": Text("扣划保证金", "Forfeited deposit"),
    "prepaid": Text("退还预付余额", "Return of a prepaid balance"),
}
INSTRUCTION_STATES: dict[str, tuple[str, Text]] = {
    "instructed": ("run", Text("已指令，待银行执行", "Instructed")),
    "done": ("ok", Text("银行已执行", "Executed")),
    "failed": ("bad", Text("银行未执行", "Not executed")),
}
BANK_STATES: dict[str, tuple[str, Text]] = {
    "matched": ("ok", Text("已匹配", "Matched")),
    "suspense": ("warn", Text("待查", "Unmatched")),
    "returned": ("run", Text("退回", "Returned")),
    "unexplained": ("bad", Text("无对应指令", "Unexplained")),
}
OUTCOMES: dict[str, Text] = {
    "found": Text("查得", "found"),
    "not_found": Text("未查得", "not found"),
    "mismatch": Text("不一致", "no match"),
    "failed": Text("接口报错", "the interface reported an error"),
    "delivered": Text("已交付", "delivered"),
    "continued": Text("续传字节", "further bytes"),
    "manifest": Text("取得文件清单", "file list"),
    "changes": Text("取得变更清单", "list of changes"),
    "metadata": Text("读取元数据", "metadata"),
    "revenue": Text("申报收入", "reported revenue"),
}


def outcome(name: str) -> Text:
    return OUTCOMES.get(name, Text(name, name))


def reason(line: BillLine) -> Text:
    """Why a line costs what it costs: 按量计费（查得）, with 补计 or 冲减 when it came late."""
    text = REASONS[line.charge_reason]
    zh, en = text
    if line.tier:
        zh, en = f"{zh}（第{line.tier}级）", f"{en} {line.tier}"
    if line.outcomes:
        names = [outcome(o) for o in line.outcomes]
        zh += "：" + "、".join(n.zh for n in names)
        en += ": " + ", ".join(n.en for n in names)
    if line.late:
        late = Text("冲减", "credit") if line.amount_fen < 0 else Text("补计", "late")
        zh, en = f"{zh}（{late.zh}）", f"{en} ({late.en})"
    return Text(zh, en)


def quantity(line: BillLine) -> Text:
    """1,204次; a line that only adjusts an amount has none."""
    if line.bill.partial or line.charge_reason in {"minimum", "capped", "day_capped"}:
        return Text("—", "—")
    if line.charge_reason == "period":
        return Text(f"{line.quantity}期", f"{line.quantity} period")
    if line.charge_reason == "share":
        return Text(fen(line.quantity), fen(line.quantity))
    if line.charge_reason == "one_off":
        return Text("1项", "1 item")
    unit = UNITS.get(line.unit, Text(line.unit, line.unit))
    return Text(f"{number(line.quantity)}{unit.zh}", f"{number(line.quantity)} {unit.en}")


def unit_price(line: BillLine) -> Text:
    """¥0.3500/次, ¥12.00/1,000行; a dash where the line has no price of its own."""
    if line.charge_reason not in {"unit", "tier", "outcome", "volume"}:
        return Text("—", "—")
    unit = UNITS.get(line.unit, Text(line.unit, line.unit))
    size = f"{number(line.unit_size)}" if line.unit_size != 1 else ""
    en = f"{size} {unit.en}" if size else unit.en.removesuffix("s")
    return Text(f"{e8(line.unit_price_e8)}/{size}{unit.zh}", f"{e8(line.unit_price_e8)} / {en}")
