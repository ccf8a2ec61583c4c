"""The reserve of the dispute window: a split bill's parts stay with the custodian until it ends without objection."""

from __future__ import annotations

from shugang.kernel import clock
from shugang.kernel.actors import SYSTEM, Actor
from shugang.kernel.errors import Refusal
from shugang.kernel.events import emit
from shugang.kernel.verbs import verb
from shugang.parties.models import Party
from shugang.policy.text import Text

from .. import gates
from ..bills import lifecycle
from ..bills.models import Bill
from ..bills.services import facts, words_of
from ..charges.services import lock_agreement
from ..ledger import accounts
from ..ledger import services as ledger
from ..ledger.models import Account, Transfer
from . import bank
from .broking import parts_of
from .holds import held_contracts, require_free
from .recovering import pay_out
from .services import targets_of
from .settling import settle_if_paid_out

HELD = ("reserved", "contested")
PAID_FROM = {"supplier": accounts.payable, "contributor": accounts.contributor, "broker": accounts.broker}


def remaining(bill: Bill) -> dict[str, int]:
    """Account → 分 of what the bill's split booked there, less what credit notes took back."""
    left = {c: a for c, a in ledger.booked(Transfer.objects.get(key=f"split:{bill.number}")).items() if a > 0}
    notes = [f"credit:{number}" for number in bill.credit_notes.values_list("number", flat=True)]
    for taken in Transfer.objects.filter(key__in=notes, kind="credit"):
        for code, amount in ledger.booked(taken).items():
            if code in left:
                left[code] += amount
    return left


@verb
def contest_bill(actor: Actor, number: str, reason: str, revision: int | None = None) -> Bill:
    """The buyer objects within the window: nothing is paid out until platform finance answers.

    Raises Refusal `not_found`, `forbidden`, `stale_version`, `wrong_state`, `invalid_form`.
    """
    bill = lifecycle.lock(number, actor)
    gates.require_buyer(bill.buyer_id, actor)
    lifecycle.check_revision(bill, revision)
    lifecycle.check_state(bill, "contest")
    said = words_of(
        reason, "reason", Text("请写明异议的内容和理由，至少5个字。", "Please say what you object to, and why.")
    )
    lifecycle.take(bill, "contest", dispute=said, answer="")
    emit("bill.contested", actor, bill.event_refs(), {**facts(bill), "reason": said})
    return bill


@verb
def dismiss_objection(actor: Actor, number: str, answer: str, revision: int | None = None) -> Bill:
    """Platform finance ends the objection in words; a refund that it grants is a credit note made before."""
    gates.require_operator(actor)
    bill = lifecycle.lock(number, actor)
    lifecycle.check_revision(bill, revision)
    lifecycle.check_state(bill, "dismiss")
    said = words_of(answer, "answer", Text("请写明答复和依据，至少5个字。", "Please give your answer and its grounds."))
    lifecycle.take(bill, "dismiss", answer=said)
    emit("bill.objection_ended", actor, bill.event_refs(), {**facts(bill), "answer": said})
    return bill


@verb
def release_reserve(actor: Actor, number: str) -> Bill:
    """Pay out a split bill whose window has ended. Raises Refusal `forbidden`, `not_found`, `wrong_state`, `too_early`, `funds_held`."""
    gates.require_operator(actor)
    bill = lifecycle.lock(number, actor)
    lifecycle.check_state(bill, "release")
    require_free(lock_agreement(bill.agreement.number))
    if bill.reserved_until is None or clock.now() <= bill.reserved_until:
        raise Refusal(
            "too_early",
            Text("争议期未满，款项不能付出。", "The dispute window has not ended; nothing is paid out yet."),
            409,
        )
    left = remaining(bill)
    kept = {t.account.code: t for t in targets_of(bill, parts_of(bill), reserved=True)}
    moves: dict[str, int] = {}
    due: list[tuple[str, Account, Party, int]] = []
    for code, amount in left.items():
        if amount == 0:
            continue
        target = kept[code]
        account = target.account
        if account.kind == "reserve":
            account = PAID_FROM[target.purpose](target.payee.number, target.payee.pk)
            moves |= {code: -amount, account.code: amount}
        due.append((target.purpose, account, target.payee, amount))
    if moves:
        ledger.post(f"release:{bill.number}", "window", moves, clock.now(), bill.event_refs())
    for part in due:
        pay_out(bill, *part)
    lifecycle.take(bill, "release")
    if bill.instructions.filter(state="failed").exists():  # a refund that the bank refused
        lifecycle.take(bill, "fail")
    emit("bill.released", actor, bill.event_refs(), facts(bill))
    settle_if_paid_out(actor, bill)
    return bill


def release_due() -> int:
    """The worker's pass: pay out what stands at the end of its window. Returns how many bills."""
    due = (
        Bill.objects.filter(state="reserved", reserved_until__lt=clock.now())
        .exclude(agreement__in=held_contracts())
        .order_by("pk")
    )
    numbers = [str(n) for n in due.values_list("number", flat=True)[:200]]
    for number in numbers:
        release_reserve(SYSTEM, number)
    if numbers:
        bank.send_instructions()
    return len(numbers)
