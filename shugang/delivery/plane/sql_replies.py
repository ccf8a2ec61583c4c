"""What is told of a query under way: its state, its end, its answer; to whoever owns it, whichever worker he reached."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from time import monotonic
from typing import TYPE_CHECKING, Any

from shugang.delivery.plane.index import Access
from shugang.delivery.plane.pipes import Aborted
from shugang.delivery.plane.places import caller, inside
from shugang.delivery.plane.replies import JSON, Denied
from shugang.delivery.plane.sql_jobs import FAILED, READY, RUNNING, WAITING, Job
from shugang.policy.sources import SqlSource

if TYPE_CHECKING:
    from shugang.delivery.plane.app import Plane

PREFIX = "/sql/v1/queries"
# What may be asked of a query that has a number.
ASKS = {("GET", ""): "status", ("DELETE", ""): "stop", ("GET", "result"): "result"}


def own(plane: Plane, scope: Any, grants: Sequence[tuple[str, str]]) -> list[Access[SqlSource]]:
    """What the caller holds of these (grant, credential), all of them; otherwise the query does not exist for him."""
    holder = plane.gate.holder(scope.headers)
    mine = {(access.grant.id, access.credential.id): access for access in holder.all()}
    if not all(key in mine for key in grants):
        plane.gate.check_fresh()
        raise Denied("not_found", journal=False)
    found = [mine[key] for key in grants]
    at = caller(scope, plane.gate.trusted)
    if any(access.networks and not inside(at, access.networks) for access in found):
        # Not under the query's own use: refusing that would end it.
        raise Denied("place_denied", journal=False)
    return found


async def perform(plane: Plane, proto: Any, job: Job, ask: str) -> None:
    """`ask` is one of `ASKS`; who asks has been found to own the query."""
    if ask == "status":
        status(proto, job, 200)
    elif ask == "stop":
        await _stop(plane, proto, job)
    elif job.state in (WAITING, RUNNING):
        status(proto, job, 202)
    else:
        await plane.queries.deliver(job, proto)


async def wait(plane: Plane, job: Job, seconds: float, proto: Any) -> bool:
    """A short query is answered at once, a long one by its number; one without a request id, whose answer nobody could
    ask for, ends with its connection. False where the job came to nothing before it began."""
    done = asyncio.ensure_future(job.done.wait())
    gone = asyncio.ensure_future(proto.client_disconnect())
    try:
        await asyncio.wait([done, gone], timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        left = gone.done()
    finally:
        done.cancel()
        gone.cancel()
    if job.abandoned:
        return False
    if job.done.is_set():
        await plane.queries.deliver(job, proto)
    elif left and not job.uses[0].given:
        job.stop("sql_stopped")
        await job.done.wait()
        raise Aborted("the client went away")
    elif not left:
        await plane.queries.tell(job)
        status(proto, job, 202)
    return True


async def _stop(plane: Plane, proto: Any, job: Job) -> None:
    """Ends a query under way, or gives up its answer; either way nothing is charged."""
    if job.state in (WAITING, RUNNING):
        job.stop("sql_stopped")
        await job.done.wait()
    async with job.delivering:
        if job.state == READY:
            await plane.queries.fail(job, Denied("sql_stopped"))
    status(proto, job, 200)


def status(proto: Any, job: Job, code: int) -> None:
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
    if code == 202:
        headers.append(("retry-after", "1"))
    proto.response_bytes(code, headers, json.dumps(document, ensure_ascii=False).encode())
