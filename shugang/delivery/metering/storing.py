"""Use records in sets: the statements of folding, and what SQLite and PostgreSQL spell differently.

A plane ships thousands of records at once. No object is made of any: Django would spend more on the fields of a row than
the database on storing it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from datetime import datetime, timedelta
from functools import lru_cache
from json import dumps
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection
from django.db.models import DateField, F, Func, Value
from django.db.models.functions import TruncDate

from shugang.kernel import clock

COLUMNS = (
    "plane_id", "grant_id", "grant_number", "charged", "charge_reason", "stated", "at", "received_at", "folded_at", "salt",
    "detail", "seq", "grant_seq", "credential", "request_id", "mode", "action", "outcome", "rows", "bytes",
    "version", "answer_sha256", "state", "prev", "hash",
    "sha256", "sm3",
)  # fmt: skip
_INTO = 'delivery_usagerecord ("' + '", "'.join(COLUMNS) + '")'
# One look into the index for each key, as a value: of a join PostgreSQL makes a pass over the whole table.
_KEYS = """SELECT wanted.grant_id, wanted.request_id FROM {wanted} WHERE (SELECT u.charged FROM delivery_usagerecord u
WHERE u.grant_id = wanted.grant_id AND u.request_id = wanted.request_id AND u.charged LIMIT 1)"""
# One step down the index for each grant; a maximum over several at once would read all their numbers.
_LAST = """SELECT wanted.name, (SELECT MAX(u.grant_seq) FROM delivery_usagerecord u
WHERE u.plane_id = %s AND u.grant_number = wanted.name AND u.grant_seq > 0) FROM {wanted}"""


def _sqlite() -> bool:
    return bool(connection.vendor == "sqlite")


def stored_time(moment: datetime) -> Any:
    """As the database keeps it; SQLite as Django writes times in it."""
    return stored_times({"": moment})[""]


def stored_times(moments: Mapping[str, datetime]) -> dict[str, Any]:
    """The same of many, each under its name."""
    if not _sqlite():
        return dict(moments)
    return {name: str(moment.replace(tzinfo=None)) for name, moment in moments.items()}


def local_day() -> Any:
    """The day of a record's `at` in the city's zone, for `annotate`.

    Django's own on SQLite calls back into Python for each row. Where the zone's clocks never change, SQLite adds its offset
    itself; exact, since `at` is in whole milliseconds.
    """
    zone = clock.zone()
    offset = _steady_offset(zone) if _sqlite() else None
    if offset is None:
        return TruncDate("at", tzinfo=zone)
    seconds = Value(f"{offset.total_seconds():+.0f} seconds")
    return Func(F("at"), seconds, function="date", output_field=DateField())


@lru_cache
def _steady_offset(zone: ZoneInfo) -> timedelta | None:
    """The zone's distance from UTC, if it is the same in every season of this century."""
    days = [datetime(year, month, 1, tzinfo=zone) for year in range(2000, 2100) for month in (1, 4, 7, 10)]
    offsets = {day.utcoffset() for day in days}
    return offsets.pop() if len(offsets) == 1 else None


def json(value: Any) -> str:
    return dumps(value, ensure_ascii=False) if value else "{}"


def insert(rows: Iterable[tuple[Any, ...]]) -> None:
    """Rows of `COLUMNS`, by the driver's fastest way."""
    with connection.wrap_database_errors, closing(connection.connection.cursor()) as cursor:
        if _sqlite():
            cursor.executemany(f"INSERT INTO {_INTO} VALUES ({', '.join('?' * len(COLUMNS))})", rows)  # noqa: S608
            return
        with cursor.copy(f"COPY {_INTO} FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)


def spent_keys(wanted: Sequence[tuple[int, str]]) -> set[tuple[int, str]]:
    """Of (grant, request id), those that were charged before."""
    if not wanted:
        return set()
    if _sqlite():
        source = "(SELECT value ->> 0 AS grant_id, value ->> 1 AS request_id FROM json_each(%s)) wanted"
        params: list[Any] = [dumps(wanted)]
    else:
        source = "unnest(%s::bigint[], %s::text[]) AS wanted (grant_id, request_id)"
        params = [[grant for grant, _ in wanted], [request for _, request in wanted]]
    with connection.cursor() as cursor:
        cursor.execute(_KEYS.format(wanted=source), params)
        return {(int(grant), request) for grant, request in cursor.fetchall()}


def last_numbers(plane_id: int, grants: Iterable[str]) -> dict[str, int]:
    """Grant → the number of its newest record on the plane, 0 for none."""
    names = sorted(grants)
    sqlite = _sqlite()
    source = "(SELECT value AS name FROM json_each(%s)) wanted" if sqlite else "unnest(%s::text[]) AS wanted (name)"
    with connection.cursor() as cursor:
        cursor.execute(_LAST.format(wanted=source), [plane_id, dumps(names) if sqlite else names])
        return {name: last or 0 for name, last in cursor.fetchall()}
