"""A grant's quotas and rate as one worker of a fleet meets them: every amount is drawn from the shared tables."""

from __future__ import annotations

from time import monotonic

from shugang.delivery.plane.fleet.draws import SLICE_SECONDS, Cells, Draws
from shugang.delivery.plane.fleet.tables import CELLS, HELD
from shugang.delivery.plane.usage import Meter
from shugang.policy.vocabulary import Quota, Rate


class FleetMeter(Meter):
    """Same calls and same answers as `Meter`; where no limit asks, nobody waits for the draw."""

    __slots__ = (
        "_draws",
        "_good_until",
        "_held_on",
        "_slice",
        "blocked_until",
        "burst",
        "grant",
        "per_second",
        "slice",
    )

    def __init__(self, grant: str, draws: Draws) -> None:
        super().__init__()
        self.grant, self._draws = grant, draws
        # Calls of unknown kind count in every window: the day is only where this worker's sum is kept.
        self._held_on = 0
        self._slice, self._good_until, self.blocked_until = 0, 0.0, 0.0
        self.burst = self.per_second = 0.0
        self.slice = 0

    def set_terms(self, quotas: tuple[Quota, ...], rate: Rate | None) -> None:
        if rate is not None and rate != self._rate:
            self.burst, self.per_second = float(rate.burst), float(rate.per_second)
            self.slice = max(1, min(int(self.burst / 8), int(self.per_second * SLICE_SECONDS)))
            self._slice, self.blocked_until = 0, 0.0
        super().set_terms(quotas, rate)

    def passes(self, now: float) -> bool:
        if self._rate is None:
            return True
        if self._slice and now < self._good_until:
            self._slice -= 1
            return True
        return False

    async def throttle(self) -> float:
        now = monotonic()
        if self.passes(now):
            return 0.0
        if now < self.blocked_until:
            return self.blocked_until - now
        return await self._draws.token(self)

    def hold(self, tokens: int, seconds: float, left: float) -> None:
        """Tokens that this worker may hand out for the next `seconds`, and how many are left to all."""
        self._slice, self._good_until = tokens, monotonic() + seconds
        self._tokens = left

    def _left(self) -> int:
        return int(self._tokens) + self._slice

    async def charge(self, day: int, base: int, rows: int, size: int) -> str | None:
        amounts = _cells(base, 1, rows, size)
        if not self._limits:
            self._draws.later(self.grant, day, amounts)
            return None
        return await self._draws.take(self.grant, day, amounts, self._limits, True, base)

    async def reserve(self, day: int) -> str | None:
        self._held_on = day
        if not self._limits:
            self._draws.later(self.grant, day, _held(1))
            return None
        return await self._draws.take(self.grant, day, _held(1), self._limits, True, -1)

    def release(self) -> None:
        self._draws.later(self.grant, self._held_on, _held(-1))

    async def room(self, day: int, base: int, rows: int, size: int) -> str | None:
        if not self._amounts:
            return None
        amounts = _cells(base, 0, rows, size)
        code = await self._draws.take(self.grant, day, amounts, self._amounts, False, base)
        if code is None:
            self._draws.later(self.grant, day, [-amount for amount in amounts])
        return code

    async def settle(self, day: int, base: int, rows: int, size: int) -> str | None:
        return await self._amount(day, base, _cells(base, 1, rows, size, -1))

    async def further(self, day: int, base: int, size: int, rows: int = 0) -> str | None:
        return await self._amount(day, base, _cells(base, 0, rows, size))

    async def _amount(self, day: int, base: int, amounts: Cells) -> str | None:
        if self._amounts:
            return await self._draws.take(self.grant, day, amounts, self._amounts, False, base)
        self._draws.later(self.grant, day, amounts)
        return None

    def unsettle(self, day: int, base: int, rows: int, size: int) -> None:
        self._draws.later(self.grant, day, _cells(base, -1, -rows, -size, 1))

    def correct(self, day: int, base: int, rows: int, size: int) -> None:
        self._draws.later(self.grant, day, _cells(base, 0, -rows, -size))


def _cells(base: int, calls: int, rows: int, size: int, held: int = 0) -> Cells:
    cells = [0] * CELLS
    cells[HELD] = held
    cells[base : base + 3] = calls, rows, size
    return cells


def _held(count: int) -> Cells:
    cells = [0] * CELLS
    cells[HELD] = count
    return cells
