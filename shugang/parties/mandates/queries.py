"""Reads of mandates: given and held."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet

from shugang.kernel.actors import Actor
from shugang.kernel.errors import not_found

from .models import Mandate
from .services import MANDATE


def mandates(actor: Actor) -> QuerySet[Mandate]:
    return Mandate.objects.visible_to(actor).select_related("principal", "broker")


def get_mandate(actor: Actor, number: str) -> Mandate:
    """Raises Refusal `not_found`."""
    found = mandates(actor).filter(number=number).first()
    if found is None:
        raise not_found(MANDATE)
    return found


def as_json(row: Mandate) -> dict[str, Any]:
    return {
        "number": row.number, "principal": row.principal.number, "broker": row.broker.number, "in_force": row.in_force,
        "state": row.state[1].zh, "content": row.content, "digest": row.digest, "signature": row.signature,
        "signed_at": row.signed_at.isoformat() if row.signed_at else None, "revoked_at": row.revoked_at.isoformat() if row.revoked_at else None,
    }  # fmt: skip
