"""Pushes that nobody waits for: those that a destination's schedule asks for, and those that broke off.

One worker does it, the one that leads. Nothing is kept but the journal: what is due follows from the schedule, the
grant and what was delivered; what broke off is an aborted record without a later one that ends it. After a failure the
next try waits twice as long; a push that was asked for is given up after some days (`push_retry_days`), one of a
schedule never.
"""

from __future__ import annotations

import json
import logging
from datetime import datetime
from time import monotonic
from typing import TYPE_CHECKING, NamedTuple

from shugang.delivery.plane import push
from shugang.delivery.plane.clock import to_datetime
from shugang.delivery.plane.gate import Rejected, Use
from shugang.delivery.plane.index import Access, Index
from shugang.delivery.plane.journal import JournalFailed, StillAnswered
from shugang.delivery.plane.records import ABORTED
from shugang.delivery.plane.replies import Denied
from shugang.policy.pushes import backoff, due, job_of
from shugang.policy.sources import PushSource

if TYPE_CHECKING:
    from shugang.delivery.plane.app import Plane

log = logging.getLogger("shugang.plane.push")
FOLLOW_SECONDS = 60.0
# How soon a worker that leads from now on goes on with what the one before it did.
LEAD_SECONDS = 1.0
FOLLOWS = "follow-"


class _Job(NamedTuple):
    name: str
    number: str
    format: str


class Pushes:
    def __init__(self, plane: Plane) -> None:
        self._plane = plane
        # By grant and push: those that are over, and of the others how often they failed and when they are tried again.
        self._over: set[tuple[str, str]] = set()
        self._failed: dict[tuple[str, str], tuple[int, float]] = {}

    async def round(self) -> None:
        index, now = self._plane.gate.index, self._plane.gate.clock.now().rule
        for access in _standing(index, now):
            for job in [*self._scheduled(access, now), *await self._broken(access)]:
                key = (access.grant.id, job.name)
                if key not in self._over and monotonic() >= self._failed.get(key, (0, 0.0))[1]:
                    await self._attempt(access, job)

    def _scheduled(self, access: Access[PushSource], now: float) -> list[_Job]:
        since = max(access.grant.terms.valid_from, access.source.at or access.grant.terms.valid_from)
        return [
            _Job(f"{FOLLOWS}{number}-v{access.version}", number, "parquet")
            for number, schedule in self._plane.connections.following(access.grant.party)
            if due(schedule, since, to_datetime(now))
        ]

    async def _broken(self, access: Access[PushSource]) -> list[_Job]:
        """Pushes of the version that the grant covers now, whose last try was cut off."""
        journal, grant = self._plane.journal, access.grant.id
        last: dict[str, int] = {}
        for request_id in await journal.billed(grant):
            job, number = job_of(request_id)
            last[job] = max(number, last.get(job, 0))
        found = []
        for job, number in last.items():
            if (grant, job) in self._over or job.startswith(FOLLOWS):
                continue
            past = await journal.past(grant, job if number == 1 else f"{job}~{number}", 0.0)
            record = json.loads(past.text) if past is not None and past.state == ABORTED else None
            if past is None or record is None or "target" not in past.detail or self._too_old(record["at"]):
                self._over.add((grant, job))
            elif record["version"] == access.version:
                found.append(_Job(job, past.detail["target"], past.detail["format"]))
        return found

    def _too_old(self, at: str) -> bool:
        age = self._plane.gate.clock.now().rule - datetime.fromisoformat(at).timestamp()
        return age > self._plane.config.push_retry_days * 86400

    async def _attempt(self, access: Access[PushSource], job: _Job) -> None:
        plane, key = self._plane, (access.grant.id, job.name)
        target = plane.connections.target(job.number, access.grant.party)
        if target is None or monotonic() >= plane.gate.fresh_until:
            return
        use = Use(access, job.name, True, plane.gate.clock.now())
        order = push.ordered(plane, access, job.name, job.number, target, job.format)
        try:
            await push.perform(plane, use, order)
        except (Rejected, Denied, JournalFailed, StillAnswered) as error:
            await self._fail(key, error)
        except Exception as error:
            log.exception("a push failed")
            await self._fail(key, error)
        else:
            self._over.add(key)
            self._failed.pop(key, None)
        finally:
            plane.journal.ended()

    async def _fail(self, key: tuple[str, str], error: Exception) -> None:
        config = self._plane.config
        failures = self._failed.get(key, (0, 0.0))[0] + 1
        wait = backoff(failures, config.push_retry_seconds, config.push_retry_most_seconds)
        self._failed[key] = (failures, monotonic() + wait)
        log.info("grant %s: push %s failed (%s), again in %.0f s", *key, error, wait)
        if isinstance(error, Rejected):
            if error.denied.code in ("result_gone", "request_changed"):
                self._over.add(key)
            else:
                await self._plane.gate.refuse(error.use, error.denied)

    def pause(self) -> float:
        """Until something may be due."""
        waiting = [at - monotonic() for key, (_, at) in self._failed.items() if key not in self._over]
        least = min(FOLLOW_SECONDS, self._plane.config.push_retry_seconds)
        return max(0.05, min([least, *waiting]))


async def follow(plane: Plane) -> None:
    await plane.journal.joined.wait()
    pushes = Pushes(plane)
    while True:
        leads = plane.journal.leads
        if leads:
            try:
                await pushes.round()
            except JournalFailed as error:
                log.info("pushes wait for the journal: %s", error)
            except Exception:
                log.exception("looking for pushes failed")
        else:
            pushes = Pushes(plane)  # what this worker knew may have changed when it leads again
        await plane.connections.changed(pushes.pause() if leads else LEAD_SECONDS)


def _standing(index: Index, rule_now: float) -> list[Access[PushSource]]:
    """One usable access of each push grant: whose key it is does not matter, since the buyer's destination asks."""
    found: dict[str, Access[PushSource]] = {}
    for (grant, _), access in index.by_key.items():
        if access.mode == "push" and grant not in found and access.refusal(rule_now) is None:
            found[grant] = access
    return list(found.values())
