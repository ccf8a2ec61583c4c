"""How long a report counts and how long its archive is kept. Pure.

Validity: normally one year from the base date (《资产评估执业准则——资产评估报告》); archive: at least 15 years, statutory
appraisals 30 (资产评估法 §29). Days are of the zone given.
"""

from __future__ import annotations

import calendar
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from zoneinfo import ZoneInfo

CHINA = ZoneInfo("Asia/Shanghai")


def add_months(day: date, months: int) -> date:
    """The same day of the month so many months later; the month's last day where it has no such day."""
    place = day.year * 12 + day.month - 1 + months
    year, month = divmod(place, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def last_day(base_date: date, months: int) -> date:
    """A report on 2025-12-31 with twelve months counts through 2026-12-30."""
    return add_months(base_date, months) - timedelta(days=1)


def valid_until(base_date: date, months: int, zone: tzinfo = CHINA) -> datetime:
    """The last moment at which the report counts, in UTC."""
    return datetime.combine(last_day(base_date, months), time(23, 59, 59), tzinfo=zone).astimezone(UTC)


def archive_until(issued_on: date, years: int) -> date:
    """The archive may not be destroyed before this day."""
    return add_months(issued_on, 12 * years)
