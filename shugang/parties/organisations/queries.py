"""Reads of parties."""

from __future__ import annotations

from django.db.models import QuerySet

from shugang.kernel.actors import Actor
from shugang.kernel.errors import not_found
from shugang.policy.text import Text

from .models import Party

PARTY = Text("这个机构", "party")


def public_party(number: str) -> Party:
    """An admitted party as anyone may see it: name, roles, standing; contact data stay inside."""
    party = Party.objects.filter(number=number).exclude(status=Party.Status.DRAFT).first()
    if party is None:
        raise not_found(PARTY)
    return party


def public_parties(role: str = "") -> QuerySet[Party]:
    rows = Party.objects.filter(status=Party.Status.ACTIVE)
    return rows.filter(**{f"is_{role}": True}) if role else rows


def own_party(actor: Actor) -> Party:
    party = Party.objects.visible_to(actor).filter(pk=actor.party_id or 0).first()
    if party is None:
        raise not_found(PARTY)
    return party


def the_operator() -> Party:
    """The venue operator, who runs admission. Raises Refusal `not_found` before the first set-up is done."""
    party = Party.objects.filter(is_operator=True, status=Party.Status.ACTIVE).order_by("id").first()
    if party is None:
        raise not_found(
            Text("运营机构，请先由系统管理员设立", "venue operator; the system administrator sets it up first")
        )
    return party
