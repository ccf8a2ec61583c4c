"""Quotas and rates, exact within the one process that owns the journal.

A reservation is taken in memory before anything is produced and settled when the outcome is known, without an
`await` between check and reservation; the sums are restored from the journal at start. Because an outcome decides
whether a use is charged, admission needs room under *both* kinds: refusing after the look-up would tell the caller
what it found.
"""

from __future__ import annotations

from time import monotonic

from shugang.delivery.plane.clock import month_of
from shugang.policy.vocabulary import Quota, Rate

_UNITS = {"calls": 0, "rows": 1, "bytes": 2}
_KINDS = {"charged": (0,), "uncharged": (3,), "all": (0, 3)}
CHARGED, UNCHARGED = 0, 3


class _Limit:
    """`sums` is the window's list of six; `cells` the positions of it that count."""

    __slots__ = ("calls", "cells", "code", "limit", "per", "unit")

    def __init__(self, quota: Quota) -> None:
        self.unit = _UNITS[quota.unit]
        self.cells = tuple(base + self.unit for base in _KINDS[quota.counts])
        self.limit, self.per = quota.limit, quota.per
        self.calls = quota.unit == "calls"
        self.code = "uncharged_quota_exhausted" if quota.counts == "uncharged" else "quota_exhausted"


class Meter:
    """Sums of one grant: calls, rows, bytes charged (0..2) and uncharged (3..5), by day, month and in total."""

    __slots__ = ("_day", "_days", "_limits", "_rate", "_refilled", "_tokens", "_windows", "held")

    def __init__(self, days: dict[int, list[int]] | None = None) -> None:
        self._days = days if days is not None else {}
        self._day = -1
        self._windows: dict[str, list[int]] = {}
        self._limits: tuple[_Limit, ...] = ()
        self._rate: Rate | None = None
        self._tokens = self._refilled = 0.0
        self.held = 0

    def set_terms(self, quotas: tuple[Quota, ...], rate: Rate | None) -> None:
        self._limits = tuple(_Limit(quota) for quota in quotas)
        if rate != self._rate:
            self._rate = rate
            self._tokens = float(rate.burst) if rate else 0.0
            self._refilled = monotonic()

    def _roll(self, day: int) -> None:
        """A new rule day: the month and total are summed anew, which holds even if the rule clock jumps."""
        today = self._days.setdefault(day, [0] * 6)
        month = month_of(day)
        within = [sums for d, sums in self._days.items() if month_of(d) == month]
        self._windows = {
            "day": today,
            "month": [sum(cell) for cell in zip(*within, strict=True)],
            "total": [sum(cell) for cell in zip(*self._days.values(), strict=True)],
        }
        self._day = day

    def throttle(self) -> float:
        """0 when the rate admits one more call, otherwise the seconds to wait."""
        rate = self._rate
        if rate is None:
            return 0.0
        now = monotonic()
        self._tokens = min(float(rate.burst), self._tokens + (now - self._refilled) * rate.per_second)
        self._refilled = now
        if self._tokens >= 1.0:
            self._tokens -= 1.0
            return 0.0
        return (1.0 - self._tokens) / rate.per_second

    def reserve(self, day: int) -> str | None:
        """Hold one call; the refusal code where a quota has no room."""
        if day != self._day:
            self._roll(day)
        for limit in self._limits:
            sums = self._windows[limit.per]
            used = 0
            for cell in limit.cells:
                used += sums[cell]
            if limit.calls:
                used += self.held
            if used >= limit.limit:
                return limit.code
        self.held += 1
        return None

    def release(self) -> None:
        """Give a reservation back: the use came to nothing."""
        self.held -= 1

    def room(self, day: int, base: int, rows: int, size: int) -> str | None:
        """For a held call whose answer is known: the refusal code if its rows or bytes do not fit."""
        if day != self._day:
            self._roll(day)
        amounts = (1, rows, size)
        for limit in self._limits:
            if limit.calls or base + limit.unit not in limit.cells:
                continue
            sums = self._windows[limit.per]
            if sum(sums[cell] for cell in limit.cells) + amounts[limit.unit] > limit.limit:
                return limit.code
        return None

    def settle(self, day: int, base: int, rows: int, size: int) -> None:
        """Turn a held call into a use of kind `base` (CHARGED or UNCHARGED)."""
        self.held -= 1
        if day != self._day:
            self._roll(day)
        for sums in self._windows.values():
            sums[base] += 1
            sums[base + 1] += rows
            sums[base + 2] += size

    def correct(self, day: int, base: int, rows: int, size: int) -> None:
        """Take back what a settled use did not release after all."""
        if day != self._day:
            self._roll(day)
        for sums in self._windows.values():
            sums[base + 1] -= rows
            sums[base + 2] -= size

    def total(self) -> list[int]:
        return [sum(cell) for cell in zip(*self._days.values(), strict=True)] if self._days else [0] * 6
