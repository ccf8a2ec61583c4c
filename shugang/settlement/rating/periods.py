"""Service periods: calendar months of the city's zone, clipped to the agreement. Days are inclusive."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

# Priced once for the whole term, so the term is their one service period.
WHOLE_TERM = frozenset({"free", "one_off"})


class Period(NamedTuple):
    first: date
    last: date

    def bounds(self, zone: ZoneInfo) -> tuple[datetime, datetime]:
        """[start, end) in UTC."""
        start = datetime.combine(self.first, time(), tzinfo=zone)
        end = datetime.combine(self.last + timedelta(days=1), time(), tzinfo=zone)
        return start.astimezone(UTC), end.astimezone(UTC)


def service_periods(kind: str, starts_on: date, ends_on: date, until: date) -> Iterator[Period]:
    """The periods of an agreement that have begun by `until`, oldest first."""
    if until < starts_on:
        return
    if kind in WHOLE_TERM:
        yield Period(starts_on, ends_on)
        return
    first = starts_on
    while first <= min(ends_on, until):
        following = (first.replace(day=1) + timedelta(days=32)).replace(day=1)
        yield Period(first, min(ends_on, following - timedelta(days=1)))
        first = following
