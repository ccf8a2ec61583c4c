"""What must be settled between workers before anything is produced: quotas, rates, nonces, request ids.

One session per worker takes them in groups, each group in one transaction that waits for no disk: PostgreSQL writes its
log in order, so that the durable commit of the record that follows makes its draws durable with it, and a draw that a
crash loses belongs to no answer. A quota is locked for two round trips, never over a flush.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from math import floor
from time import monotonic, time
from typing import TYPE_CHECKING, Any, NamedTuple

import psycopg

from shugang.delivery.plane.clock import month_of
from shugang.delivery.plane.fleet import tables
from shugang.delivery.plane.fleet.tables import CELLS, HELD
from shugang.delivery.plane.journal import JournalFailed
from shugang.delivery.plane.usage import Limit

if TYPE_CHECKING:
    from shugang.delivery.plane.fleet.meter import FleetMeter

Cells = list[int]
# Tokens of a rate are taken for so long at once, and forgotten when they were not used.
SLICE_SECONDS, SLICE_LASTS = 0.05, 1.0
MOST_TRIES = 5


class Take(NamedTuple):
    """Draw `amounts` (seven cells) from a grant's quotas. `limits` are those to keep: `calls` asks for room for one
    more call, `base` (0 or 3, else -1) for room for its rows and bytes; without a future nobody asks."""

    grant: str
    day: int
    amounts: Cells
    limits: tuple[Limit, ...]
    calls: bool
    base: int
    future: asyncio.Future[str | None] | None


class Claimed(NamedTuple):
    """`ours`: no other worker answers this request. `billed`: (first, seq, text) of the batch that holds its record."""

    ours: bool
    billed: tuple[int, int, str] | None


class _Group:
    def __init__(self) -> None:
        self.takes: list[Take] = []
        self.tokens: dict[str, tuple[FleetMeter, list[asyncio.Future[float]]]] = {}
        self.nonces: dict[tuple[str, str], tuple[float, asyncio.Future[bool]]] = {}
        self.claims: dict[tuple[str, str], asyncio.Future[Claimed]] = {}
        self.unclaims: list[tuple[str, str]] = []

    def futures(self) -> Iterable[asyncio.Future[Any]]:
        yield from (take.future for take in self.takes if take.future is not None)
        for _, waiting in self.tokens.values():
            yield from waiting
        yield from (future for _, future in self.nonces.values())
        yield from self.claims.values()


def spans(day: int) -> tuple[str, str, str]:
    """The windows that a rule day lies in."""
    return "t", f"m{month_of(day)}", f"d{day}"


_PER = {"total": 0, "month": 1, "day": 2}


def refusal(take: Take, windows: tuple[Cells, Cells, Cells]) -> str | None:
    """The code of the first limit that has no room; every limit is looked at alike, as in `usage.Meter`."""
    held = windows[0][HELD]
    for limit in take.limits:
        used = sum(windows[_PER[limit.per]][cell] for cell in limit.cells)
        if take.calls and used + (held if limit.calls else 0) >= limit.limit:
            return limit.code
    for limit in take.limits:
        if limit.bounded and take.base in limit.bounded:
            used = sum(windows[_PER[limit.per]][cell] for cell in limit.cells)
            if used + take.amounts[take.base + limit.unit] > limit.limit:
                return limit.code
    return None


class Draws:
    """Call inside the event loop. After `fail` every call raises JournalFailed."""

    def __init__(self) -> None:
        self._group = _Group()
        self._work = asyncio.Event()
        self._drawn: dict[tuple[str, int], Cells] = {}
        self._made: set[tuple[str, str]] = set()
        self._worker, self._taking = -1, False
        self.failed: BaseException | None = None

    # -- asking -------------------------------------------------------------------------------------------

    def later(self, grant: str, day: int, amounts: Cells) -> None:
        """Draw or give back what is decided already; nobody waits."""
        if self.failed is None:
            self._group.takes.append(Take(grant, day, amounts, (), False, -1, None))
            self._work.set()

    async def take(
        self, grant: str, day: int, amounts: Cells, limits: tuple[Limit, ...], calls: bool, base: int
    ) -> str | None:
        future: asyncio.Future[str | None] = self._future()
        self._group.takes.append(Take(grant, day, amounts, limits, calls, base, future))
        try:
            return await asyncio.shield(future)
        except asyncio.CancelledError:
            future.add_done_callback(lambda done: self._give_back(done, grant, day, amounts))
            raise

    def _give_back(self, done: asyncio.Future[str | None], grant: str, day: int, amounts: Cells) -> None:
        """Its caller was gone when the amounts were his."""
        if not done.cancelled() and done.exception() is None and done.result() is None:
            self.later(grant, day, [-amount for amount in amounts])

    async def token(self, meter: FleetMeter) -> float:
        """0.0 when the rate admits one more call, otherwise the seconds to wait."""
        future: asyncio.Future[float] = self._future()
        self._group.tokens.setdefault(meter.grant, (meter, []))[1].append(future)
        return await future

    async def spend(self, credential: str, nonce: str, expires: float) -> bool:
        if (credential, nonce) in self._group.nonces:
            return False
        future: asyncio.Future[bool] = self._future()
        self._group.nonces[credential, nonce] = expires, future
        return await future

    async def claim(self, grant: str, request_id: str) -> Claimed:
        if (grant, request_id) in self._group.claims:
            return Claimed(False, None)
        future: asyncio.Future[Claimed] = self._future()
        self._group.claims[grant, request_id] = future
        return await future

    def unclaim(self, key: tuple[str, str]) -> None:
        if self.failed is None:
            self._group.unclaims.append(key)
            self._work.set()

    def _future(self) -> asyncio.Future[Any]:
        if self.failed is not None:
            raise JournalFailed from self.failed
        self._work.set()
        return asyncio.get_running_loop().create_future()

    def fail(self, error: BaseException) -> None:
        self.failed = error
        _broken(self._group, error)

    @property
    def pending(self) -> bool:
        """Whether something that was asked for is not yet in the database."""
        return self._taking or self._work.is_set()

    # -- taking -------------------------------------------------------------------------------------------

    async def run(self, con: psycopg.AsyncConnection[Any], worker: int) -> None:
        """Take group after group, for ever; what the database says against it is raised."""
        self._worker = worker
        await con.execute("SET synchronous_commit = off")
        while True:
            await self._work.wait()
            self._work.clear()
            group, self._group = self._group, _Group()
            self._taking = True
            try:
                await self._transact(con, group)
                self._taking = False
            except BaseException as error:
                _broken(group, error)
                raise

    async def _transact(self, con: psycopg.AsyncConnection[Any], group: _Group) -> None:
        for tries in range(MOST_TRIES):
            try:
                answers = await self._attempt(con, group)
                break
            except (psycopg.errors.DeadlockDetected, psycopg.errors.SerializationFailure):
                await con.execute("ROLLBACK")
                if tries == MOST_TRIES - 1:
                    raise
        for future, answer in answers:
            if not future.done():
                future.set_result(answer)

    async def _attempt(self, con: psycopg.AsyncConnection[Any], group: _Group) -> list[tuple[asyncio.Future[Any], Any]]:
        keys = sorted({(take.grant, span) for take in group.takes for span in spans(take.day)})
        nonces, claims = sorted(group.nonces), sorted(group.claims)
        fresh = [key for key in keys if key not in self._made]
        asked = sorted(group.tokens)
        async with con.pipeline():
            await con.execute("BEGIN")
            # First what may wait for another worker's flush, then the quotas, so that nobody waits with one locked.
            now = time()
            spent = [await con.execute(tables.SPEND_NONCE, (*key, group.nonces[key][0], now)) for key in nonces]
            for key in group.unclaims:
                await con.execute(tables.UNCLAIM, (*key, self._worker))
            claimed = [await con.execute(tables.CLAIM, (*key, self._worker)) for key in claims]
            billed = [await con.execute(tables.BILLED, key) for key in claims]
            for key in fresh:
                await con.execute(tables.MAKE_QUOTA, key)
            locked = keys and await con.execute(tables.LOCK_QUOTA, tuple(map(list, zip(*keys, strict=True))))
            for grant in asked:
                await con.execute(tables.MAKE_BUCKET, (grant, group.tokens[grant][0].burst))
            buckets = asked and await con.execute(tables.LOCK_BUCKET, (asked,))
            quota = {(g, s): cells for g, s, cells in await locked.fetchall()} if locked else {}
            levels = await buckets.fetchall() if buckets else []
            answers: list[tuple[asyncio.Future[Any], Any]] = []
            for key, cursor in zip(nonces, spent, strict=True):
                answers.append((group.nonces[key][1], await cursor.fetchone() is not None))
            for key, got, bill in zip(claims, claimed, billed, strict=True):
                ours = await got.fetchone() is not None
                row = await bill.fetchone()
                if ours and row is not None:
                    await con.execute(tables.UNCLAIM, (*key, self._worker))
                answers.append((group.claims[key], Claimed(ours, row)))
            drawn = await self._draw(con, group.takes, quota, answers)
            for grant, tokens, elapsed in levels:
                left = _share(*group.tokens[grant], tokens, elapsed, answers)
                await con.execute(tables.SET_BUCKET, (left, grant))
            await con.execute("COMMIT")
        self._made.update(fresh)
        self._drawn |= drawn
        return answers

    async def _draw(
        self,
        con: psycopg.AsyncConnection[Any],
        takes: list[Take],
        quota: dict[tuple[str, str], Cells],
        answers: list[tuple[asyncio.Future[Any], Any]],
    ) -> dict[tuple[str, int], Cells]:
        drawn: dict[tuple[str, int], Cells] = {}
        changed: set[tuple[str, str]] = set()
        for take in takes:
            total, month, today = ((take.grant, span) for span in spans(take.day))
            windows = quota[total], quota[month], quota[today]
            code = refusal(take, windows) if take.limits else None
            if take.future is not None:
                answers.append((take.future, code))
            if code is None:
                mine = drawn.get((take.grant, take.day))
                if mine is None:
                    mine = drawn[take.grant, take.day] = list(self._drawn.get((take.grant, take.day), [0] * CELLS))
                for cells in (*windows, mine):
                    for place, amount in enumerate(take.amounts):
                        cells[place] += amount
                changed.update((total, month, today))
        for key in sorted(changed):
            await con.execute(tables.SET_QUOTA, (quota[key], *key))
        for (grant, day), cells in drawn.items():
            await con.execute(tables.SET_DRAWN, (self._worker, grant, day, cells))
        return drawn


def _share(
    meter: FleetMeter,
    waiting: list[asyncio.Future[float]],
    tokens: float,
    elapsed: float,
    answers: list[tuple[asyncio.Future[Any], Any]],
) -> float:
    """Hand the bucket's tokens to those who wait, and a slice for the next ones to this worker; what is left."""
    tokens = min(meter.burst, tokens + max(0.0, elapsed) * meter.per_second)
    given = min(floor(tokens), max(len(waiting), meter.slice))
    tokens -= given
    wait = (1.0 - tokens) / meter.per_second
    for place, future in enumerate(waiting):
        answers.append((future, 0.0 if place < given else wait))
    meter.hold(max(0, given - len(waiting)), SLICE_LASTS, tokens)
    if given < len(waiting):
        meter.blocked_until = monotonic() + wait
    return tokens


def _broken(group: _Group, error: BaseException) -> None:
    for future in group.futures():
        if not future.done():
            future.set_exception(JournalFailed(str(error)))
            future.exception()
