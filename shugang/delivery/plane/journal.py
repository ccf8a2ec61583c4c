"""The plane's journal: one SQLite file, one writer thread, natural group commit.

Invariants:
- an awaited `submit` returns only after its batch is durable (WAL, synchronous=FULL);
- the next flush starts when the last one ends and its callers are back, at most a millisecond later, never on a tick
  (measured: a 5 ms tick costs 4.4x the rate);
- one process owns the file (an exclusive lock): quotas are exact because they are reserved in that one process;
- after any commit error this journal takes nothing more (fail closed; a new one recovers from the file).
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import queue
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from shugang.delivery.plane import pruning, schema
from shugang.delivery.plane.checkpoints import Checkpoints
from shugang.delivery.plane.locks import own
from shugang.delivery.plane.past import Past, read_past
from shugang.delivery.plane.recent import Recent
from shugang.delivery.plane.records import Entry
from shugang.delivery.plane.timed import ADD, Cap, Timed
from shugang.delivery.plane.usage import Meter, Meters

log = logging.getLogger("shugang.plane.journal")


# The last number that control acknowledged.
ACKED = "acked_seq"
NEVER = 1 << 60
# Between two looks for what has expired, and between two portions of old records.
SWEEP_SECONDS, PRUNE_SECONDS = 600.0, 0.05
# Waiting for siblings (PostgreSQL's commit_siblings, without its fixed delay).
SIBLINGS = 4
LARGEST_WAIT = 256
LINGER_SECONDS = 0.001


class JournalFailed(RuntimeError):
    """The journal could not commit; the plane must not answer."""


class StillAnswered(RuntimeError):
    """The same request id is being answered elsewhere and does not come to an end."""


class Durable(asyncio.Future[None]):
    """Shared by a whole batch: one waiter that goes away must not cancel it for the others."""

    def cancel(self, msg: Any = None) -> bool:
        return False


class _Batch:
    __slots__ = ("chained", "closed", "entries", "fold", "future", "numbers", "opened", "statements")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.entries: list[Entry] = []
        self.opened: list[Intent] = []
        self.closed: list[tuple[str, str]] = []
        self.statements: list[tuple[str, tuple[Any, ...]]] = []
        self.chained: schema.Chained | None = None
        self.fold: schema.Usage = {}
        self.numbers: dict[str, int] = {}
        self.future = Durable(loop=loop)


class Intent(NamedTuple):
    """Written before a source is contacted or a chunk leaves; the key is the billing key."""

    grant: str
    request_id: str
    credential: str
    mode: str
    action: str
    version: int
    at: str
    received_at: str
    day: int
    detail: str


class Journal:
    """Records older than `keep_days` go once they are home; 0 keeps all."""

    def __init__(
        self, path: Path, on_failure: Callable[[BaseException], None] | None = None, keep_days: int = 0
    ) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = own(path.with_suffix(".lock"))
        try:
            self._con = schema.connect(str(path))
            self.restored = schema.restore(self._con)
            self._reader = schema.connect_reader(str(path))
        except BaseException:
            os.close(self._lock)
            raise
        self._path = path
        # `seq` is durable; `_last` and `_head` run ahead by the batch that is being written.
        self.seq = self._last = self.restored.seq
        self._head = self.restored.head
        self._numbers = self.restored.numbers
        self._numbered: set[str] = set()
        self._nonces = dict(self.restored.nonces)
        self._timed = Timed(self._con)
        self.meters = Meters(lambda grant: Meter(self.restored.usage.get(grant)))
        self.acked = int(self.restored.meta.get(ACKED, "0"))
        self.leads, self._revision = True, 0
        self.joined = asyncio.Event()
        self.joined.set()
        # Sums since the last fold; folding at every flush would cost a page of writing each time.
        self._unfolded: schema.Usage = {}
        self._folded = self.restored.seq
        self.failed: BaseException | None = None
        self.batches = 0
        self._on_failure = on_failure
        self._queue: queue.SimpleQueue[_Batch | None] = queue.SimpleQueue()
        self._idle, self._enough = True, NEVER
        self._siblings, self._ended = 0, 0.0
        self._linger: asyncio.TimerHandle | None = None
        self._committed = asyncio.Event()
        self.recent = Recent()
        self._checkpoints = Checkpoints(str(path), self._con)
        self._thread = threading.Thread(target=self._write, name="journal", daemon=True)
        self._keep_days = keep_days

    def start(self) -> None:
        """Call inside the event loop that will submit."""
        self._loop = asyncio.get_running_loop()
        self._pending = _Batch(self._loop)
        self._thread.start()
        self._tending = self._loop.call_later(SWEEP_SECONDS, self._sweep)

    async def stop(self) -> None:
        """Let what was submitted become durable, then close. After a failure there is only closing left to do."""
        self._tending.cancel()
        while not self._idle and not self.failed:
            await asyncio.sleep(0.001)
        self._queue.put(None)
        await asyncio.to_thread(self._thread.join)
        self._checkpoints.stop()
        self._con.close()
        self._reader.close()
        os.close(self._lock)

    # -- submitting (event loop only) ---------------------------------------------------------------------

    def submit(self, entry: Entry) -> asyncio.Future[None]:
        """Queue a finished use; the future is shared by its batch. Raises JournalFailed."""
        batch = self._pending
        batch.entries.append(entry)
        if self._idle or len(batch.entries) + len(batch.opened) >= self._enough:
            return self._joined(batch)
        return batch.future

    def _joined(self, batch: _Batch) -> asyncio.Future[None]:
        if self._idle:
            self._wake()
        elif len(batch.entries) + len(batch.opened) >= self._enough:
            self._flush()
        return batch.future

    def finish(self, entry: Entry) -> asyncio.Future[None]:
        """Close the intent of `entry` with its outcome."""
        self._pending.closed.append((entry.template.grant, entry.request_id))
        return self.submit(entry)

    def answered(self, entry: Entry, answer: tuple[str, bytes] | None) -> asyncio.Future[None]:
        """`submit`, keeping `(content type, body)` for a retry."""
        if answer is not None:
            key = (entry.template.grant, entry.request_id)
            expires = time.time() + schema.ANSWER_SECONDS
            self._pending.statements.append(
                ("INSERT OR REPLACE INTO answer VALUES (?, ?, ?, ?, ?)", (*key, expires, *answer))
            )
        return self.submit(entry)

    def intent(self, intent: Intent) -> asyncio.Future[None]:
        batch = self._pending
        batch.opened.append(intent)
        return self._joined(batch)

    def released(
        self, grant: str, request_id: str, size: int, rows: int, outcome: str, charged: bool, reason: str
    ) -> asyncio.Future[None]:
        """Durable *before* the bytes up to `size` leave: an abort bills no less than what left."""
        return self._statement(
            "UPDATE intent SET released_bytes = ?, released_rows = ?, outcome = ?, charged = ?, reason = ?"
            " WHERE grant_id = ? AND request_id = ?",
            (size, rows, outcome, charged, reason, grant, request_id),
        )

    async def take_time(self, grant: str, day: int, limits: Sequence[Cap], wanted: int) -> int:
        """Milliseconds that a stream may be open now, at most `wanted`; each slice ends with `lasted`."""
        return self._timed.take(grant, day, limits, wanted)

    def lasted(self, entry: Entry, day: int, taken: int, used: int) -> asyncio.Future[None]:
        """`submit` the record of a span, and with it what it used of the slice taken on `day`."""
        grant = entry.template.grant
        self._timed.used(grant, day, taken, used)
        self._pending.statements.append((ADD, (grant, day, used)))
        return self.submit(entry)

    async def spend(self, credential: str, nonce: str) -> bool:
        """Whether this nonce was still good; it is not from now on. Shares the flush of the request that carries it."""
        key, now = (credential, nonce), time.time()
        if key in self._nonces:
            return False
        self._nonces[key] = expires = now + schema.NONCE_SECONDS
        self._statement("INSERT OR REPLACE INTO nonce VALUES (?, ?, ?)", (*key, expires))
        return True

    def serves(self, revision: int) -> None:
        """This process decides by `revision` from now on."""
        self._revision = revision

    async def alone(self, grant: str, name: str) -> None:
        """Nothing to wait for: there is no other worker."""

    def free(self, grant: str, name: str) -> None: ...

    def keep(self, grant: str, request_id: str) -> None: ...

    def ended(self) -> None:
        """The current request is over (`fleet.journal` frees what it claimed; here `in_flight` knows)."""

    async def state(self) -> dict[str, Any]:
        return {"journal_seq": self.seq, "unshipped": self.seq - self.acked, "workers": 1, "revision": self._revision}

    def set_meta(self, key: str, value: str) -> asyncio.Future[None]:
        return self._statement(schema.SET_META, (key, value))

    def _statement(self, sql: str, params: tuple[Any, ...]) -> asyncio.Future[None]:
        batch = self._pending
        batch.statements.append((sql, params))
        if self._idle:
            self._wake()
        return batch.future

    def _wake(self) -> None:
        if self.failed:
            raise JournalFailed from self.failed
        self._idle = False
        if self._loop.time() - self._ended < LINGER_SECONDS:
            self._gather()
        else:
            # One turn of the loop later, so that requests that arrived together share the flush.
            self._loop.call_soon(self._flush)

    def _gather(self) -> None:
        """Callers whose answers just left are back in a moment: one flush for all of them is half the flushes, and
        nobody waits for two. Bounded by a millisecond, and only where several are at work."""
        if self._siblings >= SIBLINGS:
            self._enough = min(self._siblings, LARGEST_WAIT)
            self._linger = self._loop.call_later(LINGER_SECONDS, self._flush)
        else:
            self._loop.call_soon(self._flush)

    def _flush(self) -> None:
        if self._linger is not None:
            self._linger.cancel()
            self._linger = None
        self._enough = NEVER
        batch, self._pending = self._pending, _Batch(self._loop)
        if batch.entries:
            batch.chained = schema.chained(batch.entries, self._last, self._head, self._numbers)
            self._last, self._head = batch.chained.seq, batch.chained.head
            schema.merge(self._unfolded, batch.chained.usage)
            self._numbered.update({entry.template.grant for entry in batch.entries})
            if self._last - self._folded >= schema.FOLD_EVERY:
                batch.fold, self._unfolded, self._folded = self._unfolded, {}, self._last
                batch.numbers = {grant: self._numbers[grant] for grant in self._numbered}
                self._numbered.clear()
        self._queue.put(batch)

    def _done(self, batch: _Batch, error: BaseException | None) -> None:
        if error is not None:
            self._fail(batch, error)
            return
        self.batches += 1
        if batch.chained:
            self.seq = batch.chained.seq
            self.recent.add(batch.chained)
        batch.future.set_result(None)
        self._committed.set()
        worked = len(batch.entries) + len(batch.opened)
        waiting = len(self._pending.entries) + len(self._pending.opened)
        self._siblings, self._ended = worked + waiting, self._loop.time()
        if waiting and worked:
            self._gather()
        elif waiting or self._pending.statements:
            self._flush()
        else:
            self._idle = True

    def _fail(self, batch: _Batch, error: BaseException) -> None:
        log.critical("the journal cannot commit (%s); this plane stops serving", error)
        self.failed, self._idle = error, True
        for each in (batch, self._pending):
            each.future.set_exception(JournalFailed(str(error)))
            each.future.exception()
        if self._on_failure:
            self._on_failure(error)

    def _sweep(self) -> None:
        if self.failed:
            return
        now, gone = time.time(), 0
        if self._keep_days:
            known = min(self.acked, self._folded)
            gone = pruning.boundary(self._reader, pruning.cutoff(now, self._keep_days), known)
        self._tending = self._loop.call_later(PRUNE_SECONDS if gone else SWEEP_SECONDS, self._sweep)
        if gone:
            self._statement(pruning.DROP, (gone, pruning.AT_ONCE))
            return
        self._statement("DELETE FROM answer WHERE expires < ?", (now,))
        self._statement("DELETE FROM nonce WHERE expires < ?", (now,))
        self._nonces = {key: expires for key, expires in self._nonces.items() if expires > now}

    # -- the writer thread --------------------------------------------------------------------------------

    def _write(self) -> None:
        while (batch := self._queue.get()) is not None:
            error: BaseException | None = None
            try:
                self._commit(batch)
            except BaseException as raised:
                error = raised
            try:
                self._loop.call_soon_threadsafe(self._done, batch, error)
            except RuntimeError:
                return
            if error is not None:
                return

    def _commit(self, batch: _Batch) -> None:
        con, chained = self._con, batch.chained
        if chained and not (batch.statements or batch.opened or batch.closed or batch.fold or chained.billing):
            # One statement is a transaction by itself; each further one gives the interpreter away and waits for it.
            schema.write(con, chained)
        else:
            con.execute("BEGIN IMMEDIATE")
            # An id that is closed and opened again in one batch stays open: closing comes first.
            if batch.closed:
                con.execute(schema.CLOSE_INTENTS, (json.dumps(batch.closed),))
            if batch.opened:
                con.execute(schema.OPEN_INTENTS, (json.dumps(batch.opened),))
            for sql, params in batch.statements:
                con.execute(sql, params)
            if chained:
                schema.write(con, chained)
                if batch.fold:
                    schema.fold(con, batch.fold, chained.seq, batch.numbers)
            con.execute("COMMIT")
        self._checkpoints.wrote(len(chained.text) if chained else 0)

    # -- reading ------------------------------------------------------------------------------------------

    async def past(self, grant: str, request_id: str, patience: float = 0.0) -> Past | None:
        """A point lookup by the billing key (microseconds; used only where the client sent a request id)."""
        row = self._reader.execute(
            "SELECT seq FROM billing WHERE grant_id = ? AND request_id = ?", (grant, request_id)
        ).fetchone()
        if row is None:
            return None
        first, joined = self._reader.execute(schema.BATCH_OF, row).fetchone()
        return read_past(first, row[0], joined)

    async def ranges(self, grant: str, stem: str) -> list[tuple[int, int]]:
        """The ranges [start, end) of a file that were released under a grant."""
        found = self._reader.execute(schema.RANGES, (grant, f"{stem}:", f"{stem};"))
        spans = (row[0].rpartition(":")[2].partition("-") for row in found)
        return [(int(start), int(end)) for start, _, end in spans]

    async def billed(self, grant: str) -> list[str]:
        """All request ids of clients that were billed under a grant: for modes with few uses."""
        found = self._reader.execute("SELECT request_id FROM billing WHERE grant_id = ?", (grant,))
        return [row[0] for row in found]

    async def answer(self, grant: str, request_id: str) -> tuple[str, bytes] | None:
        row = self._reader.execute(
            "SELECT content_type, body FROM answer WHERE grant_id = ? AND request_id = ? AND expires > ?",
            (grant, request_id, time.time()),
        ).fetchone()
        return (row[0], bytes(row[1])) if row else None

    async def committed(self) -> None:
        """Wait for a commit that happened after the last call."""
        await self._committed.wait()
        self._committed.clear()

    async def portion(self, seq: int, limit: int) -> tuple[int, bytes]:
        """About `limit` records after `seq` (whole flushes) as a JSON array, and the last number."""
        found = self.recent.after(seq, limit)
        return await asyncio.to_thread(self.read_after, seq, limit) if found is None else found

    async def acknowledged(self, seq: int) -> None:
        """Control has the records up to `seq`."""
        self.acked = seq
        self.recent.forget(seq)
        await self.set_meta(ACKED, str(seq))

    async def went_back(self, seq: int) -> None:
        """Control has the records up to `seq` only: it was restored."""
        self.acked = seq
        await self.set_meta(ACKED, str(seq))

    async def books(self) -> schema.Books:
        """The plane's own sums and the record up to which they go."""
        return await asyncio.to_thread(schema.books, str(self._path))

    def read_after(self, seq: int, limit: int) -> tuple[int, bytes]:
        """`portion` from the file, for a worker thread."""
        con = schema.connect_reader(str(self._path))
        texts: list[str] = []
        last = seq
        try:
            for first, end, text in con.execute(schema.BATCHES_AFTER, (seq,)):
                texts.append(text if first > seq else schema.JOIN.join(text.split(schema.JOIN)[seq + 1 - first :]))
                last = end
                if last - seq >= limit:
                    break
            return last, f"[{schema.JOIN.join(texts)}]".encode()
        finally:
            con.close()
