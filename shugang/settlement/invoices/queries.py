"""Reads of invoices, as far as the actor may see them, and the steps open to him."""

from __future__ import annotations

from django.db.models import Q, QuerySet

from shugang.kernel.actors import Actor
from shugang.kernel.errors import not_found

from .. import gates
from ..bills.models import Bill
from .lifecycle import MOVES
from .models import Invoice
from .services import INVOICE, INVOICEABLE, amounts


def invoices(actor: Actor, state: str = "") -> QuerySet[Invoice]:
    rows: QuerySet[Invoice] = Invoice.objects.visible_to(actor).select_related("bill__agreement", "issuer", "receiver")
    return (rows.filter(state=state) if state else rows).order_by("-pk")


def invoice(actor: Actor, number: str) -> Invoice:
    """Raises Refusal `not_found`."""
    found = invoices(actor).filter(number=number).first()
    if found is None:
        raise not_found(INVOICE)
    return found


def of_bill(actor: Actor, bill: Bill) -> list[Invoice]:
    return list(invoices(actor).filter(bill=bill).order_by("pk"))


def subjects_for(actor: Actor, bill: Bill) -> list[str]:
    """What the actor may ask an invoice for now."""
    if bill.kind != Bill.Kind.BILL or bill.state not in INVOICEABLE:
        return []
    sides = {"bill": bill.buyer_id, "commission": bill.supplier_id}
    open_now = set(
        Invoice.objects.visible_to(actor)
        .filter(bill=bill, state__in=["requested", "issued", "red_due"])
        .values_list("subject", flat=True)
    )
    return [
        subject
        for subject, party in sides.items()
        if gates.may_decide_for(party, actor) and subject not in open_now and amounts(bill, subject)[0] > 0
    ]


def steps_for(found: Invoice, actor: Actor) -> list[str]:
    sides = {"issuer": found.issuer_id, "receiver": found.receiver_id}
    return [
        name
        for name, move in MOVES.items()
        if found.state in move.sources and move.by in sides and gates.may_decide_for(sides[move.by], actor)
    ]


def count_to_issue(actor: Actor) -> int:
    """Requests and red letters that wait for this person's party."""
    if not actor.duties & gates.BUYER_DUTIES:
        return 0
    mine = Q(issuer_id=actor.party_id or 0, state__in=["requested", "red_due"])
    return int(Invoice.objects.visible_to(actor).filter(mine).count())
