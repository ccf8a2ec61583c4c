"""Queries under way: each runs in the sandbox, watched by its grants, and waits with its answer until it is fetched.

A job holds its reservations and its open intents from its beginning to its end; whatever ends it closes them.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Sequence
from time import monotonic
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from shugang.delivery.plane import render
from shugang.delivery.plane.gate import Use
from shugang.delivery.plane.lookup import FOUND, NOT_FOUND
from shugang.delivery.plane.release import query_headers, release
from shugang.delivery.plane.replies import Denied
from shugang.delivery.plane.sandbox import Given, Run, Sandbox, SandboxFailed
from shugang.delivery.plane.usage import CHARGED, UNCHARGED
from shugang.policy.governed import Plan
from shugang.policy.lowering import quote

if TYPE_CHECKING:
    from shugang.delivery.plane.app import Plane

log = logging.getLogger("shugang.plane.sql")
LOOK_SECONDS = 0.2
WAITING, RUNNING, READY, FAILED, DELIVERED = "waiting", "running", "ready", "failed", "delivered"
_EXACT_IN_JSON = 2**53


class Job:
    """One admitted query: a use of every grant that it touches, the first of them in front."""

    def __init__(
        self,
        uses: Sequence[Use],
        places: Sequence[int],
        plan: Plan,
        kind: str,
        fingerprint: str,
        details: Sequence[str],
    ) -> None:
        self.id = secrets.token_urlsafe(18)
        self.uses, self.places, self.plan, self.kind, self.fingerprint = uses, places, plan, kind, fingerprint
        self.details = details
        self.state, self.began = WAITING, monotonic()
        self.run: Run | None = None
        self.outcome, self.pieces = NOT_FOUND, list[render.Part]()
        self.denied: Denied | None = None
        self.stop_code = ""
        self.done = asyncio.Event()
        self.delivering = asyncio.Lock()
        self.ended = 0.0
        self.abandoned = self.told = False

    @property
    def keys(self) -> list[tuple[str, str]]:
        return [(use.access.grant.id, use.request_id) for use in self.uses]

    @property
    def grants(self) -> list[tuple[str, str]]:
        """(grant, credential) of each use: whose query it is."""
        return [(use.access.grant.id, use.access.credential.id) for use in self.uses]

    def same(self, fingerprint: str, uses: int) -> bool:
        """Whether a request under the same id asks the same."""
        return self.fingerprint == fingerprint and len(self.uses) == uses

    def stop(self, code: str) -> None:
        """Ask the watcher to end it; the watcher looks often."""
        self.stop_code = self.stop_code or code
        if self.run is not None:
            self.run.stop()


class Jobs:
    """All queries of this plane. `running` at once, `waiting` more; answers are kept for `keep` seconds."""

    def __init__(self, plane: Plane) -> None:
        self._plane = plane
        config = plane.config
        self.sandbox = Sandbox(config.sql_memory_mb, int(config.sql_seconds) + 1, config.row_cap, config.max_answer)
        self._slots = asyncio.Semaphore(config.sql_running)
        self._by_id: dict[str, Job] = {}
        self._by_key: dict[tuple[str, str], Job] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._stopped = False

    def find(self, number: str) -> Job | None:
        self._sweep()
        return self._by_id.get(number)

    def claim(self, job: Job) -> Job | None:
        """Whoever holds one of the same billing keys; nobody, and then they are this job's until `disclaim`."""
        held = self.holding(job.keys)
        if held is None:
            self._by_id[job.id] = job
            for key in job.keys:
                self._by_key[key] = job
        return held

    def disclaim(self, job: Job) -> None:
        """It was never begun; those who waited for it look again."""
        job.abandoned = True
        self._forget(job)
        job.done.set()

    def _forget(self, job: Job) -> None:
        self._by_id.pop(job.id, None)
        self._free(job)
        if job.told and self._plane.peers is not None:
            self._plane.peers.forget(job.id)

    def _free(self, job: Job) -> None:
        """Its request ids may be used again."""
        for key in job.keys:
            if self._by_key.get(key) is job:
                del self._by_key[key]
                self._plane.journal.free(*key)

    def holding(self, keys: Sequence[tuple[str, str]]) -> Job | None:
        """The job under one of these billing keys."""
        self._sweep()
        return next((self._by_key[key] for key in keys if key in self._by_key), None)

    async def tell(self, job: Job) -> None:
        """Before its number is told: any worker must know who holds it."""
        if self._plane.peers is not None and not job.told:
            job.told = True
            await self._plane.peers.tell(job.id, job.grants, job.uses[0].request_id)

    def full(self) -> bool:
        config = self._plane.config
        unfinished = sum(job.state in (WAITING, RUNNING, READY) for job in self._by_id.values())
        return unfinished > config.sql_running + config.sql_waiting

    def begin(self, job: Job) -> None:
        """`job` is claimed, its uses are reserved and opened."""
        for key in job.keys:
            self._plane.journal.keep(*key)
        task = asyncio.create_task(self._watch(job))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def stop(self) -> None:
        self._stopped = True
        for job in self._by_id.values():
            if job.state in (WAITING, RUNNING):
                job.stop("sql_stopped")
            elif job.state == READY:
                self._drop(job)
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=5)
        await self.sandbox.stop()

    # -- running ------------------------------------------------------------------------------------------

    async def _watch(self, job: Job) -> None:
        work = asyncio.create_task(self._work(job))
        try:
            while not work.done():
                await asyncio.wait([work], timeout=LOOK_SECONDS)
                code = job.stop_code or self._lapsed(job)
                if code and not work.done():
                    work.cancel()
                    await asyncio.wait([work])
                    await self.fail(job, Denied(code))
                    return
            await self._settled(job, work)
        except Exception:
            log.exception("a query was lost sight of")
            if job.state in (WAITING, RUNNING):
                await self.fail(job, Denied("sql_failed"))
        finally:
            job.ended = monotonic()
            job.done.set()
            asyncio.get_running_loop().call_later(self._plane.config.sql_keep_seconds + 0.1, self._sweep)

    async def _settled(self, job: Job, work: asyncio.Task[None]) -> None:
        error = work.exception()
        if isinstance(error, SandboxFailed):
            await self.fail(job, Denied(job.stop_code or error.code))
        elif isinstance(error, Denied):
            await self.fail(job, error)
        elif error is not None:
            log.error("a query failed", exc_info=error)
            await self.fail(job, Denied("sql_failed"))
        else:
            job.state = READY

    def _lapsed(self, job: Job) -> str:
        """Why it may not go on, or ""."""
        if monotonic() - job.began > self._plane.config.sql_seconds:
            return "sql_time"
        return next((code for use in job.uses if (code := lapsed(self._plane, use))), "")

    async def _work(self, job: Job) -> None:
        async with self._slots:
            job.state = RUNNING
            table = await self.answer(job)
        job.outcome = FOUND if table.num_rows else NOT_FOUND
        request_id = job.uses[0].request_id
        job.pieces = await asyncio.to_thread(lambda: list(render.parts(table, job.kind, job.outcome, request_id)))
        if sum(len(piece.data) for piece in job.pieces) > self._plane.config.max_answer:
            raise Denied("answer_too_large")

    async def answer(self, job: Job) -> pa.Table:
        """The rows: granted views under names that are made for this run and known to nobody."""
        views = [await self._plane.views.table(use.access) for use in job.uses]
        names = [f"v{secrets.token_hex(16)}" for _ in views]
        relations = {
            place: f"(SELECT {', '.join(map(quote, use.access.grant.terms.fields))} FROM {quote(name)})"  # noqa: S608
            for place, use, name in zip(job.places, job.uses, names, strict=True)
        }
        job.run = await self.sandbox.begin()
        tables = [
            Given(name, [part.path for part in view.parts], view.columns)
            for name, view in zip(names, views, strict=True)
        ]
        table = await self.sandbox.answer(job.run, job.plan.sql(relations), tables)
        return plain(table) if job.kind != render.ARROW else table

    # -- ending -------------------------------------------------------------------------------------------

    async def fail(self, job: Job, denied: Denied) -> None:
        """Close what is open under every grant; nothing left, nothing is charged."""
        job.state, job.denied, job.pieces = FAILED, denied, []
        if denied.code != "sql_stopped":  # what the buyer stopped is not begun again by a late retry
            self._free(job)
        for use in job.uses:
            use.access.meter.release()
            await self._plane.gate.refuse(use, denied)

    def _drop(self, job: Job) -> None:
        """Nobody fetched it."""
        job.state, job.denied, job.pieces = FAILED, Denied("result_gone", "Request-Id"), []
        for use in job.uses:
            use.access.meter.release()
            self._plane.gate.void(use)

    async def deliver(self, job: Job, proto: Any) -> None:
        """Charge and release once; what was delivered whole may be fetched again while it is kept."""
        plane = self._plane
        async with job.delivering:
            if job.denied is not None:
                raise Denied(job.denied.code, refused=job.denied.refused, journal=False)
            if job.state == DELIVERED:
                self._again(job, proto)
                return
            rows, size = sum(part.rows for part in job.pieces), sum(len(part.data) for part in job.pieces)
            if code := await self._settle(job, rows, size):
                await self.fail(job, Denied(code))
                raise Denied(code, journal=False)
            job.state = DELIVERED
            lead, *others = job.uses
            try:
                await release(plane, lead, proto, job.pieces, job.kind, job.outcome, job.details, others)
            except BaseException:
                job.denied, job.pieces = Denied("result_gone", "Request-Id"), []
                raise
            if size > plane.config.stored_answer:
                job.pieces = []

    async def _settle(self, job: Job, rows: int, size: int) -> str:
        """Under every grant or under none; the refusal code of the first that has no room, or ""."""
        settled: list[tuple[Use, int]] = []
        for use in job.uses:
            base = CHARGED if use.access.charged(job.outcome) else UNCHARGED
            code = lapsed(self._plane, use) or await use.access.meter.settle(use.moment.day, base, rows, size)
            if code:
                for done, kind in settled:
                    done.access.meter.unsettle(done.moment.day, kind, rows, size)
                return code
            settled.append((use, base))
        return ""

    def _again(self, job: Job, proto: Any) -> None:
        code = next((code for use in job.uses if (code := lapsed(self._plane, use))), "")
        if code or not job.pieces:
            raise Denied(code or "result_gone", journal=False)
        replay(self._plane, proto, job.kind, job.uses[0].request_id, b"".join(part.data for part in job.pieces))

    def _sweep(self) -> None:
        """Forget what ended long ago; an answer that nobody fetched is void then."""
        if self._stopped:
            return
        old = monotonic() - self._plane.config.sql_keep_seconds
        for job in [job for job in self._by_id.values() if job.ended and job.ended < old]:
            if job.delivering.locked():
                continue
            if job.state == READY:
                self._drop(job)
            self._forget(job)


def lapsed(plane: Plane, use: Use) -> str:
    """The refusal that the grant has earned since this use was admitted, or ""."""
    if plane.gate.stands(use):
        return ""
    current = plane.gate.index.by_key.get((use.access.grant.id, use.access.credential.id))
    refused = current.refusal(plane.gate.clock.now().rule) if current else None
    return refused.code if refused else "revoked" if current is None else "bundle_stale"


def replay(plane: Plane, proto: Any, kind: str, request_id: str, body: bytes) -> None:
    plane.counters["replayed"] += 1
    proto.response_bytes(200, [*query_headers(kind, request_id), ("idempotent-replayed", "true")], body)


def plain(table: pa.Table) -> pa.Table:
    """Sums of whole numbers come as 38 digits; where all fit a JSON number exactly they leave as numbers."""
    for place, field in enumerate(table.schema):
        if not (pa.types.is_decimal(field.type) and field.type.scale == 0 and field.type.precision == 38):
            continue
        most = pc.max(pc.abs(table.column(place))).as_py()
        if most is None or most <= _EXACT_IN_JSON:
            table = table.set_column(place, field.name, table.column(place).cast(pa.int64()))
    return table
