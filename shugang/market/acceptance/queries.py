"""Reads of acceptances."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet

from shugang.kernel.actors import Actor
from shugang.kernel.errors import not_found
from shugang.parties.keys.signatures import verify_signature
from shugang.policy.text import Text

from .models import Acceptance, DeliveryStatement
from .process import ACCEPTANCE

ACCEPTANCE_NAME = Text("这次验收", "acceptance")


def acceptances(actor: Actor, state: str = "") -> QuerySet[Acceptance]:
    rows = Acceptance.objects.visible_to(actor).select_related(
        "case", "contract__product", "contract__buyer", "contract__supplier"
    )
    return rows.filter(case__state=state) if state else rows


def get_acceptance(actor: Actor, number: str) -> Acceptance:
    """Raises Refusal `not_found`."""
    found = acceptances(actor).filter(case__number=number).first()
    if found is None:
        raise not_found(ACCEPTANCE_NAME)
    return found


def statements(row: Acceptance) -> list[dict[str, Any]]:
    """Statements of delivery, newest first, with whether each signature holds for the digest."""
    return [
        {
            "row": s,
            "supplier_holds": _holds(s, s.supplier_signature),
            "buyer_holds": bool(s.buyer_signature) and _holds(s, s.buyer_signature),
        }
        for s in row.statements.select_related("acceptance__case").order_by("-number")
    ]


def _holds(statement: DeliveryStatement, signature: Any) -> bool:
    return verify_signature(signature, statement.sha256, statement.context)


def said(row: Acceptance) -> list[dict[str, Any]]:
    """Objections, remedies and answers in order: step, by which side, and the words."""
    found = []
    for vote in row.case.votes.order_by("id"):
        step = ACCEPTANCE.transition(vote.transition)
        if step is not None and (vote.data.get("reason") or vote.data.get("remedy")):
            found.append({"step": step.label, "side": vote.capacity, "data": vote.data, "at": vote.at})
    return found
