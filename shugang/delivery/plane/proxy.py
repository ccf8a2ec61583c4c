"""A supplier's HTTP interface behind the plane: `GET|POST /proxy/v1/{product}/{operation…}`.

The intent is durable before the upstream is called, the outcome before its governed answer leaves. The answer is made
anew from the granted members of declared records; nothing else of what the upstream sends gets out. Nothing is stored:
a retry calls again and is answered only with byte for byte the same.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from hashlib import sha256
from typing import TYPE_CHECKING, Any, NamedTuple

from shugang.delivery.plane import render
from shugang.delivery.plane.connectors import SourceFailed
from shugang.delivery.plane.gate import Rejected, Use
from shugang.delivery.plane.governing import MISSING, Governor, Unfit, at, dumps, loads
from shugang.delivery.plane.lookup import FOUND, NOT_FOUND
from shugang.delivery.plane.operations import Call, NoOperation, find, prepare
from shugang.delivery.plane.records import ANSWERED
from shugang.delivery.plane.release import query_headers, release
from shugang.delivery.plane.replies import Denied
from shugang.delivery.plane.templates import BadParam
from shugang.delivery.plane.usage import CHARGED, UNCHARGED
from shugang.delivery.plane.wire import Answer
from shugang.policy.sources import ProxySource

if TYPE_CHECKING:
    from shugang.delivery.plane.app import Plane

log = logging.getLogger("shugang.plane.proxy")
PREFIX = "/proxy/v1/"
MISMATCH, FAILED = "mismatch", "failed"
# Beyond this size an answer is read and governed in a thread, so that other calls do not wait for it.
INLINE = 128 * 1024


class Told(NamedTuple):
    """What the buyer will read: the outcome, the declared code of a hit if there is one, and the records."""

    outcome: str
    code: str
    pieces: list[render.Part]


async def handle(plane: Plane, scope: Any, proto: Any, rest: str) -> None:
    """`rest` is `{product}/{path of the operation}`; `fields=a,b` asks for fewer columns."""
    gate = plane.gate
    product, _, path = rest.partition("/")
    use = await gate.admit(gate.holder(scope.headers).products["proxy"].get(product), scope)
    call, fields = await _call(plane, scope, proto, use, "/" + path)
    fingerprint = gate.fingerprint(product, call.asked, ",".join(fields))
    past = await plane.past(use) if use.given else None
    if past is not None:
        await _again(plane, use, proto, call, fields, past, fingerprint)
        return
    key = (use.access.grant.id, use.request_id)
    plane.in_flight[key] = running = asyncio.get_running_loop().create_future()
    try:
        await _first(plane, use, proto, call, fields, fingerprint)
    finally:
        del plane.in_flight[key]
        running.set_result(None)


async def _call(plane: Plane, scope: Any, proto: Any, use: Use, path: str) -> tuple[Call, tuple[str, ...]]:
    source: ProxySource = use.access.source
    try:
        operation, in_path = find(source.operations, scope.method, path)
        query, fields = _fields(use, scope.query_string, {param.name for param in operation.params})
        body = await plane.body(scope, proto) if scope.method == "POST" else b""
        call = prepare(operation, in_path, query, body, scope.headers.get("content-type") or "")
    except NoOperation:
        raise Rejected(use, Denied("not_found", "operation", "the product has no such operation")) from None
    except BadParam as error:
        raise Rejected(use, Denied("bad_request", error.name[:63], error.why)) from error
    return call, fields


def _fields(use: Use, query: str, declared: set[str]) -> tuple[str, tuple[str, ...]]:
    """The query without `fields`, which is ours unless the operation declares a parameter of that name."""
    if "fields=" not in query or "fields" in declared:
        return query, ()
    parts = query.split("&")
    asked = [part[7:] for part in parts if part.startswith("fields=")]
    if not asked:
        return query, ()
    fields = tuple(filter(None, asked[0].replace("%2C", ",").replace("%2c", ",").split(",")))
    granted = use.access.grant.terms.fields
    for name in fields:
        if name not in granted:
            raise Rejected(use, Denied("column_hidden", name[:63]))
    if len(asked) > 1 or not fields or len(set(fields)) != len(fields):
        raise Rejected(use, Denied("bad_request", "fields"))
    return "&".join(part for part in parts if not part.startswith("fields=")), fields


async def _first(plane: Plane, use: Use, proto: Any, call: Call, fields: tuple[str, ...], fingerprint: str) -> None:
    gate, meter = plane.gate, use.access.meter
    code = await meter.reserve(use.moment.day)
    if code is not None:
        raise Rejected(use, Denied(code))
    detail = f'{{"query":"{fingerprint}"}}'
    try:
        await gate.open(use, detail)
        told = await _told(plane, use, call, fields)
        rows, size = sum(piece.rows for piece in told.pieces), sum(len(piece.data) for piece in told.pieces)
        if not gate.stands(use):
            raise Rejected(use, Denied("revoked"))
        base = CHARGED if use.access.charged(told.outcome) else UNCHARGED
        code = await meter.settle(use.moment.day, base, rows, size)
        if code is not None:
            raise Rejected(use, Denied(code))
    except BaseException as error:
        meter.release()
        if not isinstance(error, Rejected):
            gate.void(use)
        raise
    await release(plane, use, proto, told.pieces, render.JSON, told.outcome, detail)


async def _again(
    plane: Plane, use: Use, proto: Any, call: Call, fields: tuple[str, ...], past: Any, fingerprint: str
) -> None:
    if past.detail.get("query") != fingerprint:
        raise Rejected(use, Denied("request_changed", "Request-Id"))
    if past.state != ANSWERED:
        raise Rejected(use, Denied("result_gone", "Request-Id"))
    told = await _told(plane, use, call, fields)
    body = b"".join(piece.data for piece in told.pieces)
    if sha256(body).hexdigest() != past.answer_sha256:
        raise Rejected(use, Denied("result_gone", "Request-Id"))
    plane.counters["replayed"] += 1
    proto.response_bytes(200, [*query_headers(render.JSON, use.request_id), ("idempotent-replayed", "true")], body)


async def _told(plane: Plane, use: Use, call: Call, fields: tuple[str, ...]) -> Told:
    """Call the upstream and govern what it says; Rejected with a code that says nothing of its content."""
    source: ProxySource = use.access.source
    upstream = plane.upstream(source.connector)
    if upstream is None:
        log.error(
            "grant %s names the connector %s, which this plane does not have", use.access.grant.id, source.connector
        )
        raise Rejected(use, Denied("source_unavailable"))
    try:
        answer = await upstream.call(call.operation.method, call.target, call.body, call.kind)
        governor = _governor(plane, use, fields)
        work = (source, call, answer, governor, plane.config.row_cap, use.request_id)
        return await asyncio.to_thread(read, *work) if len(answer.body) > INLINE else read(*work)
    except SourceFailed as error:
        log.warning("grant %s: %s", use.access.grant.id, error)
        raise Rejected(use, Denied(error.code)) from error
    except Unfit as error:
        log.warning("grant %s: the answer does not fit its declaration: %s", use.access.grant.id, error)
        raise Rejected(use, Denied("source_unavailable")) from error


def _governor(plane: Plane, use: Use, fields: tuple[str, ...]) -> Governor:
    """The grant's own is kept with its access, until the next bundle."""
    access = use.access
    terms, columns, keys = access.grant.terms, access.source.columns, plane.config.policy_keys
    if fields:
        masks = tuple(mask for mask in terms.masks if mask.column in fields)
        return Governor(columns, replace(terms, fields=fields, masks=masks), keys)
    made: Governor | None = access.governor
    if made is None:
        made = access.governor = Governor(columns, terms, keys)
    return made


def read(source: ProxySource, call: Call, answer: Answer, governor: Governor, cap: int, request_id: str) -> Told:
    """Raises Unfit, SourceFailed."""
    outcome = source.statuses.get(str(answer.status))
    if outcome is None and answer.status != 200:
        raise SourceFailed("source_unavailable", f"the upstream answered {answer.status}")
    code, records = "", []
    if outcome in (None, FOUND, MISMATCH):
        document = loads(answer.body)
        outcome, code = _outcome(source, document, outcome or FOUND)
        if outcome in (FOUND, MISMATCH):
            records = _records(at(document, call.operation.records), outcome, cap)
    granted = [row for record in records if (row := governor.record(record)) is not None]
    if not granted and (outcome == FOUND or (outcome == MISMATCH and governor.filters)):
        # What lies outside the granted rows, or cannot be shown to lie inside, is told exactly as what is not there.
        outcome, code = NOT_FOUND, ""
    return Told(outcome, code, list(parts(outcome, code, granted, request_id)))


def _outcome(source: ProxySource, document: Any, otherwise: str) -> tuple[str, str]:
    """The outcome, and the code where records are told with it: elsewhere it would tell why there are none."""
    if not source.code:
        return otherwise, ""
    given = at(document, source.code)
    if given is MISSING or given is None or isinstance(given, dict | list | float):
        raise Unfit("no result code where one was declared")
    text = str(given).lower() if isinstance(given, bool) else str(given)
    outcome = source.codes.get(text, FAILED)
    return outcome, text if outcome in (FOUND, MISMATCH) else ""


def _records(found: Any, outcome: str, cap: int) -> list[Any]:
    if found is None or (found is MISSING and outcome == MISMATCH):
        return []
    if isinstance(found, dict):
        return [found]
    if not isinstance(found, list):
        raise Unfit("no records where they were declared")
    if len(found) > cap:
        raise SourceFailed("answer_too_large", f"more than {cap} records")
    return found


def parts(outcome: str, code: str, granted: list[dict[str, Any]], request_id: str) -> list[render.Part]:
    """`{"outcome", "code" if any, "data": [...], "request_id"}`, in parts that can be released one by one."""
    head = dumps({"outcome": outcome, "code": code} if code else {"outcome": outcome})[:-1] + b',"data":['
    found = [render.Part(head, 0)]
    for start in range(0, len(granted), render.ROWS_PER_PART):
        rows = granted[start : start + render.ROWS_PER_PART]
        text = dumps(rows)[1:-1]
        found.append(render.Part(b"," + text if start else text, len(rows)))
    found.append(render.Part(b'],"request_id":"%s"}' % request_id.encode(), 0))
    return found
