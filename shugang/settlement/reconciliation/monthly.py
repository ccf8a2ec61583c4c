"""A party's month (月度对账单): what it was billed and billed others, what was paid, received, and is still kept. Scoped."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.db.models import Q

from shugang.kernel import clock
from shugang.kernel.actors import Actor
from shugang.kernel.errors import Refusal, not_found
from shugang.parties.models import Party
from shugang.policy.text import Text
from shugang.ui.workbooks import Sheet, Yuan

from .. import gates, words
from ..bills.lifecycle import STATES
from ..bills.models import Bill
from ..ledger.models import Account
from ..payouts.models import BankLine, PayoutInstruction, Receivable
from ..payouts.prepaid import PREFIX as PREPAID
from ..payouts.recovering import receivables
from ..payouts.reserve import HELD, remaining

BILL_COLUMNS = (
    Text("账单", "Bill"),
    Text("种类", "Kind"),
    Text("合同", "Contract"),
    Text("对方", "Other side"),
    Text("出具日期", "Issued on"),
    Text("状态", "State"),
    Text("金额（含税）", "Amount"),
    Text("其中税额", "Tax"),
)
MONEY_COLUMNS = (
    Text("时间", "Time"),
    Text("银行流水号", "Bank reference"),
    Text("事由", "For"),
    Text("单据", "Document"),
    Text("付出", "Paid"),
    Text("收到", "Received"),
)
KEPT_COLUMNS = (
    Text("账单", "Bill"),
    Text("合同", "Contract"),
    Text("争议期至", "Kept until"),
    Text("留存金额", "Kept"),
)


OWED_COLUMNS = (
    Text("编号", "Number"),
    Text("账单", "Bill"),
    Text("方向", "Way"),
    Text("对方", "Other side"),
    Text("应追回", "To recover"),
    Text("已抵扣", "Set off"),
    Text("尚欠", "Open"),
)


@dataclass(frozen=True)
class Month:
    """`bought` and `sold` hold the month's bills and credit notes; `moved` the bank's movements: (line, what for);
    `kept` the supplier's parts of split bills that wait now, `kept_fen` all that waits for the party (a contributor's too); `ordered` what is instructed to it and not executed yet; `owed` what it has to give back of settled bills, or waits for."""

    party: Party
    first: date
    bought: list[Bill]
    sold: list[Bill]
    moved: list[tuple[BankLine, Text]]
    kept: list[tuple[Bill, int]]
    kept_fen: int
    ordered: list[PayoutInstruction]
    owed: list[Receivable]

    @property
    def paid_fen(self) -> int:
        return sum(line.amount_fen for line, _ in self.moved if line.direction == "in")

    @property
    def received_fen(self) -> int:
        return sum(line.amount_fen for line, _ in self.moved if line.direction == "out")


def parse_month(text: str) -> date:
    """`2026-12` → its first day; "" the running month. Raises Refusal `bad_month`."""
    if not text:
        return clock.today().replace(day=1)
    try:
        return date.fromisoformat(f"{text}-01")
    except ValueError:
        raise Refusal("bad_month", Text("月份请按“2026-12”填写。", "Please give the month as 2026-12."), 422) from None


def party_of(actor: Actor, number: str = "") -> Party:
    """The acting party; for platform finance any by its number. Raises Refusal `not_found`."""
    if number and gates.is_operator_finance(actor):
        found = Party.objects.filter(number=number).first()
    else:
        found = Party.objects.filter(pk=actor.party_id or 0).first()
        if number and (found is None or found.number != number):
            found = None
    if found is None:
        raise not_found(Text("这个机构", "organisation"))
    return found


def month_of(actor: Actor, first: date, number: str = "") -> Month:
    """Raises Refusal `not_found`."""
    party = party_of(actor, number)
    start, end = _bounds(first)
    bills = Bill.objects.visible_to(actor).filter(issued_at__gte=start, issued_at__lt=end)
    bills = bills.select_related("agreement", "buyer", "supplier").order_by("pk")
    mine = Q(bill__buyer=party, direction="in") | Q(instruction__payee=party) | Q(party=party)
    lines = BankLine.objects.visible_to(actor).filter(mine, at__gte=start, at__lt=end, state="matched")
    lines = lines.select_related("bill", "instruction__bill").order_by("at", "pk")
    orders = PayoutInstruction.objects.visible_to(actor).filter(payee=party).exclude(state="done")
    return Month(
        party,
        first,
        list(bills.filter(buyer=party)),
        list(bills.filter(supplier=party)),
        [(line, _purpose(line)) for line in lines],
        _kept(actor, party),
        sum(a.balance for a in Account.objects.visible_to(actor).filter(party=party, kind="reserve")),
        list(orders.select_related("bill").order_by("pk")),
        list(receivables(actor, only_open=True).filter(Q(party=party) | Q(bill__buyer=party)).order_by("pk")),
    )


def _bounds(first: date) -> tuple[datetime, datetime]:
    last = (first + timedelta(days=32)).replace(day=1)
    start, end = (datetime.combine(day, time(), tzinfo=clock.zone()).astimezone(UTC) for day in (first, last))
    return start, end


def _purpose(line: BankLine) -> Text:
    if line.instruction is not None:
        return words.PURPOSES[line.instruction.purpose]
    if line.bill is not None:
        return Text("支付账单", "Payment of a bill")
    if line.reference.startswith(PREPAID):
        return Text("预付款", "Prepayment")
    return Text("保证金", "Deposit")


def _kept(actor: Actor, party: Party) -> list[tuple[Bill, int]]:
    code = f"seller:{party.number}:reserve"
    bills = Bill.objects.visible_to(actor).filter(state__in=HELD).select_related("agreement").order_by("pk")
    found = [(bill, remaining(bill).get(code, 0)) for bill in bills]
    return [(bill, amount) for bill, amount in found if amount]


def document_of(line: BankLine) -> str:
    """The number that the movement belongs to."""
    if line.instruction is not None:
        return str(line.instruction.bill.number) if line.instruction.bill else line.instruction.number
    return str(line.bill.number) if line.bill else line.reference


def _bill_rows(bills: list[Bill], other: str) -> list[list[Any]]:
    return [
        [b.number, words.KINDS[b.kind], b.agreement.number, getattr(b, other).name, _day(b.issued_at),
         STATES[b.state].label, Yuan(b.total_fen), Yuan(b.tax_fen)]
        for b in bills
    ]  # fmt: skip


def _day(moment: datetime | None) -> str:
    return moment.astimezone(clock.zone()).date().isoformat() if moment else ""


def _moment(moment: datetime) -> str:
    return f"{moment.astimezone(clock.zone()):%Y-%m-%d %H:%M}"


def sheets(month: Month) -> list[Sheet]:
    """The month as tables: of the workbook, the PDF and the page."""
    bill_widths = (18, 12, 18, 28, 12, 16, 14, 12)
    moved = [[_moment(x.at), x.bank_ref, what, document_of(x), *_sides(x)] for x, what in month.moved] + [
        [Text("合计", "Total"), "", "", "", Yuan(month.paid_fen), Yuan(month.received_fen)]
    ]
    kept = [[b.number, b.agreement.number, _moment(b.reserved_until) if b.reserved_until else "", Yuan(a)]
            for b, a in month.kept]  # fmt: skip
    found = [
        Sheet(Text("应付账单", "Bills to pay"), BILL_COLUMNS, _bill_rows(month.bought, "supplier"), bill_widths),
        Sheet(Text("应收账单", "Bills to receive"), BILL_COLUMNS, _bill_rows(month.sold, "buyer"), bill_widths),
        Sheet(Text("收付", "Money"), MONEY_COLUMNS, moved, (18, 18, 22, 18, 14, 14)),
        Sheet(Text("争议期留存", "Kept for the window"), KEPT_COLUMNS, kept, (18, 18, 18, 14)),
    ]
    if month.owed:
        rows = [_owed_row(month.party, row) for row in month.owed]
        found.append(
            Sheet(
                Text("应追回款（从后续分账抵扣）", "To be recovered from later pay-outs"),
                OWED_COLUMNS,
                rows,
                (18, 18, 14, 28, 14, 14, 14),
            )
        )
    return found


def _owed_row(party: Party, row: Receivable) -> list[Any]:
    owes = row.party_id == party.pk
    way = Text("本机构应退", "We owe") if owes else Text("待退本机构", "Owed to us")
    other = row.bill.buyer if owes else row.party
    return [
        row.number,
        row.bill.number,
        way,
        other.name,
        Yuan(row.amount_fen),
        Yuan(row.recovered_fen),
        Yuan(row.open_fen),
    ]


def _sides(line: BankLine) -> list[Any]:
    return [Yuan(line.amount_fen), ""] if line.direction == "in" else ["", Yuan(line.amount_fen)]
