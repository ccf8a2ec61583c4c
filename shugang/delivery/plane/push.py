"""Push (推送): the granted view of a hosted table, written to a place that its buyer registered.

`POST /push/v1/{product}` with `{"target": "CN-000001", "format": "parquet" | "csv"}`; a destination that follows gets each
new version without being asked. The intent is durable before the destination is contacted, each piece is durable as
released before it is sent, so that an abort bills what left and a piece that is sent again is billed once. Files appear
whole; `_manifest.json`, written last, says that all are there. Writing the same version again replaces the same files.

A push that broke off goes on (`plane.following` tries again, or its buyer asks under the same Request-Id): files that
are there stay, what was billed is free, and the further try bills the rest as `continued`, so that all tries together
are billed as one push. The journal alone is the memory: the tries of push `J` are its records `J`, `J~2`, `J~3`, …
"""

from __future__ import annotations

import asyncio
import json
import logging
import secrets
from hashlib import sha256
from typing import TYPE_CHECKING, Any, NamedTuple

from shugang.delivery.plane.gate import Rejected, Use
from shugang.delivery.plane.index import Access, reason_of
from shugang.delivery.plane.past import Past
from shugang.delivery.plane.pipes import Aborted
from shugang.delivery.plane.pushed_files import FORMATS, File, digest_of, made, pieces, removed
from shugang.delivery.plane.records import ANSWERED, canonical
from shugang.delivery.plane.release import Sent, abort
from shugang.delivery.plane.replies import JSON, Denied
from shugang.delivery.plane.schema import AMOUNTS
from shugang.delivery.plane.targets import Target, TargetFailed, Writing
from shugang.delivery.plane.usage import CHARGED, UNCHARGED
from shugang.policy.priceplan import CONTINUED, DELIVERED
from shugang.policy.sources import PushSource

if TYPE_CHECKING:
    from shugang.delivery.plane.app import Plane

log = logging.getLogger("shugang.plane.push")
PREFIX = "/push/v1/"
MANIFEST = "_manifest.json"


class Order(NamedTuple):
    """What is to be written where, under which number. `fingerprint` stands in the record."""

    job: str
    number: str
    target: Target
    format: str
    fingerprint: str


class Tried(NamedTuple):
    """What the tries so far have billed of a push, and of which files (`plan`)."""

    tries: int = 0
    bytes: int = 0
    rows: int = 0
    plan: str = ""

    @property
    def outcome(self) -> str:
        return CONTINUED if self.tries else DELIVERED


class Run(NamedTuple):
    """One try: `first` is under way at file number `start`."""

    order: Order
    tried: Tried
    target: Target
    first: Writing
    place: str
    files: list[File]
    start: int
    plan: str

    @property
    def rows(self) -> int:
        return sum(file.rows for file in self.files)

    @property
    def size(self) -> int:
        return sum(file.size for file in self.files)

    def detail(self) -> str:
        return _detail(self.order, self.plan, self.rows, self.size)


async def handle(plane: Plane, scope: Any, proto: Any, product: str) -> None:
    """The answer comes when the push is over, however long it takes; a retry under the same Request-Id waits for it."""
    gate = plane.gate
    use = await gate.admit(gate.holder(scope.headers).products["push"].get(product), scope)
    if not use.given:
        use.request_id = f"push-{secrets.token_hex(8)}"  # a number that further tries can go on from
    order = await _order(plane, scope, proto, use)
    answer, again = await perform(plane, use, order)
    headers = [*JSON, ("cache-control", "no-store"), ("request-id", order.job)]
    proto.response_bytes(200, [*headers, ("idempotent-replayed", "true")] if again else headers, answer)


async def _order(plane: Plane, scope: Any, proto: Any, use: Use) -> Order:
    try:
        asked = json.loads(await plane.body(scope, proto) or b"{}")
    except (ValueError, RecursionError):
        asked = None
    if not isinstance(asked, dict) or set(asked) - {"target", "format"}:
        raise Rejected(use, Denied("bad_request", "body", 'as {"target": "CN-000001", "format": "parquet"}'))
    number, form = asked.get("target"), asked.get("format", "parquet")
    if form not in FORMATS:
        raise Rejected(use, Denied("bad_request", "format", f"one of {', '.join(FORMATS)}"))
    target = plane.connections.target(number, use.access.grant.party) if isinstance(number, str) else None
    if not isinstance(number, str) or target is None:
        raise Rejected(use, Denied("bad_request", "target", "the number of an approved destination of your own"))
    return ordered(plane, use.access, use.request_id, number, target, form)


def ordered(plane: Plane, access: Access[PushSource], job: str, number: str, target: Target, form: str) -> Order:
    fingerprint = plane.gate.fingerprint("push", access.grant.product, str(access.version), number, form)
    return Order(job, number, target, form, fingerprint)


async def perform(plane: Plane, use: Use, order: Order) -> tuple[bytes, bool]:
    """Push, or go on with it, or find that it was done; the answer's body and whether it was done before.

    `use` carries the push's own number and takes that of the try. Raises Rejected, Denied `target_unavailable` (what
    was written counts), `revoked`.
    """
    found = await _so_far(plane, use, order)
    if isinstance(found, Past):
        plane.counters["replayed"] += 1
        return _answer(use, order, found.detail), True
    return await _try(plane, use, order, found), False


async def _so_far(plane: Plane, use: Use, order: Order) -> Past | Tried:
    tried = Tried()
    while True:
        past = await plane.past(use)
        if past is None:
            return tried
        if past.detail.get("push") != order.fingerprint:
            raise Rejected(use, Denied("request_changed", "Request-Id"))
        if past.state == ANSWERED:
            return past
        record = json.loads(past.text)
        plan = str(past.detail.get("plan", ""))
        tried = Tried(tried.tries + 1, tried.bytes + record["bytes"], tried.rows + record["rows"], plan)
        use.request_id = f"{order.job}~{tried.tries + 1}"


async def _try(plane: Plane, use: Use, order: Order, tried: Tried) -> bytes:
    """A try of which the journal knows nothing yet."""
    key = (use.access.grant.id, use.request_id)
    plane.in_flight[key] = running = asyncio.get_running_loop().create_future()
    folder = plane.config.data_dir / f"pushing-{plane.config.worker}" / secrets.token_hex(8)
    try:
        files, plan = await made(plane, use, order.format, folder)
        async with order.target.opened() as target:
            return await _push(plane, use, order, tried, target, files, plan)
    finally:
        await asyncio.to_thread(removed, folder)
        del plane.in_flight[key]
        running.set_result(None)


def _started(files: list[File], tried: Tried, plan: str) -> int:
    """The file to begin with: the one that the last byte billed belongs to. Those before it are whole at their place,
    for a file's first piece is billed when the one before was accepted. Other files than before begin anew."""
    reached = 0
    for number, file in enumerate(files):
        reached += file.size
        if tried.plan != plan or reached >= tried.bytes:
            return number
    return 0


async def _push(
    plane: Plane, use: Use, order: Order, tried: Tried, target: Target, files: list[File], plan: str
) -> bytes:
    gate, place, start = plane.gate, f"{use.access.grant.product}/v{use.access.version}", _started(files, tried, plan)
    code = None if tried.tries else await use.access.meter.reserve(use.moment.day)
    if code is not None:
        raise Rejected(use, _denied(order, code))
    first: Writing | None = None
    try:
        about = {"format": order.format, "plan": plan, "push": order.fingerprint, "target": order.number}
        await gate.open(use, canonical(about))
        # The destination is tried before anything counts.
        name, kind = (files[start].name, FORMATS[order.format]) if files else (MANIFEST, "application/json")
        first = await target.begin(f"{place}/{name}", kind)
        if not gate.stands(use):
            raise Rejected(use, _denied(order, "revoked"))
        run = Run(order, tried, target, first, place, files, start, plan)
        code = await _settle(use, run)
        if code is not None:
            raise Rejected(use, _denied(order, code))
    except BaseException as error:
        if not tried.tries:
            use.access.meter.release()
        if first is not None:
            await first.abort()
        if isinstance(error, TargetFailed):
            log.warning("grant %s: the destination %s: %s", use.access.grant.id, order.number, error)
            raise Rejected(use, _denied(order, "target_unavailable")) from error
        if not isinstance(error, Rejected):
            gate.void(use)
        raise
    return await _written(plane, use, run)


def _denied(order: Order, code: str) -> Denied:
    """The record says which destination it was for."""
    return Denied(code, detail={"target": order.number})


def _left(run: Run) -> tuple[int, int]:
    """Rows and bytes that are not billed yet."""
    return max(0, run.rows - run.tried.rows), max(0, run.size - run.tried.bytes)


async def _settle(use: Use, run: Run) -> str | None:
    """A first try is a call; a further one adds what is left of its rows and bytes."""
    meter, day, base = use.access.meter, use.moment.day, CHARGED if use.access.charged(DELIVERED) else UNCHARGED
    rows, size = _left(run)
    if run.tried.tries:
        return await meter.further(day, base, size, rows)
    return await meter.settle(day, base, rows, size)


class _Progress(Sent):
    """Where a try stands in the whole; `bytes` and `rows` are what it bills."""

    def __init__(self, run: Run) -> None:
        super().__init__()
        self._tried = run.tried
        done = run.files[: run.start]
        self._bytes, self._rows = sum(f.size for f in done), sum(f.rows for f in done)

    def step(self, data: bytes, rows: int) -> None:
        free = self._tried.bytes - self._bytes
        self._bytes, self._rows = self._bytes + len(data), self._rows + rows
        self.bytes, self.rows = max(0, self._bytes - self._tried.bytes), max(0, self._rows - self._tried.rows)
        self.digest.update(data[max(0, free) :])


async def _written(plane: Plane, use: Use, run: Run) -> bytes:
    sent, outcome = _Progress(run), run.tried.outcome
    try:
        digests = {file.name: await asyncio.to_thread(digest_of, file.path) for file in run.files[: run.start]}
        for number, file in enumerate(run.files[run.start :], run.start):
            name = f"{run.place}/{file.name}"
            kind = FORMATS[run.order.format]
            writing = run.first if number == run.start else await run.target.begin(name, kind)
            digests[file.name] = await _one(plane, use, writing, file, sent, outcome)
        await _tell(use, run, digests)
    except BaseException as error:
        await _nothing_new(plane, use, run, sent, error)
        detail = _detail(run.order, run.plan, sent.rows, sent.bytes)
        await abort(plane, use, outcome, detail, sent, *_left(run))
        log.warning("grant %s: push ended after %d bytes: %r", use.access.grant.id, sent.bytes, error)
        if isinstance(error, TargetFailed):
            raise Denied("target_unavailable", journal=False) from error
        if isinstance(error, Aborted):
            raise Denied("revoked", journal=False) from error
        raise
    counts = AMOUNTS if run.tried.tries else True
    entry = plane.gate.entry(use, outcome, sent.rows, sent.bytes, sent.digest.hexdigest(), run.detail(), counts)
    await plane.journal.finish(entry)
    use.opened = False
    plane.counters["pushed"] += 1
    return _answer(use, run.order, json.loads(run.detail()))


async def _nothing_new(plane: Plane, use: Use, run: Run, sent: Sent, error: BaseException) -> None:
    """A further try that got no further is void: its number is that of the next one."""
    if not run.tried.tries or sent.bytes:
        return
    rows, size = _left(run)
    use.access.meter.correct(use.moment.day, CHARGED if use.access.charged(DELIVERED) else UNCHARGED, rows, size)
    if isinstance(error, TargetFailed):
        raise Rejected(use, _denied(run.order, "target_unavailable")) from error
    if isinstance(error, Aborted):
        raise Rejected(use, _denied(run.order, "revoked")) from error
    plane.gate.void(use)
    raise error


async def _one(plane: Plane, use: Use, writing: Writing, file: File, sent: _Progress, outcome: str) -> str:
    """One file, piece by piece; its digest. A file's rows count with its first piece."""
    access, digest = use.access, sha256()
    charged = access.charged(outcome)
    reason = reason_of(outcome, charged)
    try:
        with file.path.open("rb") as source:
            for number, data in enumerate(pieces(source, file.size), 1):
                if not plane.gate.stands(use) or plane.stopping:
                    raise Aborted("the grant no longer stands")
                sent.step(data, file.rows if number == 1 else 0)
                if sent.bytes:
                    await plane.journal.released(
                        access.grant.id, use.request_id, sent.bytes, sent.rows, outcome, charged, reason
                    )
                digest.update(data)
                await writing.part(number, data)
        await writing.finish()
    except BaseException:
        await writing.abort()
        raise
    return digest.hexdigest()


async def _tell(use: Use, run: Run, digests: dict[str, str]) -> None:
    access = use.access
    document = {
        "product": access.grant.product,
        "grant": access.grant.id,
        "dataset": access.source.dataset,
        "version": access.version,
        "request_id": run.order.job,
        "format": run.order.format,
        "rows": run.rows,
        "files": [{"name": f.name, "size": f.size, "rows": f.rows, "sha256": digests[f.name]} for f in run.files],
    }
    # Of a view without rows there are no files, and the manifest is what was begun.
    writing = await run.target.begin(f"{run.place}/{MANIFEST}", "application/json") if run.files else run.first
    try:
        await writing.part(1, json.dumps(document, ensure_ascii=False, indent=1).encode())
        await writing.finish()
    except BaseException:
        await writing.abort()
        raise


def _detail(order: Order, plan: str, rows: int, size: int) -> str:
    """Canonical JSON (RFC 8785: keys in order)."""
    return (
        f'{{"bytes":{size},"format":"{order.format}","plan":"{plan}","push":"{order.fingerprint}","rows":{rows},'
        f'"target":"{order.number}"}}'
    )


def _answer(use: Use, order: Order, detail: dict[str, Any]) -> bytes:
    place = f"{use.access.grant.product}/v{use.access.version}/"
    body = {
        "outcome": DELIVERED,
        "target": order.number,
        "place": place,
        "rows": detail["rows"],
        "bytes": detail["bytes"],
        "request_id": order.job,
    }
    return json.dumps(body).encode()
