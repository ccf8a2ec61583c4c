"""A buyer's query that another worker of the fleet holds: his request is passed on, and the answer passed back.

The worker that was reached has found that the query is the caller's; the worker that holds it does the rest as if he had
come to it, so that reservations, intents and the meter stay with one owner. What that owner released is charged, also
the one or two megabytes that may still lie between the two when a connection breaks.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Sequence
from time import monotonic
from typing import TYPE_CHECKING, Any

from shugang.delivery.plane import sql_replies
from shugang.delivery.plane.fleet.lines import Elsewhere, Unreachable, reachable
from shugang.delivery.plane.gate import Rejected, Use
from shugang.delivery.plane.index import Access
from shugang.delivery.plane.journal import JournalFailed
from shugang.delivery.plane.pipes import Aborted
from shugang.delivery.plane.replies import INTERNAL, JSON, Denied
from shugang.policy.sources import SqlSource

if TYPE_CHECKING:
    from shugang.delivery.plane.app import Plane
    from shugang.delivery.plane.fleet.peers import Peers, Told
    from shugang.delivery.plane.sql_jobs import Job

log = logging.getLogger("shugang.plane.sql")
# How long a worker that does not answer may take until the fleet knows that it has ended.
LOST_SECONDS, LOOK_SECONDS = 5.0, 0.1
ANSWER_SECONDS = 60.0
PIECE = 256 * 1024
# What the head says instead of a status: there is no such request (any more), or it asks something else.
NOBODY, CHANGED = 0, -1


async def handle(plane: Plane, peers: Peers, scope: Any, proto: Any, number: str, ask: str) -> None:
    deadline = monotonic() + LOST_SECONDS
    while True:
        told = await peers.job(number)
        accesses = sql_replies.own(plane, scope, told.keys if told else [("", "")])
        assert told is not None
        if told.lost:
            _lost(proto, number, told, ask)
            return
        if told.worker == peers.worker:
            # It was forgotten a moment ago, and the journal does not know yet.
            raise Denied("not_found", journal=False)
        try:
            question = {"ask": ask, "id": number}
            async with peers.ask(reachable(told.address, told.place), question) as (head, reader):
                await _passed(plane, accesses, proto, head, reader)
            return
        except Unreachable as error:
            if isinstance(error, Elsewhere) or monotonic() > deadline:
                machine = told.place.rpartition(":")[0]
                raise Denied("sql_elsewhere", "machine", machine, journal=False) from error
        await asyncio.sleep(LOOK_SECONDS)


def _lost(proto: Any, number: str, told: Told, ask: str) -> None:
    denied = Denied("sql_interrupted", journal=False)
    if ask == "result":
        raise denied
    document = {"id": number, "state": "failed", "progress": 0.0, "seconds": round(told.seconds, 1)}
    document |= {"request_id": told.request_id} | json.loads(denied.body(sharing=False))
    proto.response_bytes(200, JSON, json.dumps(document, ensure_ascii=False).encode())


async def held(plane: Plane, job: Job, seconds: float, proto: Any) -> bool:
    """Pass on a request that another worker holds under the same id; False where it does not any more. Raises Denied."""
    assert plane.peers is not None
    lead = job.uses[0]
    worker = await plane.peers.claimer([use.access.grant.id for use in job.uses], lead.request_id)
    if not worker:
        return False
    question = {"ask": "held", "keys": job.keys, "same": [job.fingerprint, len(job.uses)], "seconds": seconds}
    gone = asyncio.ensure_future(proto.client_disconnect())
    passing = asyncio.ensure_future(_held(plane, worker, question, job, proto))
    try:
        await asyncio.wait([passing, gone], return_when=asyncio.FIRST_COMPLETED)
        return passing.result() if passing.done() else True
    except Unreachable:
        return False
    finally:
        gone.cancel()
        passing.cancel()
        await asyncio.gather(passing, return_exceptions=True)


async def _held(plane: Plane, worker: int, question: dict[str, Any], job: Job, proto: Any) -> bool:
    assert plane.peers is not None
    async with plane.peers.ask(await plane.peers.address(worker), question) as (head, reader):
        if head["status"] == CHANGED:
            raise Rejected(job.uses[0], Denied("request_changed", "Request-Id"))
        if head["status"] != NOBODY:
            await _passed(plane, [use.access for use in job.uses], proto, head, reader)
        return bool(head["status"] != NOBODY)


async def _passed(
    plane: Plane, accesses: Sequence[Access[SqlSource]], proto: Any, head: dict[str, Any], reader: asyncio.StreamReader
) -> None:
    status, headers, length = head["status"], [(name, value) for name, value in head["headers"]], head["length"]
    try:
        if length <= plane.config.whole_answer:
            async with asyncio.timeout(ANSWER_SECONDS):
                body = await reader.readexactly(length)
            proto.response_bytes(status, headers, body)
            return
        moment = plane.gate.clock.now()
        pipe = plane.pipe(*(Use(access, "", False, moment) for access in accesses))
        try:
            pipe.answer(proto, status, headers)
            while length:
                data = await reader.read(min(PIECE, length))
                if not data:
                    raise Aborted("the worker that holds the answer broke off")
                length -= len(data)
                await pipe.write(data)
            await pipe.finish()
        finally:
            pipe.close()
    except (OSError, EOFError, TimeoutError) as error:
        raise Denied("sql_elsewhere", journal=False) from error


async def answer(plane: Plane, question: dict[str, Any], proto: Any) -> None:
    """The side of the worker that holds the query."""
    try:
        if question["ask"] == "held":
            job = plane.queries.holding([(grant, request) for grant, request in question["keys"]])
            if job is not None and not job.same(*question["same"]):
                proto.response_bytes(CHANGED, [], b"")
            elif job is None or not await sql_replies.wait(plane, job, question["seconds"], proto):
                proto.response_bytes(NOBODY, [], b"")
            return
        job = plane.queries.find(question["id"])
        if job is None:
            raise Denied("not_found", journal=False)
        await sql_replies.perform(plane, proto, job, question["ask"])
    except Denied as denied:
        _refused(proto, denied)
    except JournalFailed:
        _refused(proto, Denied("journal_unavailable", journal=False))
    except Aborted as aborted:
        log.info("a long answer ended early: %s", aborted)
    except Exception:
        log.exception("a query that another worker asked for failed")
        _refused(proto, Denied("", refused=INTERNAL, journal=False))


def _refused(proto: Any, denied: Denied) -> None:
    proto.response_bytes(denied.refused.status, denied.headers(), denied.body(sharing=False))
