"""When a destination is written to without being asked, and when a push that broke off is tried again.

A schedule is "" (only when asked), `version` (each new version at once), `daily HH:MM` or `weekly D HH:MM` (D from 1,
Monday, to 7) in the city's time. It says when, never how often the same is sent: a version that was delivered is not
sent or charged again.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import NamedTuple

from shugang.policy.text import Text
from shugang.policy.vocabulary import CHINA

AT_ONCE = "version"
# From a failure to the next try, at first and at most; a push that was asked for is given up so long after its last piece.
RETRY_SECONDS, MOST_SECONDS, RETRY_DAYS = 60.0, 3600.0, 3
_TIMED = re.compile(r"(daily|weekly ([1-7])) ([01]\d|2[0-3]):([0-5]\d)")
DAYS = tuple(
    Text(f"周{zh}", en)
    for zh, en in zip(
        "一二三四五六日", ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"), strict=True
    )
)


class BadSchedule(ValueError):
    """The text is no schedule."""


class Timed(NamedTuple):
    """`weekday` 1 to 7, 0 for every day."""

    weekday: int
    hour: int
    minute: int

    def last(self, now: datetime) -> datetime:
        """The newest of its moments that is not after `now`."""
        local = now.astimezone(CHINA)
        at = local.replace(hour=self.hour, minute=self.minute, second=0, microsecond=0)
        if self.weekday:
            at -= timedelta(days=(at.isoweekday() - self.weekday) % 7)
        return at if at <= local else at - timedelta(days=7 if self.weekday else 1)


def timed(schedule: str) -> Timed | None:
    """None where no clock decides. Raises BadSchedule."""
    if schedule in ("", AT_ONCE):
        return None
    found = _TIMED.fullmatch(schedule)
    if found is None:
        raise BadSchedule(schedule)
    return Timed(int(found[2] or 0), int(found[3]), int(found[4]))


def due(schedule: str, since: datetime, now: datetime) -> bool:
    """Whether what is there since `since` is to be sent by `now`. A moment that passed while nobody could send counts."""
    moments = timed(schedule)
    return schedule == AT_ONCE if moments is None else moments.last(now) >= since


def words(schedule: str) -> Text:
    moments = timed(schedule)
    if moments is None:
        return Text("有新版本即推送", "Each new version at once") if schedule else Text("只在请求时", "Only when asked")
    at = f"{moments.hour:02d}:{moments.minute:02d}"
    if not moments.weekday:
        return Text(f"每天{at}", f"Every day at {at}")
    day = DAYS[moments.weekday - 1]
    return Text(f"每{day.zh}{at}", f"Every {day.en} at {at}")


def backoff(failures: int, first: float, most: float) -> float:
    """Seconds from the `failures`-th failure to the next try: twice as long each time."""
    return min(most, first * 2.0 ** min(failures - 1, 30))


def job_of(request_id: str) -> tuple[str, int]:
    """The push that a record's number belongs to, and which try it is: further tries are `{push}~2`, `{push}~3`, …"""
    job, tilde, number = request_id.partition("~")
    return (job, int(number)) if tilde and number.isdigit() else (request_id, 1)
