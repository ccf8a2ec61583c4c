"""Reads: what waits to be acknowledged, what was, a grant's records in their order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Max, Min, QuerySet

from shugang.kernel.actors import Actor
from shugang.kernel.errors import Refusal, not_found
from shugang.parties.keys.signatures import verify_signature
from shugang.policy.text import Text

from ..grants.models import Grant
from ..grants.queries import get_grant, grants
from ..metering.models import plane_iso
from . import statement as form
from .counting import last_signed, measured, records
from .models import Acknowledgement

ACKNOWLEDGEMENT = Text("这份签收单", "acknowledgement")
LONGEST = 1_000_000


def acknowledgements(actor: Actor, grant: str = "") -> QuerySet[Acknowledgement]:
    rows: QuerySet[Acknowledgement] = Acknowledgement.objects.visible_to(actor).select_related("grant__grantee")
    return rows.filter(grant__number=grant) if grant else rows


def get_acknowledgement(actor: Actor, number: str) -> Acknowledgement:
    """Raises Refusal `not_found`."""
    row = acknowledgements(actor).filter(number=number).first()
    if row is None:
        raise not_found(ACKNOWLEDGEMENT)
    return row


def holds(row: Acknowledgement) -> bool:
    """Whether the signature is over what is stored."""
    return form.digest(row.statement) == row.sha256 and verify_signature(row.signature, row.sha256, row.context)


@dataclass(frozen=True)
class Waiting:
    """A grant of the buyer's with records that he has not acknowledged. `count` of them."""

    grant: Grant
    signed: int
    count: int


def waiting(actor: Actor) -> list[Waiting]:
    """Grants that the actor's party holds, with what waits; the newest first."""
    mine = grants(actor).filter(grantee_id=actor.party_id or 0).order_by("-id")[:100]
    return [w for w in (_waiting(grant) for grant in mine) if w.count]


def _waiting(grant: Grant) -> Waiting:
    signed = last_signed(grant)
    newest = records(grant).aggregate(last=Max("grant_seq"))["last"] or 0
    return Waiting(grant, signed, max(0, newest - signed))


def proposal(actor: Actor, number: str, last_seq: int | None = None) -> dict[str, Any]:
    """What the platform proposes that the buyer sign next: its own counts of all that is not signed yet.

    `last_seq` ends it earlier. Raises Refusal `not_found`, `nothing_to_sign`.
    """
    grant = get_grant(actor, number)
    first = last_signed(grant) + 1
    rows = records(grant).filter(grant_seq__gte=first, grant_seq__lt=first + LONGEST)
    if last_seq is not None:
        rows = rows.filter(grant_seq__lte=last_seq)
    ends = rows.aggregate(last=Max("grant_seq"), start=Min("at"), end=Max("at"))
    if ends["last"] is None:
        raise Refusal(
            "nothing_to_sign",
            Text("没有待签收的记录。", "There are no records to acknowledge."),
            409,
        )
    hashes = rows.order_by("grant_seq").values_list("hash", flat=True).iterator(chunk_size=5000)
    return {
        "v": form.VERSION,
        "contract": grant.contract,
        "grant": grant.number,
        "plane": grant.plane.number,
        "first_seq": first,
        "last_seq": ends["last"],
        **measured(rows),
        "head": form.head(hashes),
        "from": plane_iso(ends["start"]),
        "to": plane_iso(ends["end"]),
        "remark": "",
    }


def compare(row: Acknowledgement) -> list[tuple[str, Any, Any]]:
    """(what, as signed, as recorded now) of everything that differs; empty: both say the same."""
    rows = records(row.grant).filter(grant_seq__gte=row.first_seq, grant_seq__lte=row.last_seq)
    hashes = rows.order_by("grant_seq").values_list("hash", flat=True).iterator(chunk_size=5000)
    now: dict[str, Any] = {**measured(rows), "head": form.head(hashes)}
    return [(name, row.statement[name], value) for name, value in now.items() if row.statement[name] != value]
