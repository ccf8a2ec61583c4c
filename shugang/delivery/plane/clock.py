"""Real time, and rule time (windows, quota days): real time plus the offset that a signed bundle carries.

Leases and nonces use real time; what a contract says uses rule time. Days of quotas are those of Asia/Shanghai
(UTC+8 without daylight saving since 1992).
"""

from __future__ import annotations

import time
from datetime import UTC, date, datetime

SHANGHAI_SECONDS = 8 * 3600
_EPOCH_ORDINAL = date(1970, 1, 1).toordinal()


class Clock:
    """Formats both times once per second; milliseconds are appended, since a request needs each twice."""

    __slots__ = ("_real_second", "_real_text", "_rule_second", "_rule_text", "offset")

    def __init__(self, offset: float = 0.0) -> None:
        self.offset = offset
        self._real_second = self._rule_second = -1
        self._real_text = self._rule_text = ""

    def real(self) -> float:
        return time.time()

    def stamp_real(self, now: float) -> str:
        second = int(now)
        if second != self._real_second:
            self._real_second, self._real_text = second, _text(second)
        return f"{self._real_text}.{int((now - second) * 1000):03d}Z"

    def stamp_rule(self, rule_now: float) -> str:
        second = int(rule_now)
        if second != self._rule_second:
            self._rule_second, self._rule_text = second, _text(second)
        return f"{self._rule_text}.{int((rule_now - second) * 1000):03d}Z"


def rule_day(rule_now: float) -> int:
    """Days since 1970-01-01 by Shanghai's calendar."""
    return int(rule_now + SHANGHAI_SECONDS) // 86400


def month_of(day: int) -> int:
    """`year * 12 + month` of a `rule_day`."""
    at = date.fromordinal(_EPOCH_ORDINAL + day)
    return at.year * 12 + at.month


def parse_iso(text: str) -> float:
    """Epoch seconds of an ISO-8601 time with zone."""
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError(f"time without a zone: {text}")
    return at.timestamp()


def to_datetime(epoch: float) -> datetime:
    return datetime.fromtimestamp(epoch, UTC)


def _text(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S")
