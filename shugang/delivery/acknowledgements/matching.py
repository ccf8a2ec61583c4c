"""All acknowledgements against the use records of now, in a few passes over the tables; for the daily reconciliation."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple

from django.db import connection

from . import statement as form

_JOIN = """
FROM delivery_acknowledgement a
JOIN delivery_grant g ON g.id = a.grant_id
{left} JOIN delivery_usagerecord u ON u.plane_id = g.plane_id AND u.grant_number = g.number AND u.grant_id = g.id
    AND u.grant_seq > 0 AND u.grant_seq BETWEEN a.first_seq AND a.last_seq
"""
_DELIVERED = "CASE WHEN u.state IN ('answered', 'aborted') THEN {} ELSE 0 END"
_COUNTS = f"""
SELECT a.id, COUNT(u.id), SUM({_DELIVERED.format(1)}), SUM(CASE WHEN u.charged THEN 1 ELSE 0 END),
    SUM({_DELIVERED.format("u.rows")}), SUM({_DELIVERED.format("u.bytes")})
{_JOIN.format(left="LEFT")}
WHERE g.contract <> '' {{only}} GROUP BY a.id
"""
_HASHES = f"SELECT a.id, u.hash {_JOIN.format(left='')} WHERE g.contract <> '' {{only}} ORDER BY a.id, u.grant_seq"
_UNSIGNED = """
SELECT g.contract, g.number, MAX(u.grant_seq), COALESCE(
    (SELECT MAX(a.last_seq) FROM delivery_acknowledgement a WHERE a.grant_id = g.id), 0)
FROM delivery_grant g
JOIN delivery_usagerecord u ON u.plane_id = g.plane_id AND u.grant_number = g.number AND u.grant_seq > 0
WHERE g.contract <> '' {only} GROUP BY g.id, g.contract, g.number ORDER BY g.number
"""


class Unsigned(NamedTuple):
    """Records of a grant that the buyer has not signed: numbers after `signed` up to `newest`."""

    contract: str
    grant: str
    newest: int
    signed: int


def _rows(query: str, contract: str) -> Iterator[tuple[Any, ...]]:
    only, given = ("AND g.contract = %s", [contract]) if contract else ("", [])
    with connection.cursor() as cursor:
        cursor.execute(query.format(only=only), given)
        while part := cursor.fetchmany(5000):
            yield from part


def counts(contract: str = "") -> dict[int, dict[str, int]]:
    """Acknowledgement's id → the counts of its range as the records give them now."""
    return {
        row[0]: dict(zip(form.COUNTS, (int(value or 0) for value in row[1:]), strict=True))
        for row in _rows(_COUNTS, contract)
    }


def heads(contract: str = "") -> dict[int, str]:
    """Acknowledgement's id → the head of its range; absent where no record is left."""
    rows = _rows(_HASHES, contract)
    return {pk: form.head(row[1] for row in group) for pk, group in groupby(rows, key=itemgetter(0))}


def unsigned(contract: str = "") -> list[Unsigned]:
    found = (Unsigned(*row) for row in _rows(_UNSIGNED, contract))
    return [each for each in found if each.newest > each.signed]
