"""Reads of deposits, as far as the actor may see them."""

from __future__ import annotations

from django.db.models import QuerySet

from shugang.kernel.actors import Actor

from .models import Deposit


def deposits(actor: Actor, state: str = "") -> QuerySet[Deposit]:
    rows: QuerySet[Deposit] = Deposit.objects.visible_to(actor).select_related("party", "beneficiary")
    return (rows.filter(state=state) if state else rows).order_by("-pk")


def count_to_pay(actor: Actor) -> int:
    """Deposits that this party has still to pay."""
    return int(Deposit.objects.visible_to(actor).filter(state="required", party_id=actor.party_id or 0).count())
