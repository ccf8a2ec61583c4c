"""The actor of a request: a person, the party he acts for, his duties there, and how he signed in."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from ..organisations.models import Party
from ..posts.models import Post
from .models import Membership, Person


@dataclass(frozen=True)
class PartyActor:
    """Implements kernel.actors.Actor."""

    person: Person
    party: Party | None = None
    membership: Membership | None = None
    second_factor: bool = False

    @property
    def person_id(self) -> int | None:
        return self.person.pk

    @property
    def party_id(self) -> int | None:
        return self.party.pk if self.party else None

    @cached_property
    def roles(self) -> frozenset[str]:
        return self.party.roles if self.party else frozenset()

    @cached_property
    def duties(self) -> frozenset[str]:
        return frozenset(self.membership.duties) if self.membership else frozenset()

    @cached_property
    def posts(self) -> frozenset[str]:
        """The administrators' posts; none while the security administrator has not authorised the account."""
        if not self.person.stands:
            return frozenset()
        return frozenset(Post.objects.filter(person_id=self.person.pk).values_list("post", flat=True))

    @property
    def label(self) -> str:
        return f"{self.party.name} · {self.person}" if self.party else str(self.person)


def actor_for(person: Person, party: Party | None = None, second_factor: bool = False) -> PartyActor:
    """The actor for a person and one of his parties (his first where none is named).

    A person who is not authorised, or whose membership there has ended, acts for nobody.
    """
    return actor_by_id(person, party.pk if party else None, second_factor)


def actor_by_id(person: Person, party_id: int | None, second_factor: bool) -> PartyActor:
    if not person.stands:
        return PartyActor(person)
    memberships = Membership.objects.filter(person=person, active=True).select_related("party").order_by("id")
    if party_id is not None:
        memberships = memberships.filter(party_id=party_id)
    membership = memberships.first()
    if membership is None:
        return PartyActor(person, second_factor=second_factor)
    return PartyActor(person, membership.party, membership, second_factor)
