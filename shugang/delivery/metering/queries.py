"""Reads of usage: what was charged, by day, what is left of a quota. Pages pass the grants that the reader may see."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from django.db.models import Count, Q, QuerySet, Sum

from shugang.kernel import clock
from shugang.kernel.actors import Actor
from shugang.kernel.errors import not_found
from shugang.policy.priceplan import CONTINUED, day_key, priced_as
from shugang.policy.text import Text
from shugang.policy.vocabulary import CHINA, Quota

from ..grants.models import Grant
from . import storing
from .models import UsageRecord

RECORD = Text("这条用量记录", "usage record")
UNITS = ("calls", "rows", "bytes", "seconds")
# Listings of a share draw on no quota (plane: an entry that does not count).
LISTINGS = ("metadata", "manifest", "changes")
_DELIVERED = Q(state__in=("answered", "aborted")) & ~Q(outcome__in=LISTINGS)


@dataclass(frozen=True)
class QuotaLeft:
    """One quota of a grant in its present window; `left` never goes below zero."""

    quota: Quota
    used: int
    left: int


def _measure(unit: str) -> Any:
    if unit not in UNITS:
        raise ValueError(f"no unit {unit}")
    return Count("id") if unit == "calls" else Sum(unit)


def lineage(grant_number: str) -> list[str]:
    """The grant and those of the same contract: an amendment issues a successor, and one price counts the use of both."""
    return lineages([grant_number])[grant_number]


def lineages(grants: Iterable[str]) -> dict[str, list[str]]:
    """The `lineage` of each, in two queries."""
    contracts = dict(Grant.objects.filter(number__in=list(grants)).values_list("number", "contract"))
    of_contract: dict[str, list[str]] = {}
    rows = Grant.objects.filter(contract__in={c for c in contracts.values() if c}).order_by("id")
    for number, contract in rows.values_list("number", "contract"):
        of_contract.setdefault(contract, []).append(number)
    return {number: of_contract.get(contracts.get(number, ""), [number]) for number in grants}


def charged_quantities(
    grant_number: str, start: datetime, end: datetime, unit: str = "calls", folded_until: datetime | None = None,
    by_day: bool = False,
) -> dict[str, int]:  # fmt: skip
    """Outcome → charged quantity in `unit` (`UNITS`), uses at [start, end) of rule time; `by_day` as in `by_price`.

    Counted over the grant's `lineage`.

    Each billing key counts once. `folded_until`: only what had arrived by then (real time), for a run's watermark.
    """
    rows = UsageRecord.objects.filter(grant__number__in=lineage(grant_number), charged=True, at__gte=start, at__lt=end)
    if folded_until is not None:
        rows = rows.filter(folded_at__lte=folded_until)
    return by_price(rows, unit, by_day)


class Window(NamedTuple):
    """Use under a grant on one local day that ended in one outcome; `calls` leaves out further bytes of a file."""

    grant: str
    day: date
    outcome: str
    charged: bool
    calls: int
    rows: int
    bytes: int

    def of(self, unit: str) -> int:
        return {"calls": self.calls, "rows": self.rows, "bytes": self.bytes}[unit]


def windows(grants: Sequence[str], until: datetime) -> Iterator[Window]:
    """What some grants were used for before `until` (rule time): charged, or delivered without a charge. One pass."""
    if not grants:
        return
    rows = UsageRecord.objects.filter(Q(charged=True) | Q(state__in=("answered", "aborted")), at__lt=until)
    rows = rows.filter(grant__number__in=list(grants)).annotate(day=storing.local_day())
    keys = ("grant_number", "day", "outcome", "charged")
    sums = rows.values_list(*keys).annotate(calls_=Count("id"), rows_=Sum("rows"), bytes_=Sum("bytes"))
    for grant, day, outcome, charged, calls, row_count, size in sums.order_by().iterator(chunk_size=5000):
        yield Window(grant, day, outcome, charged, 0 if outcome == CONTINUED else calls, int(row_count), int(size))


def by_price(rows: QuerySet[UsageRecord], unit: str, by_day: bool = False) -> dict[str, int]:
    """Outcome, as a price plan knows it, → quantity in `unit`. Further bytes of a file are no further call.

    `by_day`: the keys name the day in the city's zone too (`policy.priceplan.day_key`).
    """
    found: dict[str, int] = {}
    for outcome, day, quantity in _seconds(rows) if unit == "seconds" else _counted(rows, unit, by_day):
        name = day_key(priced_as(outcome), day) if by_day else priced_as(outcome)
        found[name] = found.get(name, 0) + quantity
    # Milliseconds of windows are summed first: what is cut off is less than a second of the whole.
    return {name: quantity // 1000 for name, quantity in found.items()} if unit == "seconds" else found


def _counted(rows: QuerySet[UsageRecord], unit: str, by_day: bool) -> Iterator[tuple[str, Any, int]]:
    if unit == "calls":
        rows = rows.exclude(outcome=CONTINUED)
    keys = ["outcome", "day"] if by_day else ["outcome"]
    days = rows.annotate(day=storing.local_day()) if by_day else rows
    for row in days.values(*keys).annotate(total=_measure(unit)).order_by(*keys):
        yield row["outcome"], row.get("day"), int(row["total"] or 0)


def _seconds(rows: QuerySet[UsageRecord]) -> Iterator[tuple[str, date, int]]:
    """Milliseconds of the span that each window's record states; other uses last no time."""
    for outcome, at, detail in rows.values_list("outcome", "at", "detail").iterator():
        if {"from", "until"} <= set(detail):
            span = datetime.fromisoformat(detail["until"]) - datetime.fromisoformat(detail["from"])
            yield outcome, at.astimezone(clock.zone()).date(), span // timedelta(milliseconds=1)


def usage_by_day(grant_numbers: Iterable[str], start: datetime, end: datetime) -> list[Any]:
    """Per day (the city's zone), outcome and charged: calls, rows, bytes. Oldest first; refusals included."""
    return list(
        UsageRecord.objects.filter(grant__number__in=list(grant_numbers), at__gte=start, at__lt=end)
        .annotate(day=storing.local_day())
        .values("day", "outcome", "state", "charged")
        .annotate(calls=Count("id"), rows_=Sum("rows"), bytes_=Sum("bytes"))
        .order_by("day", "outcome", "charged")
    )


def usage(actor: Actor, grant: str = "", outcome: str = "", charged: bool | None = None) -> QuerySet[UsageRecord]:
    """Records that the actor's party may see, filtered; newest last by primary key."""
    rows: QuerySet[UsageRecord] = UsageRecord.objects.visible_to(actor).select_related("grant", "plane")
    if grant:
        rows = rows.filter(grant__number=grant)
    if outcome:
        rows = rows.filter(outcome=outcome)
    if charged is not None:
        rows = rows.filter(charged=charged)
    return rows


def get_record(actor: Actor, plane: str, seq: int) -> UsageRecord:
    """One record that the actor's party may see. Raises Refusal `not_found`."""
    row = usage(actor).filter(plane__number=plane, seq=seq).first()
    if row is None:
        raise not_found(RECORD)
    return row


def _window_start(quota: Quota, now: datetime) -> datetime | None:
    local = now.astimezone(CHINA).replace(hour=0, minute=0, second=0, microsecond=0)
    return {"day": local, "month": local.replace(day=1), "total": None}[quota.per]


def quotas_left(grant: Grant) -> list[QuotaLeft]:
    """What is left now, by what has arrived; the plane itself counts ahead of this by seconds at most."""
    found = []
    for quota in grant.read_terms().quotas:
        rows = UsageRecord.objects.filter(_DELIVERED, grant=grant)
        start = _window_start(quota, clock.now())
        if start is not None:
            rows = rows.filter(at__gte=start)
        if quota.counts != "all":
            rows = rows.filter(charged=quota.counts == "charged")
        used = sum(by_price(rows, quota.unit).values())
        found.append(QuotaLeft(quota, used, max(0, quota.limit - used)))
    return found
