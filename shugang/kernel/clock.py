"""What time it is. Rule time is real time, moved only in a database made by `shugang demo`."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import connection


def real_now() -> datetime:
    return datetime.now(UTC)


def offset_seconds() -> int:
    """Seconds by which rule time runs ahead of real time; 0 outside a demonstration."""
    if not settings.SHUGANG_DEMO:
        return 0
    with connection.cursor() as cursor:
        cursor.execute("SELECT seconds FROM kernel_clockoffset WHERE id = 1")
        row = cursor.fetchone()
    return int(row[0]) if row else 0


def now() -> datetime:
    """Rule time, UTC: what deadlines, notices, contract periods and billing run on."""
    return real_now() + timedelta(seconds=offset_seconds())


def zone() -> ZoneInfo:
    return ZoneInfo(settings.TIME_ZONE)


def today() -> date:
    return now().astimezone(zone()).date()


def move_to(moment: datetime) -> None:
    """Set the simulated clock. Refused outside a demonstration and for moves into the past of the record."""
    from .models import ClockOffset, Event

    if not settings.SHUGANG_DEMO:
        raise RuntimeError("the clock can be moved only in a demonstration database")
    last = Event.objects.order_by("-at").values_list("at", flat=True).first()
    if last is not None and moment < last:
        raise RuntimeError("the simulated clock never runs backwards")
    seconds = int((moment - real_now()).total_seconds())
    ClockOffset.objects.update_or_create(pk=1, defaults={"seconds": seconds})
