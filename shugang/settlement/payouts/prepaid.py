"""Prepayments: a buyer pays ahead under a contract, and confirmed bills are paid out of that balance.

The reference is `YF-` and the contract's number, any amount. A bill is paid whole or not at all: the ledger holds its
amount in the contract's escrow, and splits or releases it like any other receipt.
"""

from __future__ import annotations

from shugang.kernel import clock
from shugang.kernel.actors import SYSTEM, Actor
from shugang.kernel.errors import Refusal
from shugang.kernel.events import emit
from shugang.kernel.models import Event
from shugang.kernel.numbering import yearly_number
from shugang.kernel.reactions import on
from shugang.kernel.verbs import verb
from shugang.policy.text import Text

from .. import gates
from ..bills import lifecycle
from ..bills.models import Bill
from ..bills.services import facts
from ..charges.models import ChargeAgreement
from ..charges.services import lock_agreement
from ..ledger import accounts
from ..ledger import services as ledger
from ..ledger.models import Account
from .models import BankLine, PayoutInstruction
from .receivers import Receiver, register
from .services import instruct

PREFIX = "YF-"


def reference(contract: str) -> str:
    return f"{PREFIX}{contract}"


def balance(agreement: ChargeAgreement) -> int:
    """分 that the buyer has paid ahead and no bill has taken."""
    found = Account.objects.filter(code=f"order:{agreement.number}:prepaid").first()
    return found.balance if found else 0


def receive(actor: Actor, line: BankLine, number: str, source: Account) -> Text | None:
    """Take a receipt into the contract's prepaid balance, then pay the confirmed bills that it covers."""
    agreement = ChargeAgreement.objects.filter(number=number.removeprefix(PREFIX)).select_related("buyer").first()
    if agreement is None:
        return Text("附言中的合同没有计费约定", "The reference names no contract with charges")
    account = accounts.prepaid(agreement.number, agreement.buyer_id)
    lines = {source.code: -line.amount_fen, account.code: line.amount_fen}
    key = f"prepay:{line.bank_ref}:{agreement.number}"
    line.transfer = ledger.post(key, "prepay", lines, line.at, agreement.event_refs())
    line.party, line.state, line.note_zh, line.note_en = agreement.buyer, BankLine.State.MATCHED, "", ""
    line.save()
    told = {"bank_ref": line.bank_ref, "amount_fen": line.amount_fen}
    emit("prepayment.received", actor, agreement.event_refs(), told)
    waiting = Bill.objects.filter(agreement=agreement, state="confirmed").order_by("pk")
    for bill in list(waiting.select_for_update(of=("self",))):
        draw(actor, bill)
    return None


def draw(actor: Actor, bill: Bill) -> bool:
    """Pay a confirmed bill out of the prepaid balance where that covers it whole. The caller holds the bill's lock."""
    agreement = bill.agreement
    if bill.state != "confirmed" or balance(agreement) < bill.due_fen:
        return False
    held = ledger.hold(
        f"prepaid:{bill.number}",
        accounts.prepaid(agreement.number, agreement.buyer_id).code,
        accounts.escrow(agreement.number).code,
        bill.due_fen,
        clock.now(),
        bill.event_refs(),
    )
    lifecycle.take(bill, "pay", paid_at=clock.now(), held=held)
    emit("bill.paid", actor, bill.event_refs(), {**facts(bill), "prepaid": True})
    return True


@on("bill.confirmed")
def confirmed(event: Event) -> None:
    number = str(event.payload["bill"])
    draw(SYSTEM, lifecycle.lock(number, SYSTEM))


@verb
def return_prepaid(actor: Actor, contract: str, reason: str) -> PayoutInstruction:
    """Order the custodian to pay the prepaid balance back: platform finance at any time, the buyer after the contract.

    Raises Refusal `not_found`, `forbidden`, `bills_open`, `nothing_prepaid`.
    """
    agreement = lock_agreement(contract)
    if not gates.is_operator_finance(actor):
        gates.require_buyer(agreement.buyer_id, actor)
        open_bills = agreement.bills.filter(state__in=["draft", "issued", "disputed", "confirmed"]).exists()
        if agreement.ends_on >= clock.today() or open_bills:
            raise Refusal(
                "bills_open",
                Text("合同到期且账单全部结清后，方可退还预付余额；提前退还请联系平台财务。",
                     "A prepaid balance goes back when the contract has ended and no bill is open; before, ask platform finance."),
                409,
            )  # fmt: skip
    amount = balance(agreement)
    if amount == 0:
        raise Refusal("nothing_prepaid", Text("没有可退还的预付余额。", "There is no prepaid balance to return."), 409)
    number = yearly_number("YT", clock.today().year)
    account = accounts.refund(agreement.buyer.number, agreement.buyer_id)
    lines = {accounts.prepaid(contract, agreement.buyer_id).code: -amount, account.code: amount}
    ledger.post(f"prepay-return:{number}", "prepay_return", lines, clock.now(), agreement.event_refs())
    order = instruct(None, "prepaid", account, agreement.buyer, amount, cause=number)
    told = {"amount_fen": amount, "instruction": order.number, "reason": reason}
    emit("prepayment.returned", actor, agreement.event_refs(), told)
    return order


register(Receiver(PREFIX, receive, lambda _: []))
