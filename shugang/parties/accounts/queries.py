"""Reads of people, links and tokens: the acting party's own, the acting person's own."""

from __future__ import annotations

from dataclasses import dataclass

from allauth.mfa.models import Authenticator
from django.db.models import QuerySet

from shugang.kernel import clock
from shugang.kernel.actors import Actor
from shugang.kernel.errors import not_found
from shugang.policy.text import Text

from .models import AccessToken, Invitation, Membership, Person


def members(actor: Actor) -> QuerySet[Membership]:
    """People of the acting party, those who left included. The party filter also binds the regulator here."""
    rows = Membership.objects.visible_to(actor).filter(party_id=actor.party_id or 0)
    return rows.select_related("person")


def member(actor: Actor, username: str) -> Membership:
    found = members(actor).filter(person__username=username).first()
    if found is None:
        raise not_found(Text("这位成员", "member"))
    return found


def open_links(actor: Actor) -> QuerySet[Invitation]:
    rows = Invitation.objects.visible_to(actor).filter(party_id=actor.party_id or 0, used_at__isnull=True)
    return rows.filter(expires_at__gt=clock.real_now()).order_by("-id")


def tokens(actor: Actor) -> QuerySet[AccessToken]:
    """The person's own living tokens."""
    rows = AccessToken.objects.filter(person_id=actor.person_id or 0, revoked_at__isnull=True)
    return rows.filter(expires_at__gt=clock.real_now()).select_related("party").order_by("-id")


@dataclass(frozen=True)
class Factors:
    """What the person can confirm with: an authenticator app, and how many recovery codes are left."""

    totp: bool
    codes_left: int


def factors(person: Person) -> Factors:
    rows = {a.type: a for a in Authenticator.objects.filter(user_id=person.pk)}
    codes = rows.get(Authenticator.Type.RECOVERY_CODES)
    left = len(codes.wrap().get_unused_codes()) if codes else 0
    return Factors(Authenticator.Type.TOTP in rows, left)
