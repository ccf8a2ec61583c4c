"""Reads of agreements."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet

from shugang.kernel.actors import Actor
from shugang.kernel.errors import not_found
from shugang.parties.keys.signatures import verify_signature
from shugang.policy.text import Text

from .models import Agreement


def agreements(actor: Actor, state: str = "") -> QuerySet[Agreement]:
    rows = Agreement.objects.visible_to(actor).select_related("case", "grant")
    return rows.filter(case__state=state) if state else rows


def get_agreement(actor: Actor, number: str) -> Agreement:
    """Raises Refusal `not_found`."""
    found = agreements(actor).filter(case__number=number).first()
    if found is None:
        raise not_found(Text("这份合同", "agreement"))
    return found


def signatures(row: Agreement) -> list[dict[str, Any]]:
    """Every party in order, with its signature where there is one and whether it holds."""
    made = {s.party.number: s for s in row.signatures.select_related("party")}
    found = []
    for party in row.content["parties"]:
        signed = made.get(party["number"])
        holds = signed is not None and verify_signature(signed.signature, row.sha256, row.context)
        found.append({"party": party, "side": Text(**party["side"]), "row": signed, "holds": holds})
    return found
