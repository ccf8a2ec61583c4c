"""Factories for tests of any wing above: built on the real verbs."""

from __future__ import annotations

import itertools
from collections.abc import Iterable

from shugang.kernel import clock
from shugang.kernel.actors import SYSTEM
from shugang.policy.identifiers import make_uscc

from .accounts.actor import PartyActor, actor_for
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
