"""The journal that all workers of a plane share: one chain without gaps, whoever writes.

Invariants:
- an awaited `submit` returns only after its batch is durable; each worker commits in groups, one after another;
- every record passes `head`, locked from its reading to its commit: numbers and hashes follow each other across workers;
- a worker owns its intents, claims and draws as long as its sessions live (advisory locks, which PostgreSQL frees with
  the session); then any other worker closes them (`members.sweep`);
- after any error this journal takes nothing more; a new one joins as another worker (`server.Front`).
"""

from __future__ import annotations

import asyncio
import hmac
import logging
import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import psycopg

from shugang.delivery.plane import schema
from shugang.delivery.plane.config import PlaneConfig
from shugang.delivery.plane.fleet import tables
from shugang.delivery.plane.fleet.draws import Draws
from shugang.delivery.plane.fleet.members import Membership, join
from shugang.delivery.plane.fleet.meter import FleetMeter
from shugang.delivery.plane.fleet.tables import CELLS, append
from shugang.delivery.plane.journal import ACKED, Durable, Intent, JournalFailed, StillAnswered
from shugang.delivery.plane.past import Past, read_past
from shugang.delivery.plane.records import Entry
from shugang.delivery.plane.timed import Cap
from shugang.delivery.plane.usage import Meters

log = logging.getLogger("shugang.plane.fleet")
RETRY_SECONDS = 1.0
CLAIM_WAIT, CLAIM_LOOK = 10.0, 0.03


class _Item(NamedTuple):
    """What one caller wants durable, all of it or nothing."""

    statements: list[tuple[str, tuple[Any, ...]]]
    entry: Entry | None
    future: asyncio.Future[None]


class FleetJournal:
    """The same calls as `journal.Journal`. Until it has joined, `failed` says why, and the plane answers 503."""

    def __init__(
        self, config: PlaneConfig, on_failure: Callable[[BaseException], None] | None = None, secret: bytes = b""
    ) -> None:
        self._url, self._plane, self._number = config.journal_dsn(), config.plane_id, config.worker
        self._keep_days, self._mark = config.journal_keep_days, hmac.new(secret, b"fleet", "sha256").hexdigest()
        self._on_failure = on_failure
        self.failed: BaseException | None = JournalFailed("not joined yet")
        self.restored = schema.EMPTY
        self.seq = self.acked = self.batches = 0
        self.joined = asyncio.Event()
        self._draws = Draws()
        self.meters = Meters(lambda grant: FleetMeter(grant, self._draws))
        self._pending: list[_Item] = []
        self._work, self._committed = asyncio.Event(), asyncio.Event()
        self._used: dict[tuple[str, int], list[int]] = {}
        self._claims: dict[tuple[str, str], asyncio.Task[Any] | None] = {}
        self._kept: set[tuple[str, str]] = set()
        # Where other workers ask this one (`fleet.peers`); set it before `start`.
        self.address = ""
        self._member: Membership | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._stopping = self._writing = False

    def start(self) -> None:
        """Call inside the event loop that will submit."""
        self._loop = asyncio.get_running_loop()
        self._running = asyncio.create_task(self._run(), name="journal")

    async def stop(self) -> None:
        """Let what was submitted become durable, then leave."""
        while self.failed is None and (self._work.is_set() or self._writing or self._draws.pending):
            await asyncio.sleep(0.002)
        self._stopping = True
        self._running.cancel()
        await asyncio.gather(self._running, return_exceptions=True)

    async def _run(self) -> None:
        """Join, then work until something fails; whatever happens, no session stays open."""
        member: Membership | None = None
        try:
            member = await self._joined()
            self._member, self.restored = member, member.restored
            self.seq, self.acked = member.seq, member.acked
            self.failed = None
            self.joined.set()
            work = (self._commits(member.writer), self._draws.run(member.drawer, member.worker), self._beat(member))
            self._tasks = [asyncio.create_task(each) for each in work]
            await asyncio.gather(*self._tasks)
        except Exception as error:
            self._fail(error)
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            if member is not None:
                await member.close()

    async def _joined(self) -> Membership:
        told = ""
        while True:
            try:
                return await join(self._url, self._plane, self._number, self._keep_days, self._mark, self.address)
            except schema.OtherSchema:
                raise
            except (psycopg.Error, OSError) as error:
                if str(error) != told:
                    log.warning("the journal's database cannot be used: %s", error)
                told = str(error)
                self.failed = JournalFailed(told)
                await asyncio.sleep(RETRY_SECONDS)

    def _fail(self, error: BaseException) -> None:
        if self._stopping:
            return
        log.critical("the shared journal cannot be written (%s); this worker stops serving", error)
        self.failed = error
        self._draws.fail(error)
        _break(self._pending, error)
        if self._on_failure:
            self._on_failure(error)

    # -- submitting (event loop only) ---------------------------------------------------------------------

    def submit(self, entry: Entry) -> asyncio.Future[None]:
        """Queue a finished use. Raises JournalFailed; StillAnswered where another worker recorded its request id."""
        return self._add([], entry)

    def finish(self, entry: Entry) -> asyncio.Future[None]:
        """Close the intent of `entry` with its outcome."""
        return self._add([(tables.CLOSE_INTENT, (entry.template.grant, entry.request_id))], entry)

    def answered(self, entry: Entry, answer: tuple[str, bytes] | None) -> asyncio.Future[None]:
        """`submit`, keeping `(content type, body)` for a retry."""
        if answer is None:
            return self.submit(entry)
        key = (entry.template.grant, entry.request_id)
        expires = time.time() + schema.ANSWER_SECONDS
        return self._add([(tables.SET_ANSWER, (*key, expires, *answer))], entry)

    def intent(self, intent: Intent) -> asyncio.Future[None]:
        worker = self._member.worker if self._member else tables.NOBODY
        return self.statement(tables.INSERT_INTENT, (*intent, worker))

    def released(
        self, grant: str, request_id: str, size: int, rows: int, outcome: str, charged: bool, reason: str
    ) -> asyncio.Future[None]:
        """Durable *before* the bytes up to `size` leave: an abort bills no less than what left."""
        return self.statement(tables.RELEASED, (size, rows, outcome, charged, reason, grant, request_id))

    async def take_time(self, grant: str, day: int, limits: Sequence[Cap], wanted: int) -> int:
        """Milliseconds that a stream may be open now, over all workers; each slice ends with `lasted`."""
        since, most = [cap.since(day) for cap in limits], [cap.ms for cap in limits]
        ((got,),) = await self._alive().read(tables.TAKE_TIME, self.worker, grant, day, wanted, since, most)
        return int(got)

    def lasted(self, entry: Entry, day: int, taken: int, used: int) -> asyncio.Future[None]:
        """`submit` the record of a span, and with it what it used of the slice taken on `day`."""
        grant = entry.template.grant
        over = (tables.TIME_OVER, (taken, self.worker, grant, day))
        return self._add([over, (tables.ADD_TIME, (grant, day, used))], entry)

    async def spend(self, credential: str, nonce: str) -> bool:
        """Whether this nonce was still good, for every worker; it is not from now on."""
        return await self._draws.spend(credential, nonce, time.time() + schema.NONCE_SECONDS)

    def set_meta(self, key: str, value: str) -> asyncio.Future[None]:
        """Numbers only, and only upwards: several workers write them."""
        return self.statement(tables.RAISE_META, (key, value))

    def serves(self, revision: int) -> None:
        """This worker decides by `revision` from now on."""
        if self._member is not None:
            self.statement("UPDATE worker SET revision = %s WHERE id = %s", (revision, self._member.worker))

    def statement(self, sql: str, params: tuple[Any, ...]) -> asyncio.Future[None]:
        """Durable with the next flush. Raises JournalFailed."""
        return self._add([(sql, params)], None)

    def _add(self, statements: list[tuple[str, tuple[Any, ...]]], entry: Entry | None) -> asyncio.Future[None]:
        if self.failed is not None:
            raise JournalFailed from self.failed
        # What is submitted is written, whether its caller waits for it or is gone.
        future = Durable(loop=self._loop)
        self._pending.append(_Item(statements, entry, future))
        self._work.set()
        return future

    # -- committing ---------------------------------------------------------------------------------------

    async def _commits(self, con: psycopg.AsyncConnection[Any]) -> None:
        while True:
            await self._work.wait()
            # One turn of the loop later, so that requests that arrived together share the flush.
            await asyncio.sleep(0)
            self._work.clear()
            items, self._pending = self._pending, []
            self._writing = True
            try:
                await self._write(con, items)
            except BaseException as error:
                _break(items, error)
                raise
            self._writing = False
            self.batches += 1
            self._committed.set()

    async def _write(self, con: psycopg.AsyncConnection[Any], items: list[_Item]) -> None:
        try:
            await self._commit(con, items)
        except psycopg.errors.UniqueViolation as error:
            # A request id that another worker has begun or recorded: its own caller is told, not all of them.
            await con.execute("ROLLBACK")
            if len(items) == 1:
                items[0].future.set_exception(StillAnswered(str(error)))
                items[0].future.exception()
                return
            for item in items:
                await self._write(con, [item])
            return
        for item in items:
            item.future.set_result(None)

    async def _commit(self, con: psycopg.AsyncConnection[Any], items: list[_Item]) -> None:
        used: dict[tuple[str, int], list[int]] = {}
        entries = [item.entry for item in items if item.entry is not None]
        seq, told = self.seq, []
        async with con.pipeline():
            await con.execute("BEGIN")
            for item in items:
                for sql, params in item.statements:
                    await con.execute(sql, params)
            if entries:
                chained = await append(con, entries)
                seq = chained.seq
                worker = self._member.worker if self._member else tables.NOBODY
                for key, sums in chained.usage.items():
                    known = self._used.get(key, [0] * CELLS)
                    used[key] = [*map(sum, zip(known, sums, strict=False)), 0]
                    await con.execute(tables.SET_USED, (worker, *key, used[key]))
                told = [(grant, name) for grant, name, _ in chained.billing if (grant, name) in self._claims]
                for claimed in told:
                    await con.execute(tables.UNCLAIM, (*claimed, worker))
            await con.execute("COMMIT")
        self._used |= used
        self.seq = max(self.seq, seq)
        for claimed in told:
            self._claims.pop(claimed, None)

    # -- other workers ------------------------------------------------------------------------------------

    async def _beat(self, member: Membership) -> None:
        while True:
            led = member.leads
            seq, acked = await member.beat()
            if seq > self.seq:
                self.seq = seq
            if acked > self.acked:
                self.acked = acked
            if self.seq > self.acked or member.leads is not led:
                # Something to ship, or to this worker it falls to ship from now on.
                self._committed.set()
            await asyncio.sleep(member.seconds)

    @property
    def leads(self) -> bool:
        """Whether this worker ships for all."""
        return self._member is not None and self._member.leads

    async def state(self) -> dict[str, Any]:
        """What the whole fleet holds: last record, what control has, workers, and the revision that all serve."""
        if self._member is None or self.failed is not None:
            return {}
        seq, acked, workers, revision = await self._member.state()
        return {"journal_seq": seq, "unshipped": seq - acked, "workers": workers, "revision": revision}

    # -- reading ------------------------------------------------------------------------------------------

    async def past(self, grant: str, request_id: str, patience: float = CLAIM_WAIT) -> Past | None:
        """What was recorded under this billing key; None makes it this worker's to answer, until `ended`. Raises
        StillAnswered where another worker keeps at it for `patience` seconds."""
        deadline = time.monotonic() + patience
        while True:
            claimed = await self._draws.claim(grant, request_id)
            if claimed.billed is not None:
                return read_past(*claimed.billed)
            if claimed.ours:
                self._claims[grant, request_id] = asyncio.current_task()
                return None
            if time.monotonic() >= deadline:
                raise StillAnswered
            await asyncio.sleep(CLAIM_LOOK)

    async def alone(self, grant: str, name: str) -> None:
        """Wait until no other worker and no other request of this one works under `name`; `free` ends it. Raises
        StillAnswered."""
        await self.past(grant, name)

    def free(self, grant: str, name: str) -> None:
        key = (grant, name)
        if self._claims.pop(key, None) is not None or key in self._kept:
            self._kept.discard(key)
            self._draws.unclaim(key)

    def keep(self, grant: str, request_id: str) -> None:
        """The claim outlives its request and its record; `free` ends it."""
        if self._claims.pop((grant, request_id), None) is not None:
            self._kept.add((grant, request_id))

    async def ranges(self, grant: str, stem: str) -> list[tuple[int, int]]:
        """The ranges [start, end) of a file that were released under a grant."""
        found = await self._alive().read(tables.RANGES, grant, f"{stem}:", f"{stem};")
        spans = (row[0].rpartition(":")[2].partition("-") for row in found)
        return [(int(start), int(end)) for start, _, end in spans]

    async def billed(self, grant: str) -> list[str]:
        """All request ids of clients that were billed under a grant."""
        found = await self._alive().read("SELECT request_id FROM billing WHERE grant_id = %s", grant)
        return [row[0] for row in found]

    def ended(self) -> None:
        """The current task answers nothing any more: what it claimed and did not record is free again."""
        if self._claims:
            task = asyncio.current_task()
            for key in [key for key, claimer in self._claims.items() if claimer is task]:
                del self._claims[key]
                self._draws.unclaim(key)

    async def answer(self, grant: str, request_id: str) -> tuple[str, bytes] | None:
        found = await self._alive().read(
            "SELECT content_type, body FROM answer WHERE grant_id = %s AND request_id = %s AND expires > %s",
            grant,
            request_id,
            time.time(),
        )
        return (found[0][0], bytes(found[0][1])) if found else None

    async def committed(self) -> None:
        """Wait for a commit of any worker that happened after the last call."""
        await self._committed.wait()
        self._committed.clear()

    async def portion(self, seq: int, limit: int) -> tuple[int, bytes]:
        """About `limit` records after `seq` (whole flushes) as a JSON array, and the last number."""
        texts: list[str] = []
        last = seq
        while last - seq < limit:
            found = await self._alive().read(tables.BATCHES_AFTER, last, 200)
            if not found:
                break
            for first, end, text in found:
                texts.append(text if first > seq else schema.JOIN.join(text.split(schema.JOIN)[seq + 1 - first :]))
                last = end
                if last - seq >= limit:
                    break
        return last, f"[{schema.JOIN.join(texts)}]".encode()

    async def acknowledged(self, seq: int) -> None:
        """Control has the records up to `seq`."""
        self.acked = max(self.acked, seq)
        await self.set_meta(ACKED, str(seq))

    async def went_back(self, seq: int) -> None:
        """Control has the records up to `seq` only: it was restored."""
        self.acked = seq
        await self.statement(tables.SET_META, (ACKED, str(seq)))

    async def books(self) -> schema.Books:
        """The sums of all workers and the record up to which they go: one statement, so one moment."""
        found = await self._alive().read(tables.BOOKS)
        sums: dict[str, list[int]] = {}
        for _, _, grant, cells in found:
            if grant is not None:
                sums[grant] = [*map(sum, zip(sums.get(grant, [0] * 6), cells, strict=False))]
        return schema.Books(found[0][0], found[0][1], sums)

    async def read(self, query: str, *params: Any) -> list[tuple[Any, ...]]:
        return await self._alive().read(query, *params)

    @property
    def worker(self) -> int:
        """This worker's number in the fleet. Raises JournalFailed before it has joined."""
        return self._alive().worker

    def _alive(self) -> Membership:
        if self._member is None or self.failed is not None:
            raise JournalFailed from self.failed
        return self._member


def _break(items: list[_Item], error: BaseException) -> None:
    for item in items:
        if not item.future.done():
            item.future.set_exception(JournalFailed(str(error)))
            item.future.exception()
