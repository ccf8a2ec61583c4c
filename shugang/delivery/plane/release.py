"""Letting an answer go: whole after its durable outcome, or in chunks that are each durable first."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from shugang.delivery.plane import render, schema
from shugang.delivery.plane.gate import Use
from shugang.delivery.plane.index import reason_of
from shugang.delivery.plane.pipes import Pipe
from shugang.delivery.plane.records import ABORTED, Entry, template
from shugang.delivery.plane.usage import CHARGED, UNCHARGED
from shugang.policy.priceplan import CONTINUED

if TYPE_CHECKING:
    from shugang.delivery.plane.app import Plane

log = logging.getLogger("shugang.plane.release")
CHUNK = 1024 * 1024


async def release(
    plane: Plane,
    use: Use,
    proto: Any,
    pieces: Sequence[render.Part],
    kind: str,
    outcome: str,
    detail: str | Sequence[str],
    also: Sequence[Use] = (),
) -> None:
    """`use` is opened and settled in full; on an abort what did not leave is taken back. `also` are the further
    grants that this answer draws on; `detail` is one for all of them, or one for each."""
    uses = (use, *also)
    details = [detail] * len(uses) if isinstance(detail, str) else list(detail)
    rows, size = sum(piece.rows for piece in pieces), sum(len(piece.data) for piece in pieces)
    if size <= plane.config.whole_answer:
        body = b"".join(piece.data for piece in pieces)
        await _finish(plane, uses, outcome, rows, size, sha256(body).hexdigest(), details)
        proto.response_bytes(200, [*query_headers(kind, use.request_id), *use.access.meter.told()], body)
        return
    sent, pipe = Sent(), plane.pipe(*uses)
    try:
        await _chunks(plane, uses, proto, pipe, pieces, size, kind, outcome, sent)
    except BaseException as error:
        for each, own in zip(uses, details, strict=True):
            await abort(plane, each, outcome, own, sent, rows, size)
        log.info("grant %s: answer stopped after %d bytes: %r", use.access.grant.id, sent.bytes, error)
        raise
    finally:
        pipe.close()
    await _finish(plane, uses, outcome, rows, size, sent.digest.hexdigest(), details)


async def _finish(
    plane: Plane, uses: Sequence[Use], outcome: str, rows: int, size: int, digest: str, details: Sequence[str]
) -> None:
    """All in one flush, so that no grant has the outcome without the others."""
    durable = [
        plane.journal.finish(plane.gate.entry(use, outcome, rows, size, digest, detail))
        for use, detail in zip(uses, details, strict=True)
    ]
    for future in durable:
        await future
    for use in uses:
        use.opened = False


class Sent:
    """What has left so far."""

    def __init__(self) -> None:
        self.bytes = self.rows = 0
        self.digest = sha256()


def chunks(pieces: Sequence[render.Part]) -> Iterator[render.Part]:
    """Pieces joined to about a megabyte, so that each durable step carries enough."""
    held: list[bytes] = []
    size = rows = 0
    for piece in pieces:
        held.append(piece.data)
        size, rows = size + len(piece.data), rows + piece.rows
        if size >= CHUNK:
            yield render.Part(b"".join(held), rows)
            held, size, rows = [], 0, 0
    if held:
        yield render.Part(b"".join(held), rows)


async def _chunks(
    plane: Plane,
    uses: Sequence[Use],
    proto: Any,
    pipe: Pipe,
    pieces: Sequence[render.Part],
    size: int,
    kind: str,
    outcome: str,
    sent: Sent,
) -> None:
    for chunk in chunks(pieces):
        reached, rows = sent.bytes + len(chunk.data), sent.rows + chunk.rows
        durable = []
        for use in uses:
            charged = use.access.charged(outcome)
            reason = reason_of(outcome, charged)
            durable.append(
                plane.journal.released(use.access.grant.id, use.request_id, reached, rows, outcome, charged, reason)
            )
        for future in durable:
            await future
        if not sent.bytes:
            pipe.answer(proto, 200, [*query_headers(kind, uses[0].request_id), ("content-length", str(size))])
        sent.bytes, sent.rows = reached, rows
        sent.digest.update(chunk.data)
        await pipe.write(chunk.data)
    await pipe.finish()


async def abort(plane: Plane, use: Use, outcome: str, detail: str, sent: Sent, rows: int, size: int) -> None:
    """Bill what left of a settled use; the rest of `rows` and `size` is taken back."""
    access, moment = use.access, use.moment
    charged = access.charged(outcome)
    base = CHARGED if charged else UNCHARGED
    access.meter.correct(moment.day, base, rows - sent.rows, size - sent.bytes)
    made = template(
        access.grant.id,
        access.credential.id,
        access.mode,
        access.action,
        outcome,
        access.version,
        charged,
        reason_of(outcome, charged),
        ABORTED,
    )
    entry = Entry(
        made,
        use.request_id,
        moment.at,
        moment.received_at,
        sent.rows,
        sent.bytes,
        "",
        detail,
        moment.day,
        schema.AMOUNTS if outcome == CONTINUED else True,
    )
    if not plane.journal.failed:
        await plane.journal.finish(entry)
    use.opened = False


def query_headers(kind: str, request_id: str) -> list[tuple[str, str]]:
    charset = "" if kind == render.ARROW else "; charset=utf-8"
    return [("content-type", kind + charset), ("cache-control", "no-store"), ("request-id", request_id)]
