"""Money as the custodian moves it: receipts in, split and refund instructions out, settlement of the bill.

The platform never holds money: every posting here mirrors a line of the custodian's signed report, or
prepares an instruction to it (a venue may not pool and re-settle funds without a payment licence).
"""

from __future__ import annotations

from typing import NamedTuple

from shugang.kernel import clock, workdays
from shugang.kernel.actors import Actor
from shugang.kernel.errors import Refusal, not_found
from shugang.kernel.events import emit, iso
from shugang.kernel.numbering import yearly_number
from shugang.kernel.verbs import verb
from shugang.parties.models import Party
from shugang.parties.organisations.queries import the_operator
from shugang.policy.money import allocate
from shugang.policy.text import Text

from .. import gates
from ..bills import lifecycle
from ..bills.models import Bill
from ..bills.services import facts, make_void
from ..charges.services import lock_agreement
from ..ledger import accounts
from ..ledger import services as ledger
from ..ledger.models import Account, Transfer
from . import bank
from .broking import note_fee, parts_of
from .holds import held_contracts, require_free
from .models import BankLine, PayoutInstruction
from .receivers import Receiver, receiver_for
from .recovering import pay_out
from .settling import settle_if_paid_out
from .split import Shares

INSTRUCTION = Text("这条支付指令", "payment instruction")
RECEIPT = Text("这笔到账", "receipt")


class Matched(NamedTuple):
    """What a receipt was matched with, and how that stands."""

    number: str
    state: str


class Target(NamedTuple):
    """A part of a split: what for, the account that it stands in, who is paid, 分."""

    purpose: str
    account: Account
    payee: Party
    amount: int


def held_for(bill: Bill) -> Transfer:
    """The hold of the bill's money in the contract's escrow account, made by its receipt or out of a prepayment."""
    if bill.held is not None:
        return bill.held
    line = BankLine.objects.select_related("transfer").get(bill=bill, direction="in", state="matched")
    if line.transfer is None:
        raise LookupError(f"receipt {line.bank_ref} was matched without a posting")
    return line.transfer


@verb
def instruct_split(actor: Actor, number: str, revision: int | None = None) -> Bill:
    """Divide a paid bill and order the custodian to pay out each part; with a dispute window, after it (`reserve`).

    Raises Refusal `forbidden`, `not_found`, `stale_version`, `wrong_state`, `funds_held`.
    """
    gates.require_operator(actor)
    bill = lifecycle.lock(number, actor)
    lifecycle.check_revision(bill, revision)
    lifecycle.check_state(bill, "split")
    require_free(lock_agreement(bill.agreement.number))
    window = bill.agreement.reserve_days
    if window:
        lifecycle.take(bill, "reserve", reserved_until=workdays.due(clock.now(), window, "d")[0])
    else:
        lifecycle.take(bill, "split")
    parts = parts_of(bill)
    targets = [t for t in targets_of(bill, parts, reserved=window > 0) if t.amount]
    ledger.settle(
        f"split:{bill.number}",
        held_for(bill),
        {account.code: amount for _, account, _, amount in targets},
        clock.now(),
        bill.event_refs(),
    )
    note_fee(bill, parts.broker)
    orders = [] if window else [order for target in targets for order in pay_out(bill, *target)]
    told = {**facts(bill), **parts._asdict(), "instructions": [o.number for o in orders]}
    if bill.reserved_until:
        told["reserved_until"] = iso(bill.reserved_until)
    emit("bill.split", actor, bill.event_refs(), told)
    if not window and not orders:
        settle_if_paid_out(actor, bill)
    return bill


def targets_of(bill: Bill, parts: Shares, reserved: bool = False) -> list[Target]:
    """Where each part goes, parts of 0 too; the suppliers' parts to their reserve accounts while the dispute window runs."""
    operator = the_operator()
    rows = [
        *_suppliers(bill, parts.supplier, reserved),
        ("commission", accounts.commission(), operator, parts.commission),
        ("vat", accounts.vat(), operator, parts.vat),
    ]
    if (broker := bill.agreement.broker) is not None:
        kind = accounts.broker_reserve if reserved else accounts.broker
        rows.append(("broker", kind(broker.number, broker.pk), broker, parts.broker))
    return [Target(*row) for row in rows]


def _suppliers(bill: Bill, amount: int, reserved: bool) -> list[tuple[str, Account, Party, int]]:
    """The supplier's part, divided by the shares frozen with the contract (largest remainder)."""
    shares = bill.agreement.shares or [[bill.supplier.number, 1]]
    payees = Party.objects.in_bulk([number for number, _ in shares], field_name="number")
    parts = allocate(amount, [weight for _, weight in shares])
    rows = []
    for (number, _), part in zip(shares, parts, strict=True):
        own = number == bill.supplier.number
        kind = accounts.reserve if reserved else accounts.payable if own else accounts.contributor
        payee = payees[number]
        rows.append(("supplier" if own else "contributor", kind(number, payee.pk), payee, part))
    return rows


def instruct(
    bill: Bill | None,
    purpose: str,
    account: Account,
    payee: Party | None,
    amount: int,
    name: str = "",
    cause: str = "",
) -> PayoutInstruction:
    """Order the custodian to pay `amount` 分 out of `account`; `cause` numbers what asks for it where no bill does."""
    return PayoutInstruction.objects.create(
        number=yearly_number("FZ", clock.today().year),
        bill=bill,
        purpose=purpose,
        account=account,
        payee=payee,
        payee_name=payee.name if payee else name,
        amount_fen=amount,
        cause=cause,
        created_at=clock.now(),
    )


@verb
def refund_bill(actor: Actor, number: str, reason: str, revision: int | None = None) -> Bill:
    """Void a paid bill that is not split yet: a credit note, and an order to pay the buyer back in full."""
    gates.require_operator(actor)
    bill = lifecycle.lock(number, actor)
    lifecycle.check_revision(bill, revision)
    lifecycle.check_state(bill, "refund")
    held = held_for(bill)
    make_void(actor, bill, "refund", reason)
    account = accounts.refund(bill.buyer.number, bill.buyer_id)
    ledger.release(f"refund:{bill.number}", held, account.code, clock.now(), bill.event_refs())
    order = instruct(bill, "refund", account, bill.buyer, bill.total_fen)
    emit("bill.refund_instructed", actor, bill.event_refs(), {**facts(bill), "instruction": order.number})
    return bill


@verb
def retry_instruction(actor: Actor, number: str) -> PayoutInstruction:
    """Send a failed instruction again, as a new attempt. Raises Refusal `forbidden`, `not_found`, `wrong_state`."""
    gates.require_operator(actor)
    row = PayoutInstruction.objects.select_for_update(of=("self",)).filter(number=number).first()
    if row is None:
        raise not_found(INSTRUCTION)
    if row.state != PayoutInstruction.State.FAILED:
        raise Refusal(
            "wrong_state", Text("只有未成功的指令可以重发。", "Only a failed instruction is sent again."), 409
        )
    row.state, row.attempt, row.reason = PayoutInstruction.State.INSTRUCTED, row.attempt + 1, ""
    row.save(update_fields=["state", "attempt", "reason"])
    bill = row.bill
    if bill is not None and bill.state == "failed" and not bill.instructions.filter(state="failed").exists():
        lifecycle.take(lifecycle.lock(str(bill.number), actor), "retry")
    refs = bill.event_refs() if bill else []
    emit("payout.retried", actor, refs, {"instruction": row.number, "attempt": row.attempt})
    return row


def suspended(bank_ref: str) -> BankLine:
    """A receipt in suspense under its row lock. Raises Refusal `not_found`."""
    line = BankLine.objects.select_for_update(of=("self",)).filter(bank_ref=bank_ref, state="suspense").first()
    if line is None:
        raise not_found(RECEIPT)
    return line


@verb
def match_receipt(actor: Actor, bank_ref: str, number: str) -> Matched:
    """Take a receipt out of suspense for a bill of exactly its amount that awaits payment, or what else awaits it.

    Raises Refusal `forbidden`, `not_found`, `wrong_state`, `amount_differs`, `does_not_fit`.
    """
    gates.require_operator(actor)
    if receiver := receiver_for(number):
        return _match_other(actor, bank_ref, number, receiver)
    bill = lifecycle.lock(number, actor)
    lifecycle.check_state(bill, "pay")
    line = suspended(bank_ref)
    if line.amount_fen != bill.due_fen:
        raise Refusal(
            "amount_differs",
            Text(
                "到账金额与账单金额不一致，不能匹配。请退回该笔款项，或请需方按账单金额付款。",
                "The receipt differs from the bill. Return it, or ask the buyer to pay the bill's amount.",
            ),
            409,
        )
    receive(actor, bill, line, accounts.suspense())
    return Matched(number, bill.state)


def _match_other(actor: Actor, bank_ref: str, number: str, receiver: Receiver) -> Matched:
    line = suspended(bank_ref)
    if wrong := receiver.take(actor, line, number, accounts.suspense()):
        raise Refusal("does_not_fit", Text(f"{wrong.zh}，不能匹配。", f"{wrong.en}; it is not matched."), 409)
    return Matched(number, line.state)


def receive(actor: Actor, bill: Bill, line: BankLine, source: Account) -> None:
    """Set a receipt aside for its bill. `source` is the bank's mirror, or suspense."""
    escrow = accounts.escrow(bill.agreement.number)
    line.transfer = ledger.hold(
        f"receipt:{line.bank_ref}:{bill.number}",
        source.code,
        escrow.code,
        line.amount_fen,
        line.at,
        bill.event_refs(),
    )
    line.bill, line.state, line.note_zh, line.note_en = bill, BankLine.State.MATCHED, "", ""
    line.save()
    lifecycle.take(bill, "pay", paid_at=line.at, held=line.transfer)
    emit("bill.paid", actor, bill.event_refs(), {**facts(bill), "bank_ref": line.bank_ref})


@verb
def return_receipt(actor: Actor, bank_ref: str) -> PayoutInstruction:
    """Order the custodian to pay an unmatched receipt back. Raises Refusal `forbidden`, `not_found`."""
    gates.require_operator(actor)
    line = suspended(bank_ref)
    order = instruct(None, "return", accounts.suspense(), None, line.amount_fen, line.counterparty)
    line.state, line.instruction = BankLine.State.RETURNED, order
    line.save(update_fields=["state", "instruction"])
    emit("receipt.returned", actor, [], {"bank_ref": bank_ref, "instruction": order.number})
    return order


def instruct_all(actor: Actor) -> list[Bill]:
    """Instruct the split of every paid bill whose funds are not held, then write the files."""
    gates.require_operator(actor)
    paid = Bill.objects.filter(state="paid").exclude(agreement__in=held_contracts())
    numbers = list(paid.order_by("pk").values_list("number", flat=True))
    bills = [instruct_split(actor, str(n)) for n in numbers]
    bank.send_instructions()
    return bills
