"""Reads of checks, runs and their lines, through the actor's scope."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, QuerySet

from shugang.kernel.actors import Actor
from shugang.kernel.errors import not_found
from shugang.policy.text import Text

from .models import CheckRun, CrossCheck, Discrepancy
from .services import CHECK, RUN

LINE = Text("这条差异", "difference")
KINDS: dict[str, Text] = {
    "different": Text("不一致", "Different"),
    "near": Text("相近", "Near"),
    "missing": Text("一方缺失", "Missing at one"),
    "absent": Text("只在部分来源", "Not at every source"),
    "repeated": Text("同源重复", "Repeated in one source"),
    "invalid": Text("不合校验规则", "Fails its rule"),
}


def checks(actor: Actor) -> QuerySet[CrossCheck]:
    return CrossCheck.objects.visible_to(actor).select_related("party").annotate(times=Count("runs"))


def get_check(actor: Actor, number: str) -> CrossCheck:
    """Raises Refusal `not_found`."""
    found = checks(actor).filter(number=number).first()
    if found is None:
        raise not_found(CHECK)
    return found


def runs(actor: Actor, check: str = "") -> QuerySet[CheckRun]:
    rows = CheckRun.objects.visible_to(actor).select_related("check_of__party", "person")
    return rows.filter(check_of__number=check) if check else rows


def get_run(actor: Actor, number: str) -> CheckRun:
    """Raises Refusal `not_found`."""
    found = runs(actor).filter(number=number).first()
    if found is None:
        raise not_found(RUN)
    return found


def lines(actor: Actor, run: CheckRun, kind: str = "", element: str = "") -> QuerySet[Discrepancy]:
    rows = Discrepancy.objects.visible_to(actor).filter(run=run)
    rows = rows.filter(kind=kind) if kind else rows
    return rows.filter(element=element) if element else rows


def get_line(actor: Actor, run: CheckRun, position: int) -> Discrepancy:
    """Raises Refusal `not_found`."""
    found = lines(actor, run).filter(position=position).first()
    if found is None:
        raise not_found(LINE)
    return found


def counted(actor: Actor, run: CheckRun) -> list[tuple[str, str, int]]:
    """(kind, element, lines kept) of a run."""
    rows = lines(actor, run).values_list("kind", "element").annotate(n=Count("pk")).order_by("kind", "element")
    return [(kind, element, n) for kind, element, n in rows]


def check_json(row: CrossCheck) -> dict[str, Any]:
    return {
        "number": row.number,
        "name": row.name,
        "datasets": row.datasets,
        "digest": row.digest,
        "created_at": row.created_at.isoformat(),
    }


def run_json(row: CheckRun) -> dict[str, Any]:
    return {
        "number": row.number, "check": row.check_of.number, "versions": row.versions, "state": row.state, "stage": row.stage, "done": row.done,
        "total": row.total, "refusal": row.refusal, "result": row.result, "digest": row.digest, "ordered_at": row.ordered_at.isoformat(),
        "finished_at": row.finished_at.isoformat() if row.finished_at else None,
    }  # fmt: skip


def line_json(row: Discrepancy) -> dict[str, Any]:
    return {
        "position": row.position, "kind": row.kind, "element": row.element, "key": row.key, "values": row.values, "rows": row.rows,
        "stands": row.stands, "blamed": row.blamed, "reason": row.reason, **row.more,
    }  # fmt: skip
