"""What was pushed to a destination, read from the plane's records: every push with all its tries."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db.models import Q

from shugang.kernel import clock
from shugang.kernel.actors import Actor
from shugang.policy.pushes import MOST_SECONDS, RETRY_DAYS, RETRY_SECONDS, backoff, job_of
from shugang.policy.text import Text

from ..metering.models import UsageRecord
from .models import Connection

MOST_RECORDS = 400
PUSH_STATES = {
    "done": ("ok", Text("已写完", "Written")),
    "going_on": ("run", Text("中断，将自动续传", "Broken off, goes on by itself")),
    "waiting": ("run", Text("没有送达，将再试", "Not delivered, tried again")),
    "given_up": ("bad", Text("已停止重试，请再次推送", "Given up; please push again")),
    "not_sent": ("bad", Text("没有送达，未计费", "Not delivered, not charged")),
}


class Push(NamedTuple):
    """`rows`, `bytes`: billed so far. `outcome`: of the last try. `next_by`: the next try comes no later, if any."""

    number: str
    grant: str
    version: int
    state: str
    outcome: str
    tries: int
    rows: int
    bytes: int
    began_at: datetime
    last_at: datetime
    next_by: datetime | None


def pushes(actor: Actor, row: Connection) -> list[Push]:
    """Those to one destination that the actor may see, the newest first."""
    scheduled = f"follow-{row.number}-v"
    found = UsageRecord.objects.visible_to(actor).filter(
        Q(detail__target=row.number) | Q(request_id__startswith=scheduled), mode="push"
    )
    jobs: dict[tuple[str, str], list[UsageRecord]] = {}
    for record in reversed(found.select_related("grant").order_by("-id")[:MOST_RECORDS]):
        jobs.setdefault((record.grant_number, job_of(record.request_id)[0]), []).append(record)
    told = [_push(job, grant, records, scheduled) for (grant, job), records in jobs.items()]
    return sorted(told, key=lambda push: push.last_at, reverse=True)


def _push(job: str, grant: str, records: list[UsageRecord], scheduled: str) -> Push:
    left = [record for record in records if record.state in ("answered", "aborted")]
    last = records[-1]
    state, next_by = _state(records, left, job.startswith(scheduled))
    return Push(
        job, grant, last.version, state, last.outcome, len(records),
        sum(r.rows for r in left), sum(r.bytes for r in left), records[0].at, last.at, next_by,
    )  # fmt: skip


def _state(records: list[UsageRecord], left: list[UsageRecord], scheduled: bool) -> tuple[str, datetime | None]:
    if any(record.state == "answered" for record in left):
        return "done", None
    if not left and not scheduled:
        return "not_sent", None
    if not _stands(records):
        return "given_up", None
    # As the plane reckons it: a push that was asked for is given up some days after the last piece that left.
    if left and not scheduled and clock.now() - left[-1].at > timedelta(days=RETRY_DAYS):
        return "given_up", None
    wait = timedelta(seconds=backoff(len(records), RETRY_SECONDS, MOST_SECONDS) + RETRY_SECONDS)
    return ("going_on" if left else "waiting"), records[-1].at + wait


def _stands(records: Iterable[UsageRecord]) -> bool:
    return all(record.grant is None or record.grant.state != "ended" for record in records)
