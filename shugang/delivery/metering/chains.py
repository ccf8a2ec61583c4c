"""Use records in themselves: are they all here, one after the other, as their planes numbered and chained them?

A few passes over the table, for the daily reconciliation; a missing record shows as a gap, a changed link as a break.
"""

from __future__ import annotations

from typing import NamedTuple

from django.db import connection

_PLANES = """
SELECT p.number, COUNT(u.id), COALESCE(MAX(u.seq), 0), p.journal_seq
FROM delivery_plane p LEFT JOIN delivery_usagerecord u ON u.plane_id = p.id
GROUP BY p.id, p.number, p.journal_seq ORDER BY p.number
"""
_GRANTS = """
SELECT p.number, u.grant_number, COUNT(*), MAX(u.grant_seq)
FROM delivery_usagerecord u JOIN delivery_plane p ON p.id = u.plane_id
WHERE u.grant_seq > 0 GROUP BY p.number, u.grant_number HAVING COUNT(*) <> MAX(u.grant_seq) ORDER BY 1, 2
"""
# Each record beside the one before it, by the index of their numbers; a window over all would lay the table out anew.
_BROKEN = """
SELECT p.number, COUNT(*), MIN(u.seq)
FROM delivery_usagerecord u JOIN delivery_plane p ON p.id = u.plane_id
LEFT JOIN delivery_usagerecord before ON before.plane_id = u.plane_id AND before.seq = u.seq - 1
WHERE u.prev <> COALESCE(before.hash, %s) GROUP BY p.number ORDER BY 1
"""
_FIRST_GAP = """
SELECT MIN(grant_seq) FROM (
    SELECT grant_seq, LAG(grant_seq, 1, 0) OVER (ORDER BY grant_seq) AS before FROM delivery_usagerecord u
    JOIN delivery_plane p ON p.id = u.plane_id WHERE p.number = %s AND u.grant_number = %s AND u.grant_seq > 0
) numbers WHERE grant_seq <> before + 1
"""
_GENESIS = "0" * 64


class PlaneCount(NamedTuple):
    """`records` that are here, the `newest` number among them, and how far control `acknowledged` the journal."""

    plane: str
    records: int
    newest: int
    acknowledged: int


class Gap(NamedTuple):
    """A grant whose records are fewer than their numbers; the first missing one stands before `first_after`."""

    plane: str
    grant: str
    records: int
    newest: int
    first_after: int


class Break(NamedTuple):
    """Links of a plane's chain that do not hold, the first of them at record `seq`."""

    plane: str
    links: int
    seq: int


def planes() -> list[PlaneCount]:
    with connection.cursor() as cursor:
        cursor.execute(_PLANES)
        return [PlaneCount(*row) for row in cursor.fetchall()]


def gaps() -> list[Gap]:
    with connection.cursor() as cursor:
        cursor.execute(_GRANTS)
        found = cursor.fetchall()
        return [Gap(plane, grant, count, newest, _first_gap(plane, grant)) for plane, grant, count, newest in found]


def _first_gap(plane: str, grant: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(_FIRST_GAP, [plane, grant])
        return int(cursor.fetchone()[0] or 0)


def breaks() -> list[Break]:
    with connection.cursor() as cursor:
        cursor.execute(_BROKEN, [_GENESIS])
        return [Break(*row) for row in cursor.fetchall()]
