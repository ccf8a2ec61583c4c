"""Reads of grants and keys, for the two parties of a grant."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import QuerySet

from shugang.kernel.actors import Actor
from shugang.kernel.errors import not_found
from shugang.policy.describing import TermLine, describe

from ..gates import GRANT, USE_DUTIES
from ..metering.queries import QuotaLeft, quotas_left
from .models import Credential, Grant, GrantBasis, GrantHold


@dataclass(frozen=True)
class GrantView:
    """A grant as its reader may see it. `credentials` only for the grantee; `holder`: may collect keys."""

    grant: Grant
    lines: list[TermLine]
    bases: list[GrantBasis]
    holds: list[GrantHold]
    quotas: list[QuotaLeft]
    credentials: list[Credential]
    holder: bool


def grants(actor: Actor, state: str = "", contract: str = "", product: str = "") -> QuerySet[Grant]:
    """Grants that the actor's party holds or gave."""
    rows: QuerySet[Grant] = Grant.objects.visible_to(actor).select_related("grantee", "supplier", "plane")
    for name, value in (("state", state), ("contract", contract), ("product", product)):
        if value:
            rows = rows.filter(**{name: value})
    return rows


def get_grant(actor: Actor, number: str) -> Grant:
    """Raises Refusal `not_found`."""
    row = grants(actor).filter(number=number).first()
    if row is None:
        raise not_found(GRANT)
    return row


def joined(actor: Actor, grant: Grant) -> list[Grant]:
    """Further SQL grants of the same party, plane, purpose and environment: one key may open them too, so that one
    query can name their tables."""
    if grant.mode != "sql":
        return []
    rows = grants(actor, Grant.State.ACTIVE).filter(grantee_id=grant.grantee_id, mode="sql", plane_id=grant.plane_id)
    alike = ("purpose", "environment")
    return [g for g in rows.exclude(pk=grant.pk) if all(g.terms[name] == grant.terms[name] for name in alike)]


def credentials(actor: Actor) -> QuerySet[Credential]:
    """Keys of the actor's party."""
    rows: QuerySet[Credential] = Credential.objects.visible_to(actor).select_related("person")
    return rows


def view(actor: Actor, number: str) -> GrantView:
    """One grant with all that its page shows. Raises Refusal `not_found`."""
    grant = get_grant(actor, number)
    holder = grant.grantee_id == actor.party_id
    keys = credentials(actor).filter(grants=grant).order_by("-id") if holder else Credential.objects.none()
    return GrantView(
        grant,
        describe(grant.read_terms(), grant.mode),
        list(grant.bases.order_by("id")),
        list(grant.holds.filter(lifted_at=None).order_by("id")),
        quotas_left(grant),
        list(keys),
        holder and bool(actor.duties & USE_DUTIES) and grant.state != Grant.State.ENDED,
    )
