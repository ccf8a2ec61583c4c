"""Service periods: calendar months of the city's zone, clipped to the agreement; a subscription's own months,
quarters or years from its first day; or the whole term. Days are inclusive."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from shugang.policy.priceplan import MONTHS, PricePlan


class Period(NamedTuple):
    first: date
    last: date

    def bounds(self, zone: ZoneInfo) -> tuple[datetime, datetime]:
        """[start, end) in UTC."""
        start = datetime.combine(self.first, time(), tzinfo=zone)
        end = datetime.combine(self.last + timedelta(days=1), time(), tzinfo=zone)
        return start.astimezone(UTC), end.astimezone(UTC)


def service_periods(plan: PricePlan, starts_on: date, ends_on: date, until: date) -> Iterator[Period]:
    """The periods of an agreement that have begun by `until`, oldest first."""
    if until < starts_on:
        return
    if plan.whole_term:
        yield Period(starts_on, ends_on)
        return
    if plan.every is not None:
        yield from _subscribed(MONTHS[plan.every], starts_on, ends_on, until)
        return
    first = starts_on
    while first <= min(ends_on, until):
        following = (first.replace(day=1) + timedelta(days=32)).replace(day=1)
        yield Period(first, min(ends_on, following - timedelta(days=1)))
        first = following


def _subscribed(months: int, starts_on: date, ends_on: date, until: date) -> Iterator[Period]:
    number, first = 1, starts_on
    while first <= min(ends_on, until):
        following = _months_later(starts_on, number * months)
        yield Period(first, min(ends_on, following - timedelta(days=1)))
        number, first = number + 1, following


def _months_later(day: date, months: int) -> date:
    """The same day of a later month, or that month's last day."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    last = (date(year, month + 1, 1).replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)
    return last.replace(day=min(day.day, last.day))
