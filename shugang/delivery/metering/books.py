"""A plane's own books: what it summed itself, sent apart from its records, and how far both agree.

The records that a plane ships become use records here; the sums come from the plane's quota counters. A record that was
lost or changed on the way, or here since, shows as a difference between the two.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from django.db import connection, transaction
from django.db.models import Q

from shugang.kernel import clock
from shugang.kernel.actors import SYSTEM
from shugang.kernel.errors import Refusal
from shugang.kernel.events import emit
from shugang.policy.text import Text

from ..planes.models import Plane
from .models import PlaneBooks, UsageRecord
from .records import HEX, MAX_WHOLE, broken

CELLS = ("charged_calls", "charged_rows", "charged_bytes", "uncharged_calls", "uncharged_rows", "uncharged_bytes")
LABELS = {
    "charged_calls": Text("计费次数", "charged calls"),
    "charged_rows": Text("计费行数", "charged rows"),
    "charged_bytes": Text("计费字节", "charged bytes"),
    "uncharged_calls": Text("不计费次数", "uncharged calls"),
    "uncharged_rows": Text("不计费行数", "uncharged rows"),
    "uncharged_bytes": Text("不计费字节", "uncharged bytes"),
}
MAX_GRANTS = 100_000
# What the plane stated decides here, not control's finding: the books are the plane's. A listing draws on no quota.
_SUMS = """
SELECT u.grant_number,
    SUM(CASE WHEN {charged} THEN 1 ELSE 0 END), SUM(CASE WHEN {charged} THEN u.rows ELSE 0 END),
    SUM(CASE WHEN {charged} THEN u.bytes ELSE 0 END), SUM(CASE WHEN {charged} THEN 0 ELSE 1 END),
    SUM(CASE WHEN {charged} THEN 0 ELSE u.rows END), SUM(CASE WHEN {charged} THEN 0 ELSE u.bytes END),
    MIN(u.at), MAX(u.at)
FROM delivery_usagerecord u
WHERE u.plane_id = %s AND u.seq <= %s AND u.state IN ('answered', 'aborted')
    AND u.outcome NOT IN ('metadata', 'manifest')
GROUP BY u.grant_number
"""
_CHARGED = {
    "sqlite": "(CASE WHEN u.stated IS NULL THEN u.charged ELSE json_extract(u.stated, '$.charged') END)",
    "postgresql": "(CASE WHEN u.stated IS NULL THEN u.charged ELSE (u.stated ->> 'charged')::boolean END)",
}


def _read(sums: Any) -> Mapping[str, list[int]]:
    if not isinstance(sums, dict) or len(sums) > MAX_GRANTS:
        raise broken("books")
    for grant, cells in sums.items():
        if len(grant) > 64 or not isinstance(cells, list) or len(cells) != len(CELLS):
            raise broken("books")
        if any(isinstance(c, bool) or not isinstance(c, int) or not 0 <= c <= MAX_WHOLE for c in cells):
            raise broken("books")
    return sums


@transaction.atomic
def receive(plane: Plane, seq: int, head: str, sums: Any) -> PlaneBooks:
    """Keep a plane's books as of its record `seq` with hash `head`. Raises Refusal 422 `journal_broken`."""
    found = _read(sums)
    if not 0 <= seq <= MAX_WHOLE or not HEX.fullmatch(head):
        raise broken("books")
    row, made = PlaneBooks.objects.get_or_create(
        plane=plane, seq=seq, head=head, defaults={"sums": dict(found), "received_at": clock.real_now()}
    )
    if not made and row.sums != found:
        raise Refusal(
            "books_changed",
            Text("节点对同一条记录报了两本账。", "The plane gave two books for one record."),
            409,
        )
    if made:
        emit("plane.books", SYSTEM, [("plane", plane.number)], {"seq": seq, "head": head, "grants": len(found)})
    return row


class Compared(NamedTuple):
    """One grant on one plane: (cell, in the plane's books, by the records)."""

    plane: str
    grant: str
    contract: str
    period: str
    sides: list[tuple[str, int, int]]


def _latest(plane: Plane) -> PlaneBooks | None:
    """The newest books whose records are all here."""
    return PlaneBooks.objects.filter(plane=plane, seq__lte=plane.journal_seq).order_by("-seq").first()


def compared(contract: str = "") -> list[Compared]:
    """Every grant of every plane that has sent books; of one contract only, when given."""
    from ..grants.models import Grant

    grants = Grant.objects.filter(contract=contract) if contract else Grant.objects.all()
    contracts = dict(grants.values_list("number", "contract"))
    planes = Plane.objects.filter(pk__in=grants.values("plane")) if contract else Plane.objects.all()
    found: list[Compared] = []
    for plane in planes.order_by("pk"):
        if (books := _latest(plane)) is not None:
            found += _compare(plane, books, contracts, whole=not contract)
    return found


def _compare(plane: Plane, books: PlaneBooks, contracts: dict[str, str], whole: bool) -> list[Compared]:
    recorded = _recorded(plane, books.seq)
    names = sorted(set(books.sums) | set(recorded))
    nothing = ([0] * len(CELLS), "")
    rows = []
    for grant in names if whole else [n for n in names if n in contracts]:
        sums, period = recorded.get(grant, nothing)
        sides = list(zip(CELLS, books.sums.get(grant, nothing[0]), sums, strict=True))
        rows.append(Compared(plane.number, grant, contracts.get(grant, ""), period, sides))
    return rows


def _recorded(plane: Plane, seq: int) -> dict[str, tuple[list[int], str]]:
    with connection.cursor() as cursor:
        cursor.execute(_SUMS.format(charged=_CHARGED[connection.vendor]), [plane.pk, seq])
        return {
            grant: ([int(cell) for cell in cells], f"{str(first)[:10]}/{str(last)[:10]}")
            for grant, *cells, first, last in cursor.fetchall()
        }


def waiting() -> list[tuple[str, int, datetime | None]]:
    """(plane, records since its last books, when those came) of planes that have used their grants since."""
    found = []
    for plane in Plane.objects.order_by("pk"):
        books = _latest(plane)
        since = Q(plane=plane) & (Q(seq__gt=books.seq) if books else Q())
        if count := UsageRecord.objects.filter(since).count():
            found.append((plane.number, count, books.received_at if books else None))
    return found
