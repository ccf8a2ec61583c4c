"""Edges from the queries that planes answered: their usage records say which columns of a granted view reached the answer.

The records come after the fact, in the order of their ids; each is looked at once, some seconds after it was folded, so that one
that was committed late is not passed by. What a plane at a supplier's site says is checked like anything from outside.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.db import transaction

from shugang.delivery.metering.models import UsageRecord
from shugang.delivery.models import Grant
from shugang.kernel import clock
from shugang.kernel.actors import SYSTEM
from shugang.policy.lineage import SUBTYPES

from .models import LineageNode, LineageProgress, LineageRun
from .nodes import answer_of, view_of
from .recording import open_run, record
from .walking import Step

LAG = timedelta(seconds=5)
BATCH, MOST = 2000, 200
ANSWERED = ("found", "not_found")


def follow(lag: timedelta = LAG) -> int:
    """Draw what came since; how many queries had edges. Part of every pass of the worker."""
    until = clock.real_now() - lag
    last = LineageProgress.objects.filter(pk=1).values_list("usage", flat=True).first() or 0
    if not UsageRecord.objects.filter(pk__gt=last, folded_at__lte=until).exists():
        return 0  # a pass without anything new takes no lock
    with transaction.atomic():
        LineageProgress.objects.get_or_create(pk=1)
        place = LineageProgress.objects.select_for_update().get(pk=1)
        rows = UsageRecord.objects.filter(pk__gt=place.usage, folded_at__lte=until).order_by("pk")
        found = list(rows.values_list("pk", "mode", "outcome", "grant_id", "detail")[:BATCH])
        if not found:
            return 0
        asked: dict[tuple[int, str], list[Any]] = {}
        for _, mode, outcome, grant, detail in found:
            if mode == "sql" and outcome in ANSWERED and grant is not None and detail.get("lineage"):
                asked[grant, str(detail.get("query", ""))[:64]] = detail["lineage"]
        grants = {g.pk: g for g in Grant.objects.filter(pk__in={grant for grant, _ in asked})}
        for (grant, query), edges in asked.items():
            _draw(grants[grant], query, edges)
        place.usage = found[-1][0]
        place.save(update_fields=["usage"])
        return len(asked)


def _draw(grant: Grant, query: str, edges: Any) -> None:
    run = open_run(SYSTEM, grant.grantee_id, LineageRun.Kind.QUERY, job=grant.number)
    view, answer = view_of(grant), answer_of(grant.grantee_id, query)
    record(run, set(_steps(view, answer, set(grant.read_terms().fields), edges)))


def _steps(view: LineageNode, answer: LineageNode, granted: set[str], edges: Any) -> Iterable[Step]:
    """What reads as an edge from a granted column; the rest of what a plane says is left out."""
    for edge in edges[:MOST] if isinstance(edges, list) else ():
        if not isinstance(edge, list) or len(edge) != 4 or not all(isinstance(word, str) for word in edge[:3]):
            continue
        column, name, subtype, masking = edge
        if (column in granted or not column) and len(name) <= 200 and (subtype in SUBTYPES or not subtype):
            yield Step(view.pk, column, answer.pk, name, subtype, masking is True)
