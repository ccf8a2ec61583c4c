"""Reading the custodian's reports: each file once, each movement once, whatever it says is kept."""

from __future__ import annotations

from shugang.kernel import clock
from shugang.kernel.actors import Actor
from shugang.kernel.errors import Refusal
from shugang.kernel.events import emit
from shugang.kernel.verbs import verb
from shugang.policy.text import Text

from .. import gates
from ..bills import lifecycle
from ..bills.models import Bill
from ..ledger import accounts
from ..ledger import services as ledger
from . import bank
from .models import BankFile, BankLine, PayoutInstruction
from .receivers import receiver_for
from .services import receive
from .settling import settle_if_paid_out

_UNKNOWN = Text("附言中没有可识别的账单编号", "The reference names no bill")
_NOT_DUE = Text("该账单当前不在待付款状态", "That bill is not awaiting payment")
_DIFFERS = Text("金额与账单不一致", "The amount differs from the bill")
_NO_ORDER = Text("没有对应的支付指令，请立即向存管银行核实", "No such instruction was given; ask the bank at once")


def exchange(actor: Actor) -> list[BankFile]:
    """Write what is to be sent, read what came. Returns the reports that were new.

    Raises Refusal `forbidden`, `custodian_unknown`, `bad_report` (earlier files stay read).
    """
    gates.require_operator(actor)
    bank.send_instructions()
    return [row for report in bank.reports() if (row := _take_in(actor, report)) is not None]


def _take_in(actor: Actor, report: bank.Report) -> BankFile | None:
    known = BankFile.objects.filter(seq=report.seq).first()
    if known is None:
        return _read(actor, report)
    if known.sha256 != report.sha256:
        raise Refusal(
            "bad_report",
            Text(
                f"存管回单第{report.seq}号已读取，但内容与上次不同，未入账。请向存管银行核实。",
                f"Report {report.seq} was read before with other content; nothing was posted. Ask the bank.",
            ),
            409,
        )
    return None


@verb
def _read(actor: Actor, report: bank.Report) -> BankFile:
    file = BankFile.objects.create(
        name=report.name,
        seq=report.seq,
        sha256=report.sha256,
        closing_fen=report.closing_fen,
        stated_at=report.at,
        read_at=clock.now(),
    )
    for line in report.lines:
        row = BankLine(file=file, **line._asdict())
        if BankLine.objects.filter(bank_ref=line.bank_ref).exists():
            continue  # a movement that two reports state moved once
        if line.direction == "in":
            _money_in(actor, row)
        else:
            _money_out(actor, row)
    for rejection in report.rejections:
        _rejected(actor, rejection)
    payload = {
        "file": report.name,
        "sha256": report.sha256,
        "lines": len(report.lines),
        "rejections": len(report.rejections),
        "closing_fen": report.closing_fen,
    }
    emit("bank.report_read", actor, [("bank_report", str(report.seq))], payload)
    return file


def _money_in(actor: Actor, line: BankLine) -> None:
    note = _take(actor, line)
    if note is None:
        return
    line.transfer = ledger.post(
        f"suspense:{line.bank_ref}",
        "suspense",
        {accounts.custody().code: -line.amount_fen, accounts.suspense().code: line.amount_fen},
        line.at,
    )
    line.state, line.note_zh, line.note_en = BankLine.State.SUSPENSE, note.zh, note.en
    line.owner_id = actor.person_id  # who read the report answers for it until another takes over
    line.save()


def _take(actor: Actor, line: BankLine) -> Text | None:
    """Book the receipt for what its reference names, or say why it does not fit."""
    if receiver := receiver_for(line.reference):
        return receiver.take(actor, line, line.reference, accounts.custody())
    bill = Bill.objects.select_for_update(of=("self",)).filter(number=line.reference).first()
    wrong = _mismatch(bill, line)
    if bill is not None and wrong is None:
        receive(actor, bill, line, accounts.custody())
    return wrong


def _mismatch(bill: Bill | None, line: BankLine) -> Text | None:
    if bill is None:
        return _UNKNOWN
    if bill.state != "confirmed":
        return _NOT_DUE
    return _DIFFERS if bill.due_fen != line.amount_fen else None


def _money_out(actor: Actor, line: BankLine) -> None:
    order = PayoutInstruction.objects.select_for_update(of=("self",)).filter(number=line.reference).first()
    if order is None or order.state == PayoutInstruction.State.DONE or order.amount_fen != line.amount_fen:
        # Not posted: the ledger then differs from the bank, and reconciliation says so until it is cleared.
        line.state, line.note_zh, line.note_en = BankLine.State.UNEXPLAINED, _NO_ORDER.zh, _NO_ORDER.en
        line.save()
        return
    bill = order.bill
    refs = bill.event_refs() if bill else []
    line.transfer = ledger.post(
        f"payout:{line.bank_ref}",
        "payout",
        {order.account.code: -line.amount_fen, accounts.custody().code: line.amount_fen},
        line.at,
        refs,
    )
    line.state, line.instruction, line.bill = BankLine.State.MATCHED, order, bill
    line.save()
    order.state, order.done_at = PayoutInstruction.State.DONE, line.at
    order.save(update_fields=["state", "done_at"])
    if order.cause:
        told = {"instruction": order.number, "cause": order.cause, "amount_fen": order.amount_fen}
        emit("payout.done", actor, refs, told)
    if bill is not None:
        settle_if_paid_out(actor, bill)


def _rejected(actor: Actor, rejection: bank.Rejection) -> None:
    order = (
        PayoutInstruction.objects.select_for_update(of=("self",))
        .filter(number=rejection.instruction, attempt=rejection.attempt, state="instructed")
        .first()
    )
    if order is None:
        return
    order.state, order.reason = PayoutInstruction.State.FAILED, rejection.reason[:400]
    order.save(update_fields=["state", "reason"])
    bill = order.bill
    if bill is not None and bill.state in {"splitting", "failed"}:
        lifecycle.take(lifecycle.lock(str(bill.number), actor), "fail")
    refs = bill.event_refs() if bill else []
    emit("payout.failed", actor, refs, {"instruction": order.number, "reason": order.reason})
