"""Factories for tests of any wing above: built on the real verbs."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterable

from allauth.account.internal.flows.login import AUTHENTICATION_METHODS_SESSION_KEY
from allauth.account.internal.userkit import user_id_to_str
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal import auth
from allauth.mfa.utils import decrypt
from django.test import Client

from shugang.kernel import clock
from shugang.kernel.actors import SYSTEM
from shugang.policy.identifiers import make_uscc

from .accounts.actor import PartyActor, actor_for
from .accounts.middleware import ACTING
from .accounts.models import Person
from .accounts.services import set_duties
from .keys import services as keys
from .organisations.models import ROLES, Party

_count = itertools.count(1)


def make_party(*roles: str, name: str = "") -> Party:
    """An active party, as if admitted."""
    n = next(_count)
    return Party.objects.create(
        number=f"P-9{n:05d}",
        name=name or f"示例机构{n}（{'、'.join(roles) or '无身份'}）",
        name_en=f"Sample {n}",
        uscc=make_uscc(f"test-{n}"),
        status=Party.Status.ACTIVE,
        created_at=clock.now(),
        admitted_at=clock.now(),
        **{f"is_{role}": role in roles for role in ROLES},
    )


def make_person(name: str = "") -> Person:
    n = next(_count)
    person = Person(username=f"person{n}", display_name=name or f"人员{n}")
    person.set_password("a-long-test-password")
    person.save()
    return person


def make_actor(
    party: Party | None, duties: Iterable[str] = ("handler",), second_factor: bool = True, person: Person | None = None
) -> PartyActor:
    """A new person (or the given one) with duties for a party."""
    who = person or make_person()
    if party is not None:
        set_duties(SYSTEM, party, who, list(duties))
    return actor_for(who, party, second_factor)


def make_signer(party: Party) -> PartyActor:
    """A signer with a key in platform custody."""
    actor = make_actor(party, ("handler", "signer", "finance", "manager"))
    keys.make_key(actor)
    return actor


def totp_secret(person: Person) -> str:
    """The secret of the person's authenticator app, set up here when there is none."""
    found = Authenticator.objects.filter(user_id=person.pk, type=Authenticator.Type.TOTP).first()
    if found is not None:
        return str(decrypt(found.data["secret"]))
    secret = auth.generate_totp_secret()
    auth.TOTP.activate(person, secret)
    return secret


def totp_code(person: Person, step: int = 0) -> str:
    """The code of now, or of `step` periods from now."""
    counter = next(iter(auth.yield_hotp_counters_from_time())) + step
    return str(auth.format_hotp_value(auth.hotp_value(totp_secret(person), counter)))


def sign_in(client: Client, actor: PartyActor) -> Client:
    """Give the test client the session that this actor would have."""
    client.force_login(actor.person, backend="django.contrib.auth.backends.ModelBackend")
    session = client.session
    if actor.party_id is not None:
        session[ACTING] = actor.party_id
    if actor.second_factor:
        totp_secret(actor.person)
        device = Authenticator.objects.get(user_id=actor.person_id, type=Authenticator.Type.TOTP)
        session[AUTHENTICATION_METHODS_SESSION_KEY] = [{"method": "mfa", "at": time.time(), "id": device.pk}]
        session["account_authentication_methods_user"] = user_id_to_str(actor.person)
    session.save()
    return client
