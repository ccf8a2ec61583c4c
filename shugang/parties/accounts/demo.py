"""Accounts of a demonstration: a password that everybody knows and codes that the page shows. Never otherwise."""

from __future__ import annotations

import time
from dataclasses import dataclass

from allauth.mfa import app_settings
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal import auth
from allauth.mfa.utils import decrypt
from django.conf import settings

from shugang.kernel.verbs import verb

from ..posts.models import POST_LABELS, Post
from .models import DUTY_LABELS, Membership, Person
from .services import make_person

PASSWORD = "shugang-demo-2026"  # noqa: S105  printed on the sign-in page of a demonstration


def _only_in_a_demonstration() -> None:
    if not settings.SHUGANG_DEMO:
        raise RuntimeError("demonstration accounts exist in a demonstration database only")


@verb
def make_demo_person(username: str, display_name: str) -> Person:
    """An account with the known password and a second factor whose codes the sign-in page shows."""
    _only_in_a_demonstration()
    person = make_person(username, PASSWORD, display_name)
    person.demo = True
    person.save(update_fields=["demo"])
    auth.TOTP.activate(person, auth.generate_totp_secret())
    return person


@dataclass(frozen=True)
class DemoAccount:
    username: str
    name: str
    party: str
    role_zh: str
    role_en: str
    code: str


def current_code(person: Person) -> str:
    """The one-time code that the person's app would show now. Raises RuntimeError outside a demonstration."""
    _only_in_a_demonstration()
    if not person.demo:
        raise RuntimeError("the codes of real accounts are nobody's business")
    found = Authenticator.objects.filter(user_id=person.pk, type=Authenticator.Type.TOTP).first()
    if found is None:
        return ""
    counter = int(time.time()) // app_settings.TOTP_PERIOD
    return auth.format_hotp_value(auth.hotp_value(decrypt(found.data["secret"]), counter))


def demo_accounts() -> list[DemoAccount]:
    """What the sign-in page lists; empty outside a demonstration."""
    if not settings.SHUGANG_DEMO:
        return []
    accounts = []
    posts = dict(Post.objects.values_list("person_id", "post"))
    for person in Person.objects.filter(demo=True, is_active=True, authorised=True).order_by("id"):
        membership = Membership.objects.filter(person=person, active=True).select_related("party").first()
        if person.pk in posts:
            labels, party = [POST_LABELS[posts[person.pk]]], ""
        else:
            labels = [DUTY_LABELS[d] for d in membership.duties] if membership else []
            party = membership.party.name if membership else ""
        accounts.append(
            DemoAccount(person.username, str(person), party, "、".join(x.zh for x in labels),
                        ", ".join(x.en for x in labels), current_code(person))
        )  # fmt: skip
    return accounts
