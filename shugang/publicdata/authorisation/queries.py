"""Reads of authorised operations. `public_…`: what anybody sees of calls, notices and agreements in force."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet

from shugang.delivery.models import Grant
from shugang.kernel.actors import Actor
from shugang.kernel.errors import not_found
from shugang.parties.keys.signatures import verify_signature
from shugang.policy.text import Text

from .models import Operation, OperationBid, OperationObjection

OPERATION = Text("这项授权运营", "authorised operation")
SHOWN = ("calling", "evaluating", "scored", "notice", "objected", "contracting", "in_force", "suspended", "terminated", "exited",
         "expired")  # fmt: skip


def operations(actor: Actor, state: str = "") -> QuerySet[Operation]:
    rows = Operation.objects.visible_to(actor).select_related("case", "implementer", "authoriser", "developer")
    return rows.filter(case__state=state) if state else rows


def get_operation(actor: Actor, number: str) -> Operation:
    """Raises Refusal `not_found`."""
    found = operations(actor).filter(case__number=number).first()
    if found is None:
        raise not_found(OPERATION)
    return found


def bids(actor: Actor, operation: Operation | None = None) -> QuerySet[OperationBid]:
    """The acting party's own bids, or those of an operation that it holds."""
    rows = OperationBid.objects.visible_to(actor).select_related("case", "operation__case", "applicant")
    return rows.filter(operation=operation) if operation else rows


def get_bid(actor: Actor, number: str) -> OperationBid:
    """Raises Refusal `not_found`."""
    found = bids(actor).filter(case__number=number).first()
    if found is None:
        raise not_found(Text("这份申请", "bid"))
    return found


def objections(actor: Actor, operation: Operation) -> QuerySet[OperationObjection]:
    rows: QuerySet[OperationObjection] = OperationObjection.objects.visible_to(actor)
    return rows.filter(operation=operation).select_related("party").order_by("id")


def grants(actor: Actor, operation: Operation) -> list[tuple[Grant, bool]]:
    """The grants under the agreement, and whether each is the reader's to open."""
    rows = Grant.objects.filter(bases__kind="operation", bases__reference=operation.number).order_by("id")
    seen = set(Grant.objects.visible_to(actor).filter(pk__in=rows.values("pk")).values_list("pk", flat=True))
    return [(g, g.pk in seen) for g in rows.select_related("grantee")]


def signatures(operation: Operation) -> list[dict[str, Any]]:
    """Both sides in order, with the signature where there is one and whether it holds."""
    made = {s.party_id: s for s in operation.signatures.all()}
    found = []
    for party in (operation.implementer, operation.developer):
        row = made.get(party.pk) if party else None
        holds = row is not None and verify_signature(row.signature, operation.sha256, operation.context)
        found.append({"party": party, "row": row, "holds": holds})
    return found


def public_operations() -> QuerySet[Operation]:
    rows = Operation.objects.filter(case__state__in=SHOWN).select_related("case", "implementer", "developer")
    return rows.order_by("-id")


def public_operation(number: str) -> Operation:
    """Raises Refusal `not_found`."""
    found = public_operations().filter(case__number=number).first()
    if found is None:
        raise not_found(OPERATION)
    return found
