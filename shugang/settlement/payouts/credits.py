"""Crediting a part of a bill: the note, and the money back to the buyer as it was booked. Never more than is left."""

from __future__ import annotations

from collections.abc import Mapping

from shugang.kernel import clock
from shugang.kernel.actors import Actor
from shugang.kernel.errors import Refusal
from shugang.kernel.events import emit
from shugang.kernel.verbs import verb
from shugang.policy.money import allocate
from shugang.policy.text import Text

from .. import gates
from ..bills import lifecycle
from ..bills.credits import OPEN, UNPAID, make_note
from ..bills.models import Bill
from ..bills.services import facts, words_of
from ..ledger import accounts
from ..ledger import services as ledger
from .broking import taken_back
from .recovering import claim
from .reserve import remaining
from .services import held_for, instruct


@verb
def credit_bill(
    actor: Actor, number: str, amounts: Mapping[int, int], reason: str, revision: int | None = None
) -> Bill:
    """Take `amounts` (line → 分) off a bill by a credit note; what was paid goes back to the buyer. Returns the note.

    An unpaid bill is then due for less. Of a settled one the payees owe it back (`recovering`): the buyer gets it out of
    their next pay-outs. Raises Refusal `forbidden`, `not_found`, `stale_version`, `wrong_state`,
    `paid_out`, `invalid_form`, `nothing_to_credit`, `credit_too_large`.
    """
    gates.require_operator(actor)
    bill = lifecycle.lock(number, actor)
    lifecycle.check_revision(bill, revision)
    _check_open(bill)
    said = words_of(
        reason, "reason", Text("请写明冲减的理由，至少5个字。", "Please say why, in five characters at least.")
    )
    state, held = bill.state, None if bill.state in UNPAID else held_for(bill)
    note = make_note(actor, bill, amounts, said)
    if state == "settled":
        claim(actor, bill, note, remaining(bill))
        return note
    if held is None:
        return note
    if state == "paid":
        _out_of_escrow(bill, note)
    else:
        _out_of_split(bill, note)
    account = accounts.refund(bill.buyer.number, bill.buyer_id)
    order = instruct(bill, "refund", account, bill.buyer, -note.total_fen, cause=str(note.number))
    told = {**facts(bill), "credit_note": note.number, "refund_fen": -note.total_fen, "instruction": order.number}
    emit("bill.refund_instructed", actor, bill.event_refs(), told)
    return note


def _check_open(bill: Bill) -> None:
    if bill.state in (*OPEN, "settled") and bill.kind == Bill.Kind.BILL:
        return
    if bill.state in {"splitting", "failed"} and bill.kind == Bill.Kind.BILL:
        raise Refusal(
            "paid_out",
            Text(
                "款项正由存管银行付出，现在不能冲减。结清后再办理，届时从供方后续的分账中追回。",
                "The custodian is paying it out now. Credit it once it is settled: it is then recovered from later pay-outs.",
            ),
            409,
        )
    now = lifecycle.STATES[bill.state].label
    raise Refusal(
        "wrong_state", Text(f"账单当前“{now.zh}”，不能冲减。", f"The bill is “{now.en}”; it is not credited."), 409
    )


def _out_of_escrow(bill: Bill, note: Bill) -> None:
    """Before the split: the hold ends, the part goes to the buyer, the rest is held again."""
    held, total, at = held_for(bill), -note.total_fen, clock.now()
    refs = [*bill.event_refs(), ("bill", str(note.number))]
    booked = ledger.booked(held)
    source, escrow = (next(c for c, a in booked.items() if (a > 0) == into) for into in (False, True))
    account = accounts.refund(bill.buyer.number, bill.buyer_id)
    ledger.settle(f"credit:{note.number}", held, {account.code: total}, at, refs)
    if rest := booked[escrow] - total:
        bill.held = ledger.hold(f"held-again:{note.number}", source, escrow, rest, at, refs)
        bill.save(update_fields=["held"])


def _out_of_split(bill: Bill, note: Bill) -> None:
    """Within the window: each part gives back in proportion to what is left of what was booked (largest remainder)."""
    left, total = remaining(bill), -note.total_fen
    parts = allocate(total, list(left.values()))
    lines = {code: -part for code, part in zip(left, parts, strict=True) if part}
    taken_back(bill, note, dict(zip(left, parts, strict=True)))
    lines[accounts.refund(bill.buyer.number, bill.buyer_id).code] = total
    refs = [*bill.event_refs(), ("bill", str(note.number))]
    ledger.post(f"credit:{note.number}", "credit", lines, clock.now(), refs)
