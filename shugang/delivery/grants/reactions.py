"""What happens elsewhere and moves grants: a party that is suspended neither gives nor gets data meanwhile; a new
version of the data reaches the grants whose contracts cover it."""

from __future__ import annotations

from django.db.models import Q

from shugang.kernel.actors import SYSTEM
from shugang.kernel.models import Event
from shugang.kernel.reactions import on

from ..planes.services import bump
from .models import Grant, GrantHold
from .services import resume_grant, suspend_grant

KIND = "party"


def _party_of(event: Event) -> str:
    return str(event.refs.get(kind="party").key)


def _grants_of(party: str) -> list[str]:
    """Living grants that the party gave or holds, in id order (locks are always taken so)."""
    mine = Grant.objects.filter(Q(supplier__number=party) | Q(grantee__number=party))
    return list(mine.exclude(state=Grant.State.ENDED).order_by("id").values_list("number", flat=True))


@on("party.suspended")
def hold_grants(event: Event) -> None:
    party = _party_of(event)
    for number in _grants_of(party):
        suspend_grant(SYSTEM, number, str(event.payload["reason"]), KIND, party)


@on("party.active")
def release_grants(event: Event) -> None:
    party = _party_of(event)
    held = GrantHold.objects.filter(kind=KIND, reference=party, lifted_at=None).exclude(grant__state=Grant.State.ENDED)
    for number in held.order_by("grant_id").values_list("grant__number", flat=True):
        resume_grant(SYSTEM, number, KIND, party)


@on("dataset.version_added")
def tell_planes(event: Event) -> None:
    """What a grant reads is worked out when its bundle is made (`sources.standing`); planes learn that it changed."""
    dataset = event.refs.get(kind="dataset").key
    following = Grant.objects.filter(source__dataset=dataset, source__versions__in=("later", "all"))
    bump(following.exclude(state=Grant.State.ENDED).values_list("plane_id", flat=True))
