"""Working days of the loaded calendar, on the platform's clock and zone."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from shugang.policy.workdays import Calendar, china_calendar

from .clock import zone


def calendar() -> Calendar:
    """The published calendar with 调休 (make-up days)."""
    return china_calendar()


def end_of(day: date) -> datetime:
    return datetime.combine(day, time(23, 59, 59), tzinfo=zone())


def due(start: datetime, days: int, unit: str) -> tuple[datetime, bool]:
    """The last moment of the `days`-th day after `start`, and whether it is provisional (year not loaded)."""
    local = start.astimezone(zone()).date()
    if unit == "d":
        return end_of(local + timedelta(days=days)), False
    day, provisional = calendar().add_working_days(local, days)
    return end_of(day), provisional


def working_days_left(now: datetime, due_at: datetime) -> int:
    """Working days from today (exclusive) to the due day (inclusive); negative when overdue."""
    first, last = now.astimezone(zone()).date(), due_at.astimezone(zone()).date()
    if last >= first:
        return calendar().working_days_between(first, last)
    return -calendar().working_days_between(last, first)
