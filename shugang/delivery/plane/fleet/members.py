"""Who belongs to the fleet: joining, leading, and closing what a worker that ended had left open."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import time
from dataclasses import dataclass, field
from typing import Any

import psycopg

from shugang.delivery.plane import pruning, schema
from shugang.delivery.plane.fleet import tables
from shugang.delivery.plane.fleet.draws import spans
from shugang.delivery.plane.fleet.tables import CELLS, NOBODY, append, rows
from shugang.delivery.plane.journal import ACKED
from shugang.delivery.plane.records import ABORTED

log = logging.getLogger("shugang.plane.fleet")
BEAT_SECONDS = 0.25
SWEEP_SECONDS = 600.0
# Advisory locks of a plane, in the name space of its schema's oid: 0 leads, 2n and 2n+1 are worker n's two sessions.
LEADER = 0
_SPACE = "current_schema()::regnamespace::oid::integer"
_LOCK = f"SELECT pg_advisory_lock({_SPACE}, %s)"
_TRY = f"SELECT pg_try_advisory_lock({_SPACE}, %s)"
_DEAD = f"SELECT pg_try_advisory_xact_lock({_SPACE}, %s), pg_try_advisory_xact_lock({_SPACE}, %s)"
_STATE = (
    "SELECT seq, coalesce((SELECT value::bigint FROM meta WHERE key = %s), 0),"
    " (SELECT count(*) FROM worker), (SELECT coalesce(min(revision), 0) FROM worker) FROM head"
)


@dataclass
class Membership:
    """A worker's three sessions; `writer` and `drawer` hold its locks."""

    worker: int
    writer: psycopg.AsyncConnection[Any]
    drawer: psycopg.AsyncConnection[Any]
    house: psycopg.AsyncConnection[Any]
    restored: schema.Restored
    seq: int
    acked: int
    keep_days: int
    leads: bool = False
    seconds: float = BEAT_SECONDS
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    _swept: float = field(default_factory=time.monotonic)

    async def close(self) -> None:
        for con in (self.writer, self.drawer, self.house):
            await con.close()

    async def read(self, query: str, *params: Any) -> list[tuple[Any, ...]]:
        async with self._turn:
            return await rows(self.house, query, *params)

    async def state(self) -> tuple[int, int, int, int]:
        (found,) = await self.read(_STATE, ACKED)
        return found[0], found[1], found[2], found[3]

    async def beat(self) -> tuple[int, int]:
        """Look after the fleet if nobody else does; the last record and what control has."""
        async with self._turn:
            if not self.leads:
                ((self.leads,),) = await rows(self.house, _TRY, LEADER)
            if self.leads:
                await sweep(self.house)
                await self._tidy()
        seq, acked, _, _ = await self.state()
        return seq, acked

    async def _tidy(self) -> None:
        if time.monotonic() - self._swept > SWEEP_SECONDS:
            self._swept = time.monotonic()
            await self.house.execute("DELETE FROM answer WHERE expires < %s", (time.time(),))
            await self.house.execute("DELETE FROM nonce WHERE expires < %s", (time.time(),))
            await self.house.execute(tables.FORGET_JOBS)
            if self.keep_days:
                await prune(self.house, pruning.cutoff(time.time(), self.keep_days))


async def prune(con: psycopg.AsyncConnection[Any], before: str) -> int:
    """Drop flushes that control has and that arrived before `before` (`plane.pruning`); how many."""
    dropped = 0
    while True:
        found = await rows(con, tables.OLDEST, ACKED, pruning.AT_ONCE)
        old = [last for last, text in found if pruning.received_at(text) < before]
        # In order, so that a gap can never stand before a record that is kept.
        kept = next((place for place, (last, _) in enumerate(found) if last not in old), len(found))
        gone = [last for last, _ in found[:kept]]
        if not gone:
            return dropped
        await con.execute("DELETE FROM batch WHERE last = ANY(%s)", (gone,))
        dropped += len(gone)


async def join(url: str, plane: str, number: int, keep_days: int, mark: str, address: str) -> Membership:
    """Become a worker: its locks first, then its name, so that nobody takes it for dead. `address` is where other
    workers ask it. Raises psycopg.Error, OtherSchema."""
    opened: list[psycopg.AsyncConnection[Any]] = []
    try:
        for role in ("house", "writer", "drawer"):
            opened.append(await tables.connect(url, plane, f"{number}-{role}"))
            if role == "house":
                await tables.create(opened[0], plane)
        house, writer, drawer = opened
        await _same_secret(house, mark)
        ((worker,),) = await rows(house, "SELECT nextval('worker_id')")
        await writer.execute(_LOCK, (2 * worker,))
        await drawer.execute(_LOCK, (2 * worker + 1,))
        place = f"{socket.gethostname()}:{os.getpid()}"
        await house.execute("INSERT INTO worker (id, place, address) VALUES (%s, %s, %s)", (worker, place, address))
        voided, aborted = await sweep(house)
        ((seq, head),) = await rows(house, "SELECT seq, hash FROM head")
        meta = dict(await rows(house, "SELECT key, value FROM meta"))
    except BaseException:
        for con in opened:
            await con.close()
        raise
    restored = schema.EMPTY._replace(seq=seq, head=head, meta=meta, voided=voided, aborted=aborted)
    return Membership(worker, writer, drawer, house, restored, seq, int(meta.get(ACKED, "0")), keep_days)


async def _same_secret(con: psycopg.AsyncConnection[Any], mark: str) -> None:
    """Addresses and tokens that one worker issues are good at every other."""
    await con.execute("INSERT INTO meta VALUES ('secret_mark', %s) ON CONFLICT DO NOTHING", (mark,))
    if await rows(con, "SELECT value FROM meta WHERE key = 'secret_mark'") != [(mark,)]:
        raise schema.OtherSchema("this machine's secret is another: copy the file `secret` of the first one's data_dir")


async def sweep(con: psycopg.AsyncConnection[Any]) -> tuple[int, int]:
    """Close what workers without sessions left open: (void, aborted) uses."""
    voided = aborted = 0
    for (worker,) in await rows(con, "SELECT id FROM worker ORDER BY id"):
        async with con.transaction():
            # Held to the end of the transaction; both can only be had when both sessions are gone.
            if await rows(con, _DEAD, 2 * worker, 2 * worker + 1) != [(True, True)]:
                continue
            if await rows(con, "SELECT 1 FROM worker WHERE id = %s FOR UPDATE", worker):
                states = await _close(con, worker)
                aborted += states.count(ABORTED)
                voided += len(states) - states.count(ABORTED)
    return voided, aborted


async def _close(con: psycopg.AsyncConnection[Any], worker: int) -> list[str]:
    """`void` where nothing left, `aborted` (billing what left) otherwise; draws that no record came of go back."""
    orphans = [schema.resolve(row) for row in await rows(con, tables.INTENTS, worker)]
    await con.execute(tables.HEAD)
    usage = (await append(con, orphans)).usage if orphans else {}
    used = {(g, d): cells for g, d, cells in await rows(con, _OF.format("used"), worker)}
    for key, sums in usage.items():
        used[key] = _sum(used.get(key, [0] * CELLS), [*sums, 0])
    drawn = {(g, d): cells for g, d, cells in await rows(con, _OF.format("drawn"), worker)}
    await _return(con, used, drawn)
    kept = {(g, d): cells for g, d, cells in await rows(con, _OF.format("used"), NOBODY)}
    for key, cells in used.items():
        await con.execute(tables.SET_USED, (NOBODY, *key, _sum(kept.get(key, [0] * CELLS), cells)))
    for table in ("intent", "claim", "used", "drawn", "timing"):
        await con.execute(f"DELETE FROM {table} WHERE worker = %s", (worker,))  # noqa: S608 our own names
    await con.execute(tables.LOST_JOBS, (worker,))
    await con.execute("DELETE FROM worker WHERE id = %s", (worker,))
    log.warning("worker %d ended; %d uses of it were open", worker, len(orphans))
    return [entry.template.state for entry in orphans]


_OF = "SELECT grant_id, day, cells FROM {} WHERE worker = %s"


async def _return(
    con: psycopg.AsyncConnection[Any],
    used: dict[tuple[str, int], list[int]],
    drawn: dict[tuple[str, int], list[int]],
) -> None:
    """Afterwards the quotas hold of this worker exactly what it recorded."""
    back: dict[tuple[str, str], list[int]] = {}
    for grant, day in used.keys() | drawn.keys():
        recorded, taken = used.get((grant, day), [0] * CELLS), drawn.get((grant, day), [0] * CELLS)
        change = [r - t for r, t in zip(recorded, taken, strict=True)]
        if any(change):
            for span in spans(day):
                back[grant, span] = _sum(back.get((grant, span), [0] * CELLS), change)
    if not back:
        return
    keys = sorted(back)
    for key in keys:
        await con.execute(tables.MAKE_QUOTA, key)
    locked = await rows(con, tables.LOCK_QUOTA, *map(list, zip(*keys, strict=True)))
    for grant, span, cells in locked:
        await con.execute(tables.SET_QUOTA, (_sum(cells, back[grant, span]), grant, span))


def _sum(one: list[int], other: list[int]) -> list[int]:
    return [a + b for a, b in zip(one, other, strict=True)]
