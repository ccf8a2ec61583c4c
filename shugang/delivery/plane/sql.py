"""The buyer's own SQL over granted tables (自助查询): `POST /sql/v1/queries`, `GET`, `DELETE …/{id}`, `GET …/{id}/result`.

The text is checked and written anew by `policy.governed`; the new statement runs in the sandbox over materialised
granted views, so that what is not granted is not there. Every grant that a query touches admits it, reserves for it
and is charged for it.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from hashlib import sha256
from time import monotonic
from typing import TYPE_CHECKING, Any

from shugang.delivery.plane import render, sql_peers, sql_told
from shugang.delivery.plane.gate import Rejected, Use
from shugang.delivery.plane.index import Access, Holder, choose
from shugang.delivery.plane.journal import Past, StillAnswered
from shugang.delivery.plane.lookup import FOUND, NOT_FOUND
from shugang.delivery.plane.records import ANSWERED
from shugang.delivery.plane.replies import Denied
from shugang.delivery.plane.sandbox import SandboxFailed
from shugang.delivery.plane.sql_jobs import Job, replay
from shugang.delivery.plane.sql_replies import ASKS, PREFIX, own, perform, wait
from shugang.policy.governed import Granted, NotAllowed, Plan, check, table_names
from shugang.policy.lowering import granted_columns
from shugang.policy.sources import SqlSource

if TYPE_CHECKING:
    from shugang.delivery.plane.app import Plane

_WAIT = re.compile(r"\bwait=([0-9]{1,2})\b")
_LONGEST_WAIT = 30.0
# How long a request waits for another one under its id that neither begins nor ends.
_PATIENCE, _LOOK = 10.0, 0.03


async def handle(plane: Plane, scope: Any, proto: Any) -> None:
    number, _, rest = scope.path[len(PREFIX) :].lstrip("/").partition("/")
    ask = ASKS.get((scope.method, rest))
    if not number:
        if scope.method != "POST":
            raise Denied("not_found", journal=False)
        await _submit(plane, scope, proto)
        return
    job = plane.queries.find(number)
    if ask is not None and job is not None:
        own(plane, scope, job.grants)
        await perform(plane, proto, job, ask)
    elif ask is not None and plane.peers is not None:
        await sql_peers.handle(plane, plane.peers, scope, proto, number, ask)
    else:
        plane.gate.holder(scope.headers)
        plane.gate.check_fresh()
        raise Denied("not_found", journal=False)


async def _submit(plane: Plane, scope: Any, proto: Any) -> None:
    gate = plane.gate
    holder = gate.holder(scope.headers)
    sql = await _text(plane, scope, proto)
    try:
        names = await asyncio.to_thread(table_names, sql)
    except NotAllowed as error:
        raise Denied(error.code, error.name, journal=False) from error
    found = [key for key in sorted(holder.relations) if any(_means(name, key) for name in names)]
    if not found:
        gate.check_fresh()
        raise Denied("sql_no_table", min((table for _, table in names), default=""), journal=False)
    lead = await gate.admit(holder.relations[found[0]], scope)
    kind = render.accepted(scope.headers.get("accept"))
    if kind is None:
        raise Rejected(lead, Denied("not_acceptable", "Accept"))
    tables = _granted(holder, found, lead)
    plan = await _plan(lead, sql, tables)
    uses = await _uses(plane, scope, holder, [found[place] for place in plan.touched], lead)
    fingerprint = gate.fingerprint("sql", kind, sql)
    read = await asyncio.to_thread(sql_told.reads, sql, tables)
    details = [sql_told.detail(fingerprint, read.get(place, ())) for place in plan.touched]
    deadline = monotonic() + _PATIENCE
    while not await _answered(plane, scope, proto, Job(uses, plan.touched, plan, kind, fingerprint, details)):
        if monotonic() > deadline:
            raise StillAnswered
        await asyncio.sleep(_LOOK)


async def _answered(plane: Plane, scope: Any, proto: Any, job: Job) -> bool:
    """False where the request is held by somebody who came to nothing, or who has not got far enough: look again."""
    other, seconds = plane.queries.claim(job), _seconds(plane, scope)
    if other is not None:
        if not job.same(other.fingerprint, len(other.uses)):
            raise Rejected(job.uses[0], Denied("request_changed", "Request-Id"))
        return await wait(plane, other, seconds, proto)
    try:
        past = await _past(plane, job)
        if past is not None and any(past):
            await _again(plane, job, proto, past)
        elif past is not None:
            await _begin(plane, job)
    except BaseException:
        plane.queries.disclaim(job)
        raise
    if past is not None and not any(past):
        return await wait(plane, job, seconds, proto)
    plane.queries.disclaim(job)
    return past is not None or await sql_peers.held(plane, job, seconds, proto)


async def _past(plane: Plane, job: Job) -> list[Past | None] | None:
    """What was recorded under the request's id; None where another worker is at it."""
    if not job.uses[0].given:
        return []
    try:
        return [await plane.journal.past(*key, patience=0.0) for key in job.keys]
    except StillAnswered:
        return None


async def _text(plane: Plane, scope: Any, proto: Any) -> str:
    try:
        return (await plane.body(scope, proto)).decode()
    except UnicodeDecodeError as error:
        raise Denied("bad_request", "body", "not UTF-8", journal=False) from error


def _means(name: tuple[str, str], key: tuple[str, str]) -> bool:
    return name[1] == key[1] and name[0] in ("", key[0])


def _granted(holder: Holder, found: Sequence[tuple[str, str]], lead: Use) -> tuple[Granted, ...]:
    tables = []
    for place, key in enumerate(found):
        access: Access[SqlSource] = lead.access if place == 0 else choose(holder.relations[key], lead.moment.rule)[0]
        tables.append(granted(access))
    return tuple(tables)


def granted(access: Access[SqlSource]) -> Granted:
    """What a query may see of the grant's table."""
    terms, source = access.grant.terms, access.source
    columns = tuple((column.name, column.family) for column in granted_columns(source.columns, terms))
    return Granted(access.grant.product, source.table, columns, terms.output.min_group if terms.output else 0)


async def _plan(lead: Use, sql: str, tables: tuple[Granted, ...]) -> Plan:
    try:
        plan = await asyncio.to_thread(check, sql, tables)
    except NotAllowed as error:
        raise Rejected(lead, Denied(error.code, error.name)) from error
    if not plan.touched:
        raise Rejected(lead, Denied("sql_no_table"))
    return plan


async def _uses(plane: Plane, scope: Any, holder: Holder, keys: Sequence[tuple[str, str]], lead: Use) -> list[Use]:
    """A use under each grant that the query touches, all under one request id."""
    uses = []
    for key in keys:
        accesses = holder.relations[key]
        own = any(access is lead.access for access in accesses)
        uses.append(lead if own else await plane.gate.admit(accesses, scope, along=lead))
    return uses


async def _again(plane: Plane, job: Job, proto: Any, past: Sequence[Past | None]) -> None:
    """A retry after the answer was forgotten: uncharged, and only if it is byte for byte the same."""
    if any(one is None or one.detail.get("query") != job.fingerprint for one in past):
        raise Rejected(job.uses[0], Denied("request_changed", "Request-Id"))
    if any(one is None or one.state != ANSWERED for one in past):
        raise Rejected(job.uses[0], Denied("result_gone", "Request-Id"))
    digests = {one.answer_sha256 for one in past if one is not None}
    lead = job.uses[0]
    try:
        async with asyncio.timeout(plane.config.sql_seconds):
            table = await plane.queries.answer(job)
    except SandboxFailed as error:
        raise Rejected(lead, Denied(error.code)) from error
    except TimeoutError as error:
        raise Rejected(lead, Denied("sql_time")) from error
    outcome = FOUND if table.num_rows else NOT_FOUND
    body = b"".join(part.data for part in render.parts(table, job.kind, outcome, lead.request_id))
    if {sha256(body).hexdigest()} != digests:
        raise Rejected(lead, Denied("result_gone", "Request-Id"))
    replay(plane, proto, job.kind, lead.request_id, body)


async def _begin(plane: Plane, job: Job) -> None:
    """Reserve under every grant, write every intent, start."""
    reserved: list[Use] = []
    try:
        if plane.queries.full():
            raise Rejected(job.uses[0], Denied("sql_busy", wait=1.0))
        for use in job.uses:
            if (code := await use.access.meter.reserve(use.moment.day)) is not None:
                raise Rejected(use, Denied(code))
            reserved.append(use)
        for use, detail in zip(job.uses, job.details, strict=True):
            await plane.gate.open(use, detail)
        plane.queries.begin(job)
    except BaseException:
        for use in reserved:
            use.access.meter.release()
            plane.gate.void(use)
        raise


def _seconds(plane: Plane, scope: Any) -> float:
    """How long the caller waits for an answer before he takes a number (RFC 7240 `Prefer: wait=`)."""
    asked = _WAIT.search(scope.headers.get("prefer") or "")
    return min(float(asked[1]), _LONGEST_WAIT) if asked else plane.config.sql_wait_seconds
