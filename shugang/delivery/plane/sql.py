"""The buyer's own SQL over granted tables (自助查询): `POST /sql/v1/queries`, `GET`, `DELETE …/{id}`, `GET …/{id}/result`.

The text is checked and written anew by `policy.governed`; the new statement runs in the sandbox over materialised
granted views, so that what is not granted is not there. Every grant that a query touches admits it, reserves for it
and is charged for it.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Sequence
from hashlib import sha256
from time import monotonic
from typing import TYPE_CHECKING, Any

from shugang.delivery.plane import render
from shugang.delivery.plane.gate import Rejected, Use
from shugang.delivery.plane.index import Access, Holder, choose
from shugang.delivery.plane.journal import Past
from shugang.delivery.plane.lookup import FOUND, NOT_FOUND
from shugang.delivery.plane.pipes import Aborted
from shugang.delivery.plane.places import caller, inside
from shugang.delivery.plane.records import ANSWERED
from shugang.delivery.plane.replies import JSON, Denied
from shugang.delivery.plane.sandbox import SandboxFailed
from shugang.delivery.plane.sql_jobs import FAILED, READY, RUNNING, WAITING, Job, replay
from shugang.policy.governed import Granted, NotAllowed, Plan, check, table_names
from shugang.policy.lowering import granted_columns
from shugang.policy.sources import SqlSource

if TYPE_CHECKING:
    from shugang.delivery.plane.app import Plane

PREFIX = "/sql/v1/queries"
_WAIT = re.compile(r"\bwait=([0-9]{1,2})\b")
_LONGEST_WAIT = 30.0


async def handle(plane: Plane, scope: Any, proto: Any) -> None:
    number, _, rest = scope.path[len(PREFIX) :].lstrip("/").partition("/")
    if not number:
        if scope.method != "POST":
            raise Denied("not_found", journal=False)
        await _submit(plane, scope, proto)
        return
    job = _own(plane, scope, number)
    if rest == "" and scope.method == "GET":
        _status(proto, job, 200)
    elif rest == "" and scope.method == "DELETE":
        await _stop(plane, proto, job)
    elif rest == "result" and scope.method == "GET":
        if job.state in (WAITING, RUNNING):
            _status(proto, job, 202)
        else:
            await plane.queries.deliver(job, proto)
    else:
        raise Denied("not_found", journal=False)


def _own(plane: Plane, scope: Any, number: str) -> Job:
    """The job, for whoever holds the key that began it; to others it does not exist."""
    holder = plane.gate.holder(scope.headers)
    job = plane.queries.find(number)
    if job is not None:
        mine = {(access.grant.id, access.credential.id): access for access in holder.all()}
        now = [mine.get((use.access.grant.id, use.access.credential.id)) for use in job.uses]
        if all(now):
            at = caller(scope, plane.gate.trusted)
            if any(access.networks and not inside(at, access.networks) for access in now if access):
                # Not under the query's own use: refusing that would end it.
                raise Denied("place_denied", journal=False)
            return job
    plane.gate.check_fresh()
    note = "where several workers serve, ask over the connection that began the query" if plane.config.worker else ""
    raise Denied("not_found", "id" if note else "", note, journal=False)


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
    plan = await _plan(lead, sql, _granted(holder, found, lead))
    uses = await _uses(plane, scope, holder, [found[place] for place in plan.touched], lead)
    fingerprint = gate.fingerprint("sql", kind, sql)
    job = Job(uses, plan.touched, plan, kind, fingerprint)
    while (other := plane.queries.claim(job)) is not None:
        if other.fingerprint != fingerprint or len(other.uses) != len(uses):
            raise Rejected(lead, Denied("request_changed", "Request-Id"))
        if await _wait(plane, other, scope, proto):
            return
    try:
        past = [await plane.journal.past(*key) for key in job.keys] if lead.given else []
        if not any(past):
            await _begin(plane, job)
    except BaseException:
        plane.queries.disclaim(job)
        raise
    if any(past):
        try:
            await _again(plane, job, proto, past)
        finally:
            plane.queries.disclaim(job)
    else:
        await _wait(plane, job, scope, proto)


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
        for use in job.uses:
            await plane.gate.open(use, job.detail)
        plane.queries.begin(job)
    except BaseException:
        for use in reserved:
            use.access.meter.release()
            plane.gate.void(use)
        raise


async def _wait(plane: Plane, job: Job, scope: Any, proto: Any) -> bool:
    """A short query is answered at once, a long one by its number (RFC 7240 `Prefer: wait=` says how long to wait).
    False where the job came to nothing before it began.

    Workers that share a journal do not know each other's numbers: there the answer is waited for, and closing the
    connection stops the query. So it does anywhere for a request without an id, whose answer nobody could ask for.
    """
    asked = _WAIT.search(scope.headers.get("prefer") or "")
    seconds = min(float(asked[1]), _LONGEST_WAIT) if asked else plane.config.sql_wait_seconds
    shared = bool(plane.config.journal_url or plane.config.journal_url_file)
    done = asyncio.ensure_future(job.done.wait())
    gone = asyncio.ensure_future(proto.client_disconnect())
    try:
        await asyncio.wait([done, gone], timeout=None if shared else seconds, return_when=asyncio.FIRST_COMPLETED)
        left = gone.done()
    finally:
        done.cancel()
        gone.cancel()
    if job.abandoned:
        return False
    if job.done.is_set():
        await plane.queries.deliver(job, proto)
    elif left and (shared or not job.uses[0].given):
        job.stop("sql_stopped")
        await job.done.wait()
        raise Aborted("the client went away")
    elif not left:
        _status(proto, job, 202)
    return True


async def _stop(plane: Plane, proto: Any, job: Job) -> None:
    """Ends a query under way, or gives up its answer; either way nothing is charged."""
    if job.state in (WAITING, RUNNING):
        job.stop("sql_stopped")
        await job.done.wait()
    async with job.delivering:
        if job.state == READY:
            await plane.queries.fail(job, Denied("sql_stopped"))
    _status(proto, job, 200)


def _status(proto: Any, job: Job, status: int) -> None:
    """`{id, state, progress, seconds, request_id}`; a failed one says why. Nothing here tells of the answer."""
    document: dict[str, Any] = {
        "id": job.id,
        "state": job.state,
        "progress": round(job.run.progress, 1) if job.run and job.state == RUNNING else 0.0,
        "seconds": round((job.ended or monotonic()) - job.began, 1),
        "request_id": job.uses[0].request_id,
    }
    if job.state not in (WAITING, RUNNING, FAILED):
        document["progress"] = 100.0
    if job.denied is not None:
        document |= json.loads(job.denied.body(sharing=False))
    headers = [*JSON, ("location", f"{PREFIX}/{job.id}")]
    if status == 202:
        headers.append(("retry-after", "1"))
    proto.response_bytes(status, headers, json.dumps(document, ensure_ascii=False).encode())
