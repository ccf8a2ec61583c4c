"""Reads of notices: one's own, with what one may still see of their objects."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from allauth.account.models import EmailAddress
from django.db.models import Q, QuerySet

from shugang.kernel.actors import Actor
from shugang.kernel.models import Case

from ..accounts.actor import actor_by_id
from ..accounts.models import Person
from .models import Letter, Notice, NoticeChoice
from .rules import GROUPS, addresses
from .writing import rules_of_the_day


def mine(actor: Actor) -> QuerySet[Notice]:
    """The acting person's, as a member of the party he acts for and for himself."""
    own = Q(party_id=actor.party_id) | Q(party_id__isnull=True)
    return Notice.objects.filter(own, person_id=actor.person_id or 0)


def unread(actor: Actor) -> int:
    """For the bell on every page: one look into a partial index."""
    return mine(actor).filter(read_at__isnull=True).count()


def notices(actor: Actor, group: str = "", only_unread: bool = False) -> QuerySet[Notice]:
    rows = mine(actor)
    if group in GROUPS:
        rows = rows.filter(group=group)
    return rows.filter(read_at__isnull=True) if only_unread else rows


@dataclass(frozen=True)
class Line:
    """A notice as its reader may see it now. Not `allowed`: neither its words nor its object are shown."""

    notice: Notice
    allowed: bool
    address: str
    title: str


def shown(rows: Iterable[Notice], person: Person, actor: Actor | None = None) -> list[Line]:
    """Each notice judged anew: whether its reader still belongs to the party and may still see the object."""
    found = list(rows)
    actors = {party: actor or actor_by_id(person, party, False) for party in {row.party_id for row in found}}
    pairs = {p: [(r.ref_kind, r.ref_key) for r in found if r.party_id == p and r.ref_kind] for p in actors}
    seen = {p: addresses(actors[p], wanted) for p, wanted in pairs.items() if wanted}
    titles = {p: _titles(actors[p], [key for kind, key in wanted if kind == "case"]) for p, wanted in pairs.items()}
    lines = []
    for row in found:
        where = seen.get(row.party_id, {}).get((row.ref_kind, row.ref_key), "") if row.ref_kind else row.page
        member = row.party_id is None or actors[row.party_id].party_id == row.party_id
        allowed = bool(where) and member and person.stands
        lines.append(Line(row, allowed, where if allowed else "", titles[row.party_id].get(row.ref_key, "")))
    return lines


def _titles(actor: Actor, numbers: list[str]) -> dict[str, str]:
    rows = Case.objects.visible_to(actor).filter(number__in=numbers) if numbers else Case.objects.none()
    return dict(rows.values_list("number", "title"))


def required_groups() -> set[str]:
    """What may not be refused, by the profile."""
    return set(rules_of_the_day()["required"])


def choices(people: Iterable[int]) -> dict[int, dict[str, str]]:
    """Person → group → once, daily or never; "never" does not hold for what may not be refused."""
    rules = rules_of_the_day()
    found = {person: {group: rules["defaults"].get(group, "daily") for group in GROUPS} for person in people}
    for row in NoticeChoice.objects.filter(person_id__in=found):
        if row.group in GROUPS and not (row.how == "never" and row.group in rules["required"]):
            found[row.person_id][row.group] = row.how
    return found


def own_addresses(person: Person) -> list[EmailAddress]:
    return list(EmailAddress.objects.filter(user=person).order_by("-verified", "pk"))


def letters_in_trouble() -> QuerySet[Letter]:
    """Given up, or tried at least once in vain: for the system administrator."""
    return Letter.objects.filter(
        Q(state=Letter.State.FAILED) | Q(state=Letter.State.PENDING, tries__gt=0)
    ).select_related("person")
