"""Real time, and rule time (windows, quota days): real time plus the offset that a signed bundle carries.

Leases and nonces use real time; what a contract says uses rule time. Days of quotas are those of Asia/Shanghai
(UTC+8 without daylight saving since 1992).
"""

from __future__ import annotations

import time
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import NamedTuple

SHANGHAI_SECONDS = 8 * 3600
_EPOCH_ORDINAL = date(1970, 1, 1).toordinal()


class Moment(NamedTuple):
    """One moment as a request needs it; `rule` in epoch seconds, `day` a rule day, the texts in ISO 8601."""

    real: float
    rule: float
    day: int
    at: str
    received_at: str


class Clock:
    """Makes a Moment at most once per millisecond: at full load some twenty requests share one."""

    __slots__ = ("_made_at", "_made_offset", "_moment", "offset")

    def __init__(self, offset: float = 0.0) -> None:
        self.offset = offset
        self._made_at, self._made_offset = -1, 0.0
        self._moment = Moment(0.0, 0.0, 0, "", "")

    def now(self) -> Moment:
        real = time.time()
        millisecond = int(real * 1000)
        if millisecond != self._made_at or self.offset != self._made_offset:
            self._made_at, self._made_offset = millisecond, self.offset
            rule = real + self.offset
            received = _text(millisecond)
            at = received if not self.offset else _text(int(rule * 1000))
            self._moment = Moment(real, rule, rule_day(rule), at, received)
        return self._moment


def rule_day(rule_now: float) -> int:
    """Days since 1970-01-01 by Shanghai's calendar."""
    return int(rule_now + SHANGHAI_SECONDS) // 86400


def month_of(day: int) -> int:
    """`year * 12 + month` of a `rule_day`."""
    at = date.fromordinal(_EPOCH_ORDINAL + day)
    return at.year * 12 + at.month


def to_datetime(epoch: float) -> datetime:
    return datetime.fromtimestamp(epoch, UTC)


def _text(millisecond: int) -> str:
    second, rest = divmod(millisecond, 1000)
    return f"{_second(second)}.{rest:03d}Z"


@lru_cache(maxsize=4)
def _second(epoch: int) -> str:
    return f"{datetime.fromtimestamp(epoch, UTC):%Y-%m-%dT%H:%M:%S}"
