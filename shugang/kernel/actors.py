"""Who acts. The kernel knows people and parties by id only; the parties wing implements `Actor`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol


class Actor(Protocol):
    """A person acting for a party (or holding an administrator's post, or nobody at all).

    `roles` is what the acting party is admitted as (supplier, buyer, registrar …); `duties` is what the
    person may do for that party (handler, examiner, signer …); `posts` are the administrators' posts.
    """

    @property
    def person_id(self) -> int | None: ...
    @property
    def party_id(self) -> int | None: ...
    @property
    def roles(self) -> frozenset[str]: ...
    @property
    def duties(self) -> frozenset[str]: ...
    @property
    def posts(self) -> frozenset[str]: ...
    @property
    def second_factor(self) -> bool: ...
    @property
    def label(self) -> str: ...


@dataclass(frozen=True)
class PlainActor:
    """An actor by its facts: the system itself, an anonymous visitor, or a test's subject."""

    person_id: int | None = None
    party_id: int | None = None
    roles: frozenset[str] = field(default_factory=frozenset)
    duties: frozenset[str] = field(default_factory=frozenset)
    posts: frozenset[str] = field(default_factory=frozenset)
    second_factor: bool = False
    label: str = "system"


SYSTEM = PlainActor(roles=frozenset({"system"}), duties=frozenset({"timer"}), label="system")
ANONYMOUS = PlainActor(label="anonymous")

# Duties whose acts bind others: a second factor is required (GB/T 22239-2019 8.1.4.1: two factors).
SENSITIVE_DUTIES = frozenset({"reviewer", "examiner", "signer", "supervisor", "chief_data_officer"})


def sees_every_record(actor: Actor) -> bool:
    """The regulator's supervisor reads all records (never the data itself: that needs a grant)."""
    return "regulator" in actor.roles and "supervisor" in actor.duties
