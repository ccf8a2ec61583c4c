"""Demonstration accounts, shown with their current one-time code on the sign-in page of a demo database only."""

from __future__ import annotations

import time
from dataclasses import dataclass

from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal import auth
from allauth.mfa.utils import decrypt
from django.conf import settings

from .models import Membership, Person

PASSWORD = "shugang-demo-2026"  # noqa: S105  a demonstration database listens on loopback only


@dataclass(frozen=True)
class DemoAccount:
    username: str
    name: str
    party: str
    code: str
    seconds_left: int


def give_second_factor(person: Person) -> None:
    """Enrol a one-time code for a demonstration account."""
    if not settings.SHUGANG_DEMO:
        raise RuntimeError("only demonstration accounts get a second factor this way")
    auth.TOTP.activate(person, auth.generate_totp_secret())


def _code(person: Person) -> str:
    row = Authenticator.objects.filter(user=person, type=Authenticator.Type.TOTP).first()
    if row is None:
        return ""
    return auth.format_hotp_value(auth.hotp_value(decrypt(row.data["secret"]), int(time.time()) // 30))


def accounts() -> list[DemoAccount]:
    """Empty outside a demonstration."""
    if not settings.SHUGANG_DEMO:
        return []
    shown = []
    for person in Person.objects.filter(demo=True).order_by("id"):
        membership = Membership.objects.filter(person=person, active=True).select_related("party").first()
        shown.append(
            DemoAccount(
                person.username,
                str(person),
                membership.party.name if membership else "",
                _code(person),
                30 - int(time.time()) % 30,
            )
        )
    return shown
