"""Push (推送): the granted view of a hosted table, written to a place that its buyer registered.

`POST /push/v1/{product}` with `{"target": "CN-000001", "format": "parquet" | "csv"}`; a destination that follows gets each
new version without being asked. The intent is durable before the destination is contacted, each piece is durable as
released before it is sent, so that an abort bills what left and a piece that is sent again is billed once. Files appear
whole; `_manifest.json`, written last, says that all are there. Writing the same version again replaces the same files.
"""

from __future__ import annotations

import asyncio
import json
import logging
import secrets
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from shugang.delivery.plane import render
from shugang.delivery.plane.gate import Rejected, Use
from shugang.delivery.plane.index import Access, Index, reason_of
from shugang.delivery.plane.journal import JournalFailed, StillAnswered
from shugang.delivery.plane.pipes import Aborted
from shugang.delivery.plane.records import ANSWERED
from shugang.delivery.plane.release import Sent, abort
from shugang.delivery.plane.replies import JSON, Denied
from shugang.delivery.plane.targets import Target, TargetFailed, Writing
from shugang.delivery.plane.usage import CHARGED, UNCHARGED
from shugang.policy.sources import PushSource

if TYPE_CHECKING:
    from shugang.delivery.plane.app import Plane

log = logging.getLogger("shugang.plane.push")
PREFIX = "/push/v1/"
FORMATS = {"parquet": "application/vnd.apache.parquet", "csv": "text/csv"}
MANIFEST = "_manifest.json"
DELIVERED = "delivered"
PIECE = 8 * 1024 * 1024
MOST_PIECES = 9000  # S3 takes 10,000
FOLLOW_SECONDS = 60.0
# How soon a worker that leads from now on goes on with what the one before it did.
LEAD_SECONDS = 1.0


class File(NamedTuple):
    name: str
    path: Path
    size: int
    rows: int


class Order(NamedTuple):
    """What is to be written where. `fingerprint` stands in the record."""

    number: str
    target: Target
    format: str
    fingerprint: str

    @property
    def detail(self) -> str:
        return f'{{"format":"{self.format}","push":"{self.fingerprint}","target":"{self.number}"}}'


async def handle(plane: Plane, scope: Any, proto: Any, product: str) -> None:
    """The answer comes when the push is over, however long it takes; a retry under the same Request-Id waits for it."""
    gate = plane.gate
    use = await gate.admit(gate.holder(scope.headers).products["push"].get(product), scope)
    order = await _order(plane, scope, proto, use)
    answer, again = await perform(plane, use, order)
    headers = [*JSON, ("cache-control", "no-store"), ("request-id", use.request_id)]
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
    return _ordered(plane, use.access, number, target, form)


def _ordered(plane: Plane, access: Access[PushSource], number: str, target: Target, form: str) -> Order:
    fingerprint = plane.gate.fingerprint("push", access.grant.product, str(access.version), number, form)
    return Order(number, target, form, fingerprint)


async def perform(plane: Plane, use: Use, order: Order) -> tuple[bytes, bool]:
    """Push, or find that it was done under this request id; the answer's body and whether it was done before.

    Raises Rejected, Denied `target_unavailable` (what was written counts), `revoked`.
    """
    past = await plane.past(use) if use.given else None
    if past is not None:
        if past.detail.get("push") != order.fingerprint:
            raise Rejected(use, Denied("request_changed", "Request-Id"))
        if past.state != ANSWERED:
            raise Rejected(use, Denied("result_gone", "Request-Id"))
        plane.counters["replayed"] += 1
        return _answer(use, order, past.detail), True
    return await _first(plane, use, order), False


async def _first(plane: Plane, use: Use, order: Order) -> bytes:
    """A push of which the journal knows nothing yet."""
    key = (use.access.grant.id, use.request_id)
    plane.in_flight[key] = running = asyncio.get_running_loop().create_future()
    folder = plane.config.data_dir / f"pushing-{plane.config.worker}" / secrets.token_hex(8)
    try:
        files = await _files(plane, use, order, folder)
        async with order.target.opened() as target:
            return await _push(plane, use, order, target, files)
    finally:
        await asyncio.to_thread(_removed, folder)
        del plane.in_flight[key]
        running.set_result(None)


async def _files(plane: Plane, use: Use, order: Order, folder: Path) -> list[File]:
    try:
        view = await plane.views.pushed(use.access)
    except Denied as denied:
        raise Rejected(use, denied) from denied
    parquet = [File(f"part-{n:05d}.parquet", part.path, part.size, part.rows) for n, part in enumerate(view.parts)]
    if order.format == "parquet":
        return parquet
    return [await asyncio.to_thread(_as_csv, file, folder) for file in parquet]


def _as_csv(file: File, folder: Path) -> File:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / file.name.replace(".parquet", ".csv")
    head = True
    with pq.ParquetFile(file.path) as source, path.open("xb") as target:
        for batch in source.iter_batches(render.ROWS_PER_PART):
            lines = list(render.parts(pa.Table.from_batches([batch]), render.CSV, "", ""))
            for line in lines if head else lines[1:]:
                target.write(line.data)
            head = False
        if head:
            target.write(next(iter(render.parts(source.schema_arrow.empty_table(), render.CSV, "", ""))).data)
    return File(path.name, path, path.stat().st_size, file.rows)


def _removed(folder: Path) -> None:
    if folder.is_dir():
        for path in folder.iterdir():
            path.unlink()
        folder.rmdir()


async def _push(plane: Plane, use: Use, order: Order, target: Target, files: list[File]) -> bytes:
    gate, meter = plane.gate, use.access.meter
    rows, size = sum(file.rows for file in files), sum(file.size for file in files)
    code = await meter.reserve(use.moment.day)
    if code is not None:
        raise Rejected(use, Denied(code))
    place = f"{use.access.grant.product}/v{use.access.version}"
    first: Writing | None = None
    try:
        await gate.open(use, order.detail)
        # The destination is tried before anything counts.
        name, kind = (files[0].name, FORMATS[order.format]) if files else (MANIFEST, "application/json")
        first = await target.begin(f"{place}/{name}", kind)
        if not gate.stands(use):
            raise Rejected(use, Denied("revoked"))
        base = CHARGED if use.access.charged(DELIVERED) else UNCHARGED
        code = await meter.settle(use.moment.day, base, rows, size)
        if code is not None:
            raise Rejected(use, Denied(code))
    except BaseException as error:
        meter.release()
        if first is not None:
            await first.abort()
        if isinstance(error, TargetFailed):
            log.warning("grant %s: the destination %s: %s", use.access.grant.id, order.number, error)
            raise Rejected(use, Denied("target_unavailable")) from error
        if not isinstance(error, Rejected):
            gate.void(use)
        raise
    return await _written(plane, use, order, _Run(target, first, place, files, rows, size))


class _Run(NamedTuple):
    target: Target
    first: Writing
    place: str
    files: list[File]
    rows: int
    size: int


async def _written(plane: Plane, use: Use, order: Order, run: _Run) -> bytes:
    sent, digests = Sent(), {}
    try:
        for number, file in enumerate(run.files):
            name = f"{run.place}/{file.name}"
            writing = run.first if number == 0 else await run.target.begin(name, FORMATS[order.format])
            digests[file.name] = await _one(plane, use, writing, file, sent)
        await _tell(use, order, run, digests)
    except BaseException as error:
        detail = _detail(order, sent.rows, sent.bytes)
        await abort(plane, use, DELIVERED, detail, sent, run.rows, run.size)
        log.warning("grant %s: push ended after %d bytes: %r", use.access.grant.id, sent.bytes, error)
        if isinstance(error, TargetFailed):
            raise Denied("target_unavailable", journal=False) from error
        if isinstance(error, Aborted):
            raise Denied("revoked", journal=False) from error
        raise
    detail = _detail(order, run.rows, run.size)
    entry = plane.gate.entry(use, DELIVERED, run.rows, run.size, sent.digest.hexdigest(), detail)
    await plane.journal.finish(entry)
    use.opened = False
    plane.counters["pushed"] += 1
    return _answer(use, order, json.loads(detail))


async def _one(plane: Plane, use: Use, writing: Writing, file: File, sent: Sent) -> str:
    """One file, piece by piece; its digest. A file's rows count with its first piece."""
    access, digest = use.access, sha256()
    charged = access.charged(DELIVERED)
    try:
        with file.path.open("rb") as source:
            for number, data in enumerate(_pieces(source, file.size), 1):
                if not plane.gate.stands(use) or plane.stopping:
                    raise Aborted("the grant no longer stands")
                sent.rows += file.rows if number == 1 else 0
                await plane.journal.released(
                    access.grant.id,
                    use.request_id,
                    sent.bytes + len(data),
                    sent.rows,
                    DELIVERED,
                    charged,
                    reason_of(DELIVERED, charged),
                )
                sent.bytes += len(data)
                sent.digest.update(data)
                digest.update(data)
                await writing.part(number, data)
        await writing.finish()
    except BaseException:
        await writing.abort()
        raise
    return digest.hexdigest()


def _pieces(source: Any, size: int) -> Iterator[bytes]:
    piece = max(PIECE, -(-size // MOST_PIECES))
    while data := source.read(piece):
        yield data


async def _tell(use: Use, order: Order, run: _Run, digests: dict[str, str]) -> None:
    access = use.access
    document = {
        "product": access.grant.product,
        "grant": access.grant.id,
        "dataset": access.source.dataset,
        "version": access.version,
        "request_id": use.request_id,
        "format": order.format,
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


def _detail(order: Order, rows: int, size: int) -> str:
    """Canonical JSON (RFC 8785: keys in order)."""
    return (
        f'{{"bytes":{size},"format":"{order.format}","push":"{order.fingerprint}","rows":{rows},'
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
        "request_id": use.request_id,
    }
    return json.dumps(body).encode()


# -- new versions, without being asked ------------------------------------------------------------------------


async def follow(plane: Plane) -> None:
    """Pushes each version once to every destination that follows; again after a destination was away. In a fleet the
    worker that leads does it, whichever that is now."""
    await plane.journal.joined.wait()
    while True:
        leads = plane.journal.leads
        for access in _standing(plane.gate.index, plane.gate.clock.now().rule) if leads else ():
            for number in plane.connections.following(access.grant.party):
                try:
                    await _follow(plane, access, number)
                except (Rejected, Denied, JournalFailed, StillAnswered) as error:
                    log.info("grant %s: not pushed to %s: %s", access.grant.id, number, error)
                except Exception:
                    log.exception("a push failed")
                finally:
                    plane.journal.ended()
        await plane.connections.changed(FOLLOW_SECONDS if leads else LEAD_SECONDS)


def _standing(index: Index, rule_now: float) -> list[Access[PushSource]]:
    """One usable access of each push grant: whose key it is does not matter, since the buyer's destination asks."""
    found: dict[str, Access[PushSource]] = {}
    for (grant, _), access in index.by_key.items():
        if access.mode == "push" and grant not in found and access.refusal(rule_now) is None:
            found[grant] = access
    return list(found.values())


async def _follow(plane: Plane, access: Access[PushSource], number: str) -> None:
    gate = plane.gate
    target = plane.connections.target(number, access.grant.party)
    if target is None or monotonic() >= gate.fresh_until:
        return
    use = Use(access, f"follow-{number}-v{access.version}", True, gate.clock.now())
    order = _ordered(plane, access, number, target, "parquet")
    if await plane.past(use) is not None:
        return
    try:
        await _first(plane, use, order)
    except Rejected as rejected:
        await gate.refuse(rejected.use, rejected.denied)
        raise
