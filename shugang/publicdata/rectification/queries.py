"""Reads of tickets and objections, and the department scoreboard."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.models import QuerySet

from shugang.delivery.models import Dataset
from shugang.kernel import workdays
from shugang.kernel.actors import Actor, sees_every_record
from shugang.kernel.errors import forbidden, not_found
from shugang.policy.text import Text

from .models import Objection, Ticket
from .process import RECTIFICATION

BOARD = frozenset({"department", "data_office"})
TICKET = Text("这张整改单", "ticket")
ORIGINS: dict[str, Text] = {
    "objection": Text("异议", "Objection"),
    "quality": Text("质量规则", "Quality rule"),
    "crosscheck": Text("多源校核", "Cross-check"),
}


def tickets(actor: Actor, state: str = "", origin: str = "") -> QuerySet[Ticket]:
    """`state`: open, closed or "" for all."""
    rows = Ticket.objects.visible_to(actor).select_related("case", "dataset", "department")
    if state in ("open", "closed"):
        rows = rows.filter(open=state == "open")
    return rows.filter(origin=origin) if origin else rows


def get_ticket(actor: Actor, number: str) -> Ticket:
    """Raises Refusal `not_found`."""
    found = tickets(actor).select_related("case__profile", "office").filter(case__number=number).first()
    if found is None:
        raise not_found(TICKET)
    return found


def objections_of(actor: Actor, ticket: Ticket) -> QuerySet[Objection]:
    return Objection.objects.visible_to(actor).filter(ticket=ticket).select_related("party").order_by("id")


def objections(actor: Actor) -> QuerySet[Objection]:
    """Those that the actor's party filed."""
    rows = Objection.objects.visible_to(actor).filter(party_id=actor.party_id or 0)
    return rows.select_related("dataset", "ticket__case")


def public_marks(datasets: Iterable[int]) -> dict[int, dict[str, Any]]:
    """异议标注 of each data set that has one: how many open objections, since when, about which columns. Never what they say,
    nor whose they are."""
    rows = Objection.objects.filter(dataset_id__in=list(datasets), ended_at__isnull=True).order_by("filed_at")
    found: dict[int, dict[str, Any]] = {}
    for row in rows:
        mark = found.setdefault(row.dataset_id, {"objections": 0, "since": row.filed_at, "columns": set()})
        mark["objections"] += 1
        mark["columns"].add(row.column)
    return {pk: {**mark, "columns": sorted(mark["columns"])} for pk, mark in found.items()}


def public_mark(dataset: Dataset) -> dict[str, Any] | None:
    return public_marks([dataset.pk]).get(dataset.pk)


def public_mark_of(number: str) -> dict[str, Any] | None:
    """By the number of a data set that the public catalogue shows; None for others, as if there were none."""
    row = Dataset.objects.filter(number=number, public_resources__state="published").first()
    return public_mark(row) if row else None


def board(actor: Actor) -> list[dict[str, Any]]:
    """For each department: open, escalated, closed, rejected, and working days from opening to closing.

    Raises Refusal `forbidden`: the board is for departments, the data office and the supervisor.
    """
    if not (actor.roles & BOARD or sees_every_record(actor)):
        raise forbidden("整改考核只向部门和数据主管部门公开。", "The board is for departments and the data office.")
    lines: dict[int, dict[str, Any]] = {}
    for row in Ticket.objects.select_related("department", "case").order_by("department_id"):
        line = lines.setdefault(row.department_id, {
            "department": row.department.name, "number": row.department.number, "open": 0, "escalated": 0, "closed": 0, "rejected": 0,
            "occurrences": 0, "days": [],
        })  # fmt: skip
        line["occurrences"] += row.occurrences
        line["escalated"] += row.escalated_at is not None
        if row.open:
            line["open"] += 1
        elif row.closed_at is not None:
            line["rejected" if row.case.state == "rejected" else "closed"] += 1
            line["days"].append(workdays.working_days_left(row.opened_at, row.closed_at))
    for line in lines.values():
        days = sorted(line.pop("days"))
        line["median_days"] = days[len(days) // 2] if days else None
        settled = line["closed"] + line["rejected"]
        line["on_time"] = round(100 * (1 - line["escalated"] / (settled + line["open"])))
    return sorted(lines.values(), key=lambda x: (-x["open"], x["department"]))


def ticket_json(row: Ticket) -> dict[str, Any]:
    state = RECTIFICATION.state(row.case.state)
    return {
        "number": row.number, "origin": row.origin, "rule": row.rule, "dataset": row.dataset.number, "department": row.department.number,
        "state": row.case.state, "state_label": state.label.zh, "occurrences": row.occurrences, "found_in": row.found_in,
        "rechecked": row.rechecked, "recheck": row.recheck, "facts": row.facts, "opened_at": row.opened_at.isoformat(),
        "escalated_at": row.escalated_at.isoformat() if row.escalated_at else None, "open": row.open,
    }  # fmt: skip


def mark_json(mark: dict[str, Any] | None) -> dict[str, Any]:
    if mark is None:
        return {"objections": 0, "since": None, "columns": []}
    return {**mark, "since": mark["since"].isoformat()}
