"""The comparisons of money: use ↔ bills ↔ ledger ↔ bank. Each recomputes one side from its own source."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db.models import F, Q, Sum

from shugang.policy.text import Text

from ..bills.models import Bill, BillPeriod
from ..charges.models import ChargeAgreement
from ..deposits.models import Deposit
from ..ledger import accounts, invariants
from ..ledger.models import Account, Entry
from ..payouts.broking import parts_of
from ..payouts.models import BankFile, BankLine, BrokerLine
from ..payouts.recovering import claimed, given_up
from ..payouts.reserve import HELD, remaining
from ..rating.lines import rated_total
from ..rating.periods import Period
from ..rating.services import backed_quantities, billed_fen, last_rating
from .report import Check

_BILLED = Text("账单计费额", "As billed")
_LINES = Text("明细合计", "Sum of lines")
_NOTES = Text("红字账单合计", "Sum of credit notes")
_LEDGER = Text("账本", "Ledger")
_BANK = Text("存管银行", "Bank")


def use(agreement: ChargeAgreement) -> Iterator[Check]:
    """Each rating again, from the use records that still stand behind it; and its lines."""
    plan = agreement.price_plan
    rows = BillPeriod.objects.filter(bill__agreement=agreement, bill__number__isnull=False)
    for row in rows.exclude(bill__state="void").select_related("bill").order_by("pk"):
        again = rated_total(plan, backed_quantities(agreement, row))
        subject = f"{row.bill.number} {row.period_from}"
        where: dict[str, Any] = {
            "contract": agreement.number,
            "period": f"{row.period_from}/{row.period_to}",
            "look": _bill_page(row.bill),
        }
        yield Check(
            "use", subject, Text("按用量重新计费", "Rated again from use"), again, _BILLED, row.rated_fen, **where
        )
        own = row.bill.lines.filter(period_from=row.period_from).aggregate(sum=Sum("amount_fen"))["sum"] or 0
        yield Check(
            "lines",
            subject,
            Text("计费额减前期已出账", "Rated less billed before"),
            row.rated_fen - row.prior_fen,
            _LINES,
            own,
            **where,
        )
    yield from _chain(agreement, [Period(row.period_from, row.period_to) for row in rows])


def _chain(agreement: ChargeAgreement, periods: list[Period]) -> Iterator[Check]:
    """Everything ever billed of a period, credit notes included, is its last rating."""
    for period in sorted(set(periods)):
        last = last_rating(agreement, period)
        yield Check(
            "lines",
            f"{agreement.number} {period.first}",
            Text("各次出账合计", "Billed in all"),
            billed_fen(agreement, period),
            Text("最近一次计费", "Last rating"),
            last.rated_fen if last else 0,
            contract=agreement.number,
            period=f"{period.first}/{period.last}",
            look=f"/desk/statements/{agreement.number}",
        )


def bills(agreement: ChargeAgreement) -> Iterator[Check]:
    """Each bill against its lines, its receipt, its split and the pay-outs instructed."""
    for bill in agreement.bills.filter(number__isnull=False).order_by("pk"):
        number = str(bill.number)
        where: dict[str, Any] = {"contract": agreement.number, "look": _bill_page(bill)}
        own = bill.lines.aggregate(sum=Sum("amount_fen"))["sum"] or 0
        yield Check("lines", number, Text("账单总额", "Bill"), bill.total_fen, _LINES, own, **where)
        if bill.kind == Bill.Kind.CREDIT_NOTE and bill.corrects is not None:
            yield Check(
                "lines",
                number,
                Text("红字账单", "Credit note"),
                -bill.total_fen,
                Text("原账单", "Original bill"),
                bill.corrects.total_fen if not bill.partial else _note_lines(bill),
                **where,
            )
        if bill.credited_fen:
            notes = -(bill.credit_notes.aggregate(sum=Sum("total_fen"))["sum"] or 0)
            yield Check("lines", number, Text("已冲减", "Credited"), bill.credited_fen, _NOTES, notes, **where)
        if bill.paid_at is not None:
            due = 0 if bill.state == "void" else bill.due_fen
            paid = _received(bill) - _refunded(bill) - claimed(bill)
            yield Check("receipt", number, Text("应付", "Due"), due, _LEDGER, paid, **where)
        if bill.state in {*HELD, "splitting", "failed", "settled"} and bill.kind == Bill.Kind.BILL and bill.paid_at:
            yield from _split(bill)


def _bill_page(bill: Bill) -> str:
    return f"/desk/bills/{bill.number}"


def _received(bill: Bill) -> int:
    """Set aside for the bill in the ledger: its receipt, or its part of a prepayment."""
    lines = BankLine.objects.filter(bill=bill, direction="in", state="matched")
    theirs = Q(transfer__in=lines.values("transfer")) | Q(transfer__key=f"prepaid:{bill.number}")
    held = Entry.objects.filter(theirs, account__kind="escrow")
    return int(held.aggregate(sum=Sum("amount"))["sum"] or 0)


def _refunded(bill: Bill) -> int:
    """Ordered back to the buyer out of what he had paid."""
    rows = bill.instructions.filter(purpose="refund")
    return int(rows.aggregate(sum=Sum("amount_fen"))["sum"] or 0)


def _note_lines(note: Bill) -> int:
    """Of the original's lines, what the note names; at most what they hold."""
    before = note.corrects.lines.filter(position__in=note.lines.values("position")) if note.corrects else ()
    most = {line.position: line.amount_fen for line in before}
    return sum(min(-line.amount_fen, most.get(line.position, 0)) for line in note.lines.all())


def _split(bill: Bill) -> Iterator[Check]:
    number = str(bill.number)
    where: dict[str, Any] = {"contract": bill.agreement.number, "look": _bill_page(bill)}
    agreed = parts_of(bill, _at_split(bill))
    posted = Entry.objects.filter(transfer__key=f"split:{number}")
    theirs = agreed.supplier + agreed.broker
    parts = ((("payable", "reserve"), theirs), (("commission",), agreed.commission), (("vat",), agreed.vat))
    told = BrokerLine.objects.filter(bill=bill).aggregate(sum=Sum("gross_fen"))["sum"] or 0
    given = posted.filter(account__code__startswith="broker:").aggregate(sum=Sum("amount"))["sum"] or 0
    yield Check("split", number, Text("经纪报酬", "Broker's fee"), told, _LEDGER, given, **where)
    for kinds, amount in parts:
        booked = posted.filter(account__kind__in=kinds).aggregate(sum=Sum("amount"))["sum"] or 0
        yield Check("split", number, Text("按约定应分", "Due by agreement"), amount, _LEDGER, booked, **where)
    due = Text("应付", "Due")
    if bill.state in HELD:
        yield Check("split", number, due, bill.due_fen, _LEDGER, sum(remaining(bill).values()), **where)
        return
    orders = bill.instructions.exclude(purpose="refund").aggregate(sum=Sum("amount_fen"))["sum"] or 0
    orders += given_up(bill) - claimed(bill)  # set off against debts of the payees, and owed back by them
    yield Check("split", number, due, bill.due_fen, Text("支付指令", "Instructions"), orders, **where)


def _at_split(bill: Bill) -> int:
    """What was divided: what is due now and what was credited out of the parts since."""
    since = [f"credit:{note.number}" for note in bill.credit_notes.all()]
    taken = Entry.objects.filter(transfer__key__in=since, transfer__kind="credit", amount__gt=0)
    return bill.due_fen + int(taken.aggregate(sum=Sum("amount"))["sum"] or 0)


def reserves() -> Iterator[Check]:
    """What reserve accounts hold is what split bills within their window have left there."""
    left: dict[str, int] = {}
    for bill in Bill.objects.filter(state__in=HELD).order_by("pk"):
        for code, amount in remaining(bill).items():
            left[code] = left.get(code, 0) + amount
    for account in Account.objects.filter(kind="reserve").order_by("code"):
        yield Check(
            "ledger",
            account.code,
            Text("争议期内应留存", "Kept for the window"),
            left.get(account.code, 0),
            _LEDGER,
            account.balance,
            look=f"/desk/ledger/{account.code}",
        )


def prepaid(agreement: ChargeAgreement) -> Iterator[Check]:
    """A prepaid balance is what the bank received for it less what bills took and what went back."""
    code = f"order:{agreement.number}:prepaid"
    account = Account.objects.filter(code=code).first()
    if account is None:
        return
    keys = f":{agreement.number}"
    lines = BankLine.objects.filter(transfer__kind="prepay", transfer__key__endswith=keys)
    received = lines.aggregate(sum=Sum("amount_fen"))["sum"] or 0
    taken = agreement.bills.exclude(paid_at=None).exclude(bank_lines__direction="in")
    drawn = sum(_received(bill) for bill in taken)
    back = (
        Entry.objects.filter(transfer__kind="prepay_return", account=account).aggregate(sum=Sum("amount"))["sum"] or 0
    )
    yield Check(
        "ledger",
        code,
        Text("预付到账减已抵扣", "Prepaid less drawn"),
        received - drawn + back,
        _LEDGER,
        account.balance,
        contract=agreement.number,
        look=f"/desk/ledger/{code}",
    )


def escrow(agreement: ChargeAgreement) -> Iterator[Check]:
    """What a contract's escrow account holds is what was paid and not yet split."""
    account = Account.objects.filter(code=f"order:{agreement.number}:escrow").first()
    waiting = agreement.bills.filter(state="paid").aggregate(sum=Sum(F("total_fen") - F("credited_fen")))["sum"] or 0
    yield Check(
        "ledger",
        agreement.number,
        Text("已付未分账", "Paid, not split"),
        waiting,
        Text("合同待分账款", "Held in escrow"),
        account.balance if account else 0,
        contract=agreement.number,
        look=f"/desk/ledger/order:{agreement.number}:escrow",
    )


def deposits() -> Iterator[Check]:
    """What a party's deposit account holds is what it paid and nobody has ended."""
    for account in Account.objects.filter(kind="deposit").order_by("code"):
        held = Deposit.objects.filter(party=account.party, state="held").aggregate(sum=Sum("amount_fen"))["sum"] or 0
        yield Check(
            "ledger",
            account.code,
            Text("存管中的保证金", "Deposits held"),
            held,
            _LEDGER,
            account.balance,
            look=f"/desk/ledger/{account.code}",
        )


def ledger() -> Iterator[Check]:
    """Each account against its entries, all accounts against 0, and what breaks another invariant of the ledger."""
    for account in Account.objects.annotate(sum=Sum("entries__amount")).order_by("code"):
        yield Check(
            "ledger",
            account.code,
            Text("账户余额", "Balance"),
            account.balance,
            Text("分录合计", "Sum of entries"),
            account.sum or 0,
            look=f"/desk/ledger/{account.code}",
        )
    zero = Text("应为零", "Must be 0")
    for invariant in invariants.INVARIANTS:
        if invariant.name in ("balance_is_sum", "custody_mirrors_liabilities"):
            continue  # which are told here by account and as the sum of all
        for found in invariants.broken(invariant):
            # No amount can stand for a missing entry or a second settlement, so each counts as 1 分.
            yield Check("ledger", found.subject, invariant.label, found.found - found.expected or 1, zero, 0)
    total = Account.objects.aggregate(sum=Sum("balance"))["sum"] or 0
    yield Check("ledger", "Σ", Text("全部账户合计", "All accounts"), total, zero, 0)


def bank() -> Iterator[Check]:
    """Each movement against its posting; the bank's stated balance against its movements and the mirror."""
    mirror = Q(transfer__entries__account__code=accounts.CUSTODY)
    lines = list(BankLine.objects.annotate(posted=Sum("transfer__entries__amount", filter=mirror)).order_by("pk"))
    for line in lines:
        # A receipt matched out of suspense was first posted there: the mirror moved in that first posting.
        posted = line.posted if line.posted is not None else _through_suspense(line)
        yield Check("bank", line.bank_ref, _BANK, line.signed_fen, _LEDGER, -posted)
    newest = BankFile.objects.order_by("-seq").first()
    stated = newest.closing_fen if newest else 0
    yield Check(
        "bank",
        "closing",
        Text("银行声明余额", "Balance stated by the bank"),
        stated,
        Text("回单合计", "Sum of movements"),
        sum(line.signed_fen for line in lines),
    )
    custody = Account.objects.filter(code=accounts.CUSTODY).first()
    yield Check(
        "bank",
        accounts.CUSTODY,
        Text("银行声明余额", "Balance stated by the bank"),
        stated,
        _LEDGER,
        -custody.balance if custody else 0,
    )


def _through_suspense(line: BankLine) -> int:
    entries = Entry.objects.filter(transfer__key=f"suspense:{line.bank_ref}", account__code=accounts.CUSTODY)
    return int(entries.aggregate(sum=Sum("amount"))["sum"] or 0)
