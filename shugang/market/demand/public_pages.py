"""The public pages of demands: the list, one demand, and what an invited supplier sees of one."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.views.decorators.http import require_GET

from shugang.kernel import paging
from shugang.policy.text import Text
from shugang.ui.exports import csv_response

from ..http import visitor
from ..products.kinds import SECTORS
from . import forms, funnel, queries
from .models import Demand
from .process import DEMAND

HEADER = (
    Text("编号", "Number"),
    Text("需求", "Demand"),
    Text("需方", "Buyer"),
    Text("行业", "Sector"),
    Text("发布", "Published"),
)


@require_GET
def demand_board(request: HttpRequest) -> HttpResponse:
    actor, q = visitor(request), request.GET.get("q", "").strip()[:100]
    sector = request.GET.get("sector", "") if request.GET.get("sector", "") in SECTORS else ""
    rows = queries.public_demands(q, sector)
    if request.GET.get("format") == "csv":
        return csv_response("demands", HEADER, (
            [d.number, d.title, queries.public_name(d, actor), SECTORS[d.sector], d.published_at.date() if d.published_at else ""]
            for d in rows.order_by("-pk")[:10_000]))  # fmt: skip
    page = paging.page(rows, request.GET.get("after", ""))
    context = {
        "page": page, "q": q, "sector": sector, "sectors": queries.public_sectors(), "labels": SECTORS,
        "rows": [(d, queries.public_name(d, actor)) for d in page.items],
    }  # fmt: skip
    return render(request, "market/demand_board.html", context)


def body(demand: Demand) -> dict[str, Any]:
    """What every page shows of a demand's content."""
    state = DEMAND.state(demand.state)
    return {
        "demand": demand, "rows": forms.shown(demand.content), "state": state.label, "tone": state.tone,
        "columns": [(c["name"], c["meaning"]) for c in demand.content["columns"]],
    }  # fmt: skip


@require_GET
def demand_page(request: HttpRequest, number: str) -> HttpResponse:
    actor = visitor(request)
    demand = queries.public_demand(number, actor)
    if demand.state == "published" and actor.party_id != demand.party_id:
        funnel.seen("demand", demand.number)
    context = {
        **body(demand), "name": queries.public_name(demand, actor), "mine": actor.party_id == demand.party_id,
        "supplies": "supplier" in actor.roles,
    }  # fmt: skip
    return render(request, "market/demand.html", context)


urlpatterns = [
    path("demands", demand_board, name="demands"),
    path("demands/<str:number>", demand_page, name="demand"),
]
