"""Reads of parties."""

from __future__ import annotations

from django.db.models import QuerySet

from shugang.kernel.actors import Actor
from shugang.kernel.errors import not_found
from shugang.kernel.models import Event
from shugang.policy.text import Text

from .models import ROLES, Party

PARTY = Text("这个机构", "party")


def public_party(number: str) -> Party:
    """A party as anyone may see it once admitted: name, roles, standing; contact data stay inside."""
    party = Party.objects.filter(number=number, admitted_at__isnull=False).first()
    if party is None:
        raise not_found(PARTY)
    return party


def public_parties(role: str = "") -> QuerySet[Party]:
    """Active parties, those of one role where it is named; an unknown role finds nobody."""
    rows = Party.objects.filter(status=Party.Status.ACTIVE)
    if not role:
        return rows
    return rows.filter(**{f"is_{role}": True}) if role in ROLES else rows.none()


def own_party(actor: Actor) -> Party:
    party = Party.objects.visible_to(actor).filter(pk=actor.party_id or 0).first()
    if party is None:
        raise not_found(PARTY)
    return party


def standing_events(party: Party) -> QuerySet[Event]:
    """Founding, admission, suspension and resumption of a party, with their reasons, newest first."""
    kinds = ("party.founded", "party.suspended", "party.active", "parties.onboarding.approve")
    return Event.objects.filter(refs__kind="party", refs__key=party.number, kind__in=kinds).order_by("-id")


def the_operator() -> Party:
    """The venue operator, who runs admission. Raises Refusal `not_found` before the first set-up is done."""
    party = Party.objects.filter(is_operator=True, status=Party.Status.ACTIVE).order_by("id").first()
    if party is None:
        raise not_found(
            Text("运营机构，请先由系统管理员设立", "venue operator; the system administrator sets it up first")
        )
    return party
