"""Verbs on bills: issue, confirm, dispute, answer, void. Money moves in payouts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from shugang.kernel import clock, workdays
from shugang.kernel.actors import Actor
from shugang.kernel.errors import Refusal, not_found
from shugang.kernel.events import Told, emit, emit_many
from shugang.kernel.numbering import yearly_number, yearly_numbers
from shugang.kernel.verbs import verb
from shugang.policy.text import Text

from .. import gates
from ..charges.services import RUN_CHUNK, batched, lock_agreement, lock_agreements
from . import lifecycle
from .models import Bill, BillLine

PREFIX = "ZD"
NOTE_PREFIX = "HZ"


def note_number() -> str:
    """Credit notes are numbered apart from bills, gap-free as they are."""
    return yearly_number(NOTE_PREFIX, clock.today().year)


def facts(bill: Bill) -> dict[str, Any]:
    """What an event says of a bill; no floats, no secrets."""
    return {
        "bill": bill.number,
        "kind": bill.kind,
        "state": bill.state,
        "total_fen": bill.total_fen,
        "tax_fen": bill.tax_fen,
        "period_from": bill.period_from.isoformat(),
        "period_to": bill.period_to.isoformat(),
    }


def issue_bill(actor: Actor, contract: str) -> Bill:
    """Issue the draft of a contract: it gets its gap-free number and never changes again.

    A draft of 0 分 (free, or all use uncharged) is a statement: issued and settled at once.
    Raises Refusal `forbidden`, `not_found`.
    """
    return _issue(actor, [contract])[0]


def issue_all(actor: Actor) -> list[Bill]:
    """Issue every draft in order of contract, a chunk to a transaction. Raises Refusal `forbidden`."""
    gates.require_operator(actor)
    contracts = Bill.objects.filter(state="draft").order_by("agreement__number")
    chunks = batched(contracts.values_list("agreement__number", flat=True), RUN_CHUNK)
    return [bill for chunk in chunks for bill in _issue(actor, chunk)]


@verb
def _issue(actor: Actor, contracts: Sequence[str]) -> list[Bill]:
    gates.require_operator(actor)
    agreements = lock_agreements(contracts)  # or a rating run could replace the drafts in our hands
    drafts = Bill.objects.select_for_update(of=("self",)).select_related("agreement__buyer", "agreement__supplier")
    bills = list(drafts.filter(agreement__in=agreements, state="draft").order_by("agreement__number"))
    if len(bills) < len(agreements):
        raise not_found(Text("待出具的草稿", "draft to issue"))
    now = clock.now()
    for bill, number in zip(bills, yearly_numbers(PREFIX, clock.today().year, len(bills)), strict=True):
        closed = bill.kind == Bill.Kind.STATEMENT
        lifecycle.move(
            bill, "close" if closed else "issue", number=number, issued_at=now, settled_at=now if closed else None
        )
    lifecycle.save_all(bills, "number", "issued_at", "settled_at")
    emit_many(
        actor,
        [
            Told(kind, bill.event_refs(), facts(bill))
            for bill in bills
            for kind in (["bill.issued", "bill.settled"] if bill.kind == Bill.Kind.STATEMENT else ["bill.issued"])
        ],
    )
    return bills


@verb
def confirm_bill(actor: Actor, number: str, revision: int | None = None) -> Bill:
    """The buyer agrees to the amount; from now the days to pay run.

    Raises Refusal `not_found`, `forbidden`, `stale_version`, `wrong_state`.
    """
    bill = lifecycle.lock(number, actor)
    gates.require_buyer(bill.buyer_id, actor)
    lifecycle.check_revision(bill, revision)
    lifecycle.check_state(bill, "confirm")
    due, _ = workdays.due(clock.now(), int(bill.agreement.profile.data["payment_days"]), "wd")
    lifecycle.take(bill, "confirm", confirmed_at=clock.now(), due_on=due.date())
    emit("bill.confirmed", actor, bill.event_refs(), {**facts(bill), "due_on": due.date().isoformat()})
    return bill


@verb
def dispute_bill(actor: Actor, number: str, reason: str, revision: int | None = None) -> Bill:
    """The buyer objects, in words; the operator answers. Raises as `confirm_bill`, and `invalid_form`."""
    bill = lifecycle.lock(number, actor)
    gates.require_buyer(bill.buyer_id, actor)
    lifecycle.check_revision(bill, revision)
    said = words_of(
        reason, "reason", Text("请写明异议的内容和理由，至少5个字。", "Please say what you object to, and why.")
    )
    lifecycle.take(bill, "dispute", dispute=said, answer="")
    emit("bill.disputed", actor, bill.event_refs(), {**facts(bill), "reason": said})
    return bill


def words_of(text: str, field: str, ask: Text) -> str:
    """5 to 1000 characters, or Refusal `invalid_form`."""
    said = text.strip()
    if not 5 <= len(said) <= 1000:
        raise Refusal("invalid_form", ask, 422, {field: ask})
    return said


@verb
def answer_dispute(actor: Actor, number: str, upheld: bool, answer: str, revision: int | None = None) -> Bill:
    """The operator answers: upheld voids the bill with a credit note, otherwise it is to be confirmed again."""
    gates.require_operator(actor)
    bill = lifecycle.lock(number, actor)
    lifecycle.check_revision(bill, revision)
    lifecycle.check_state(bill, "reject_dispute")
    said = words_of(answer, "answer", Text("请写明答复和依据，至少5个字。", "Please give your answer and its grounds."))
    if upheld:
        bill.answer = said
        bill.save(update_fields=["answer"])
        return void_bill(actor, number, said)
    lifecycle.take(bill, "reject_dispute", answer=said)
    emit("bill.dispute_rejected", actor, bill.event_refs(), {**facts(bill), "answer": said})
    return bill


@verb
def void_bill(actor: Actor, number: str, reason: str, revision: int | None = None) -> Bill:
    """Void an unpaid bill by a credit note; its use is unbilled again and comes with the next rating.

    Raises Refusal `forbidden`, `not_found`, `wrong_state`, `later_bill`.
    """
    gates.require_operator(actor)
    bill = lifecycle.lock(number, actor)
    lifecycle.check_revision(bill, revision)
    make_void(actor, bill, "void", reason)
    return bill


def make_void(actor: Actor, bill: Bill, step: str, reason: str) -> Bill:
    """Take the voiding step and issue the credit note that negates the bill. Returns the credit note."""
    lifecycle.check_state(bill, step)
    lock_agreement(bill.agreement.number)
    _refuse_if_credited(bill)
    _refuse_if_built_upon(bill)
    now = clock.now()
    lifecycle.take(bill, step, voided_at=now)
    note = Bill.objects.create(
        number=note_number(),
        kind=Bill.Kind.CREDIT_NOTE,
        state="settled",
        agreement=bill.agreement,
        buyer=bill.buyer,
        supplier=bill.supplier,
        period_from=bill.period_from,
        period_to=bill.period_to,
        total_fen=-bill.total_fen,
        tax_fen=-bill.tax_fen,
        drafted_at=now,
        issued_at=now,
        settled_at=now,
        corrects=bill,
    )
    BillLine.objects.bulk_create([_negated(line, note) for line in bill.lines.order_by("position")])
    refs = [*bill.event_refs(), ("bill", str(note.number))]
    emit("bill.voided", actor, refs, {**facts(bill), "credit_note": note.number, "reason": reason})
    return note


def _negated(line: BillLine, note: Bill) -> BillLine:
    return BillLine(
        bill=note,
        position=line.position,
        period_from=line.period_from,
        period_to=line.period_to,
        charge_reason=line.charge_reason,
        tier=line.tier,
        late=line.late,
        unit=line.unit,
        quantity=-line.quantity,
        unit_price_e8=line.unit_price_e8,
        unit_size=line.unit_size,
        amount_fen=-line.amount_fen,
        tax_fen=-line.tax_fen,
        vat_bp=line.vat_bp,
        grant=line.grant,
        outcomes=line.outcomes,
        usage_from=line.usage_from,
        usage_to=line.usage_to,
    )


def _refuse_if_credited(bill: Bill) -> None:
    """Voiding bills the use anew, which would take an allowance back."""
    if bill.credited_fen:
        raise Refusal(
            "partly_credited",
            Text(
                "本账单已部分冲减，不能整份作废。如需冲减余额，请再开一份红字账单。",
                "This bill is credited in part, so it is not voided. Credit what is left by another credit note.",
            ),
            409,
        )


def _refuse_if_built_upon(bill: Bill) -> None:
    """A later bill that bills the difference to this one would hang in the air."""
    periods = bill.periods.values("period_from")
    later = (
        Bill.objects.filter(agreement_id=bill.agreement_id, pk__gt=bill.pk, periods__period_from__in=periods)
        .exclude(state="void")
        .order_by("-pk")
        .first()
    )
    if later is not None:
        name = later.number or "草稿"
        raise Refusal(
            "later_bill",
            Text(
                f"后续账单（{name}）以本账单为基础计算差额。请先处理后续账单，再作废本账单。",
                f"A later bill ({later.number or 'a draft'}) bills the difference to this one. Deal with it first.",
            ),
            409,
        )
