"""Pages: tickets, one ticket, the form of an objection, the board of departments."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_GET, require_http_methods

from shugang.assets.registration.http import desk_actor, new_key, once
from shugang.kernel import paging
from shugang.kernel import queries as cases
from shugang.kernel.errors import Refusal
from shugang.policy.text import Text
from shugang.ui.exports import csv_response
from shugang.ui.jinja import tx

from . import presenting, queries, services
from .process import RECTIFICATION


@require_GET
def listed(request: HttpRequest) -> HttpResponse:
    actor = desk_actor(request)
    state, origin = request.GET.get("state", "open")[:10], request.GET.get("origin", "")
    state, origin = state if state in ("open", "closed") else "all", origin if origin in queries.ORIGINS else ""
    page = paging.page(queries.tickets(actor, state, origin), request.GET.get("after", ""))
    context = {
        "page": page, "state": state, "origin": origin, "origins": queries.ORIGINS, "states": {s.name: s for s in RECTIFICATION.states},
        "own": paging.page(queries.objections(actor), "").items, "sees_board": bool(actor.roles & queries.BOARD),
        "chips": [(label, f"?state={state}&origin={name}", origin == name) for name, label in queries.ORIGINS.items()],
    }  # fmt: skip
    return render(request, "publicdata/tickets.html", context)


@require_GET
def ticket(request: HttpRequest, number: str) -> HttpResponse:
    actor = desk_actor(request)
    row = queries.get_ticket(actor, number)
    view = cases.view(row.case, actor)
    context = {
        "row": row, "case": row.case, "view": view, "facts": presenting.facts(row.facts), "origins": queries.ORIGINS,
        "findings": list(row.findings.order_by("-id")[:20]), "objections": list(queries.objections_of(actor, row)[:50]),
        "clocks": list(row.case.clocks.filter(state="running").order_by("due_at")), "takes_part": cases_seen(row, actor),
        "clock_labels": {c.name: c.label for c in RECTIFICATION.clocks}, "own": presenting.may_see_dataset(actor, row),
    }  # fmt: skip
    return render(request, "publicdata/ticket.html", context)


def cases_seen(row: Any, actor: Any) -> bool:
    """An objector of a ticket that somebody else opened takes no part in its case."""
    return bool(row.case.parties.filter(party_id=actor.party_id or 0).exists())


@require_http_methods(["GET", "POST"])
def object_to(request: HttpRequest, dataset: str) -> HttpResponseBase:
    actor = desk_actor(request)
    row = services.visible_dataset(actor, dataset)
    version = row.versions.order_by("-version").first()
    values = {n: request.GET.get(n, "")[:200] for n in ("column", "key")}
    refusal: Refusal | None = None
    if request.method == "POST":
        values = {n: request.POST.get(n, "")[:1100] for n in ("column", "key", "says")}
        try:
            made = once(
                request, [dataset, values], lambda: {"n": services.object_to(actor, dataset, **values).ticket.number}
            )
            messages.success(
                request,
                tx(Text("异议已提出，数据集已加异议标注。", "Your objection is filed, and the data set is marked.")),
            )
            return redirect("rectification", number=made["n"])
        except Refusal as no:
            refusal = no
    context = {
        "dataset": row, "columns": list(version.columns.order_by("position").values_list("name", flat=True)) if version else [], "values": values,
        "errors": refusal.fields if refusal else {}, "general": refusal.message if refusal and not refusal.fields else None, "key": new_key(),
    }  # fmt: skip
    return render(request, "publicdata/objection.html", context, status=refusal.status if refusal else 200)


@require_GET
def board(request: HttpRequest) -> HttpResponse:
    lines = queries.board(desk_actor(request))
    return render(
        request, "publicdata/board.html", {"lines": lines, "chart": presenting.board_chart(lines) if lines else None}
    )


@require_GET
def board_csv(request: HttpRequest) -> HttpResponseBase:
    header = [Text("部门", "Department"), Text("未办结", "Open"), Text("已升级", "Escalated"), Text("已办结", "Closed"),
              Text("不予整改", "Rejected"), Text("发现次数", "Occurrences"), Text("中位工作日", "Median working days")]  # fmt: skip
    rows = [[x["department"], x["open"], x["escalated"], x["closed"], x["rejected"], x["occurrences"], x["median_days"] if x["median_days"] is not None else ""]
            for x in queries.board(desk_actor(request))]  # fmt: skip
    return csv_response("rectification-board", header, rows)


urlpatterns = [
    path("desk/rectification", listed, name="rectifications"),
    path("desk/rectification/board", board, name="rectification-board"),
    path("desk/rectification/board.csv", board_csv, name="rectification-board-csv"),
    path("desk/rectification/<str:number>", ticket, name="rectification"),
    path("desk/objections/new/<str:dataset>", object_to, name="objection-new"),
]
