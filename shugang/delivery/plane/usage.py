"""Quotas and rates, exact within the one process that owns the journal (`plane.fleet` shares them between workers).

A reservation is taken in memory before anything is produced and settled when the outcome is known, without an
`await` between check and reservation; the sums are restored from the journal at start. Because an outcome decides
whether a use is charged, admission needs room under *both* kinds: refusing after the look-up would tell the caller
what it found.
"""

from __future__ import annotations

from collections.abc import Callable
from math import ceil
from time import monotonic

from shugang.delivery.plane.clock import month_of
from shugang.delivery.plane.replies import Headers
from shugang.policy.vocabulary import Quota, Rate

_UNITS = {"calls": 0, "rows": 1, "bytes": 2}
_KINDS = {"charged": (0,), "uncharged": (3,), "all": (0, 3)}
CHARGED, UNCHARGED = 0, 3
# Calls that certainly fit where nothing limits them.
AMPLE = 1 << 60


class Limit:
    """`before` is what the window held up to today; `cells` the positions that count."""

    __slots__ = ("before", "bounded", "calls", "cells", "code", "limit", "per", "unit")

    def __init__(self, quota: Quota) -> None:
        self.unit = _UNITS[quota.unit]
        self.cells = tuple(base + self.unit for base in _KINDS[quota.counts])
        self.limit, self.per = quota.limit, quota.per
        self.calls = quota.unit == "calls"
        # The kinds of uses whose amount this limit bounds beyond mere admission.
        self.bounded = () if self.calls else _KINDS[quota.counts]
        self.code = "uncharged_quota_exhausted" if quota.counts == "uncharged" else "quota_exhausted"
        self.before = 0


class Meters(dict[str, "Meter"]):
    """Meters by grant, each made when it is first asked for; they outlive bundles."""

    def __init__(self, make: Callable[[str], Meter] | None = None) -> None:
        super().__init__()
        self._make = make or (lambda grant: Meter())

    def __missing__(self, grant: str) -> Meter:
        made = self[grant] = self._make(grant)
        return made


class Meter:
    """Sums of one grant: calls, rows, bytes charged (0..2) and uncharged (3..5), by rule day."""

    __slots__ = (
        "_amounts",
        "_burst",
        "_day",
        "_days",
        "_limits",
        "_per",
        "_rate",
        "_refilled",
        "_sure",
        "_today",
        "_tokens",
        "_told",
        "held",
        "policy",
    )

    def __init__(self, days: dict[int, list[int]] | None = None) -> None:
        self._days = days if days is not None else {}
        self._day = -1
        self._today: list[int] = [0] * 6
        self._limits: tuple[Limit, ...] = ()
        # Those of `_limits` that bound amounts beyond mere admission.
        self._amounts: tuple[Limit, ...] = ()
        self._rate: Rate | None = None
        self._tokens = self._refilled = self._burst = self._per = 0.0
        # So many further calls of today fit every limit for certain; 0 says nothing.
        self._sure = 0
        self.held = 0
        self.policy = ""
        self._told: tuple[int, Headers] = (-1, [])

    def set_terms(self, quotas: tuple[Quota, ...], rate: Rate | None) -> None:
        # Time is kept apart (`plane.timed`): only streams last.
        self._limits = tuple(Limit(quota) for quota in quotas if quota.unit != "seconds")
        self._amounts = tuple(limit for limit in self._limits if limit.bounded)
        self._day = -1
        if rate != self._rate:
            self._rate = rate
            self._tokens = self._burst = float(rate.burst) if rate else 0.0
            self._per = float(rate.per_second) if rate else 0.0
            # The bucket as a window: so many calls at once, and again as many once it has filled up.
            self.policy = f'"rate";q={rate.burst};w={max(1, ceil(rate.burst / rate.per_second))}' if rate else ""
            self._told = (-1, [])
            self._refilled = monotonic()

    def _roll(self, day: int) -> None:
        """A new rule day: what lies before it is summed anew, which holds even if the rule clock jumps."""
        self._sure = 0
        self._today = self._days.setdefault(day, [0] * 6)
        month = month_of(day)
        for limit in self._limits:
            limit.before = sum(
                sums[cell]
                for then, sums in self._days.items()
                for cell in limit.cells
                if then != day and (limit.per == "total" or (limit.per == "month" and month_of(then) == month))
            )
        self._day = day

    def passes(self, now: float) -> bool:
        """Takes one call where the rate admits it and nobody need be asked; `throttle` tells the others how long to
        wait. Every call asks, so that it costs no coroutine."""
        if self._rate is None:
            return True
        tokens = self._tokens + (now - self._refilled) * self._per
        if tokens > self._burst:
            tokens = self._burst
        self._refilled = now
        if tokens >= 1.0:
            self._tokens = tokens - 1.0
            return True
        self._tokens = tokens
        return False

    async def throttle(self) -> float:
        """0 when the rate admits one more call, otherwise the seconds to wait."""
        return 0.0 if self.passes(monotonic()) else (1.0 - self._tokens) / self._per

    def told(self) -> Headers:
        """Headers of an answer under a rate: the policy and how many calls are left at once
        (draft-ietf-httpapi-ratelimit-headers-11); none where nothing limits the rate."""
        if self._rate is None:
            return []
        left = self._left()
        if left != self._told[0]:
            self._told = (left, [("ratelimit-policy", self.policy), ("ratelimit", f'"rate";r={left}')])
        return self._told[1]

    def _left(self) -> int:
        return int(self._tokens)

    def fits(self, day: int, base: int, rows: int, size: int) -> bool:
        """`charge` without looking at each limit: counted, where the last look left room for this call. False says
        nothing."""
        if self._sure <= 0 or day != self._day:
            return False
        self._sure -= 1
        sums = self._today
        sums[base] += 1
        sums[base + 1] += rows
        sums[base + 2] += size
        return True

    async def charge(self, day: int, base: int, rows: int, size: int) -> str | None:
        """A use whose answer is known at once, of kind `base` (CHARGED or UNCHARGED): the refusal code, or None and
        it is counted. Admission looks at every limit alike, so that a refusal tells nothing about the answer."""
        code = self._full(day)
        if code is None and self._amounts:
            code = self._over(base, rows, size)
        if code is None:
            sums = self._today
            sums[base] += 1
            sums[base + 1] += rows
            sums[base + 2] += size
        return code

    async def further(self, day: int, base: int, size: int, rows: int = 0) -> str | None:
        """More bytes (or rows) of a use that counts already: no further call."""
        if day != self._day:
            self._roll(day)
        code = self._over(base, rows, size)
        if code is None:
            self._today[base + 1] += rows
            self._today[base + 2] += size
        return code

    async def reserve(self, day: int) -> str | None:
        """Hold one call whose answer is still to come; the refusal code where a quota has no room."""
        code = self._full(day)
        if code is None:
            self.held += 1
        return code

    def _full(self, day: int) -> str | None:
        if day != self._day:
            self._roll(day)
        today, room = self._today, AMPLE
        for limit in self._limits:
            used = limit.before
            for cell in limit.cells:
                used += today[cell]
            if limit.calls:
                used += self.held
            if used >= limit.limit:
                self._sure = 0
                return limit.code
            room = min(room, limit.limit - used)
        # The caller takes one call of the room; of rows and bytes, each use takes its own.
        self._sure = 0 if self._amounts else room - 1
        return None

    def release(self) -> None:
        """Give a reservation back: the use came to nothing."""
        self.held -= 1

    async def room(self, day: int, base: int, rows: int, size: int) -> str | None:
        """Whether so much would fit now: the refusal code, or None. Nothing is taken: `settle` and `charge` decide."""
        if day != self._day:
            self._roll(day)
        return self._over(base, rows, size)

    def _over(self, base: int, rows: int, size: int) -> str | None:
        for limit in self._amounts:
            if base in limit.bounded:
                used = limit.before + sum(self._today[cell] for cell in limit.cells)
                if used + (rows if limit.unit == 1 else size) > limit.limit:
                    return limit.code
        return None

    async def settle(self, day: int, base: int, rows: int, size: int) -> str | None:
        """Turn a held call into a use of kind `base` (CHARGED or UNCHARGED). The refusal code where its rows or bytes
        do not fit: then the call is held on, to be released."""
        code = await self.room(day, base, rows, size)
        if code is None:
            self.held -= 1
            sums = self._today
            sums[base] += 1
            sums[base + 1] += rows
            sums[base + 2] += size
        return code

    def unsettle(self, day: int, base: int, rows: int, size: int) -> None:
        """A settled use is a held call again: another grant of the same answer had no room for it."""
        self.correct(day, base, rows, size)
        self._today[base] -= 1
        self.held += 1
        # A held call counts in every limit, the settled one did not.
        self._sure = 0

    def correct(self, day: int, base: int, rows: int, size: int) -> None:
        """Take back what a settled use did not release after all."""
        if day != self._day:
            self._roll(day)
        self._today[base + 1] -= rows
        self._today[base + 2] -= size
