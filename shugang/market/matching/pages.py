"""Matches of one's own demand, with why not; demands that one's own products meet."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.views.decorators.http import require_GET

from shugang.kernel import paging
from shugang.policy.text import Text
from shugang.ui.exports import csv_response

from ..demand import queries as demands
from ..http import member
from ..products import pricing
from . import queries
from .models import Match

HEADER = (Text("产品", "Product"), Text("供方", "Supplier"), Text("得分", "Score"), Text("说明", "Why"))


def shown(match: Match) -> dict[str, Any]:
    return {
        "match": match, "percent": round(match.score / 100), "lines": queries.lines(match), "reasons": queries.reasons(match),
        "price": pricing.headline(match.product.plan),
    }  # fmt: skip


def _csv(match: Match) -> list[Any]:
    said = [
        Text(
            f"{line['label'].zh} {line['percent']}%：{line['why'].zh}",
            f"{line['label'].en} {line['percent']}%: {line['why'].en}",
        )
        for line in queries.lines(match)
    ]
    said += [Text(f"未通过：{t.zh}", f"Stopped: {t.en}") for t in queries.reasons(match)]
    return [
        match.product.name,
        match.product.supplier.name,
        f"{match.score / 100:.0f}%",
        Text(" ".join(t.zh for t in said), " ".join(t.en for t in said)),
    ]


@require_GET
def matches(request: HttpRequest, number: str) -> HttpResponse:
    actor = member(request)
    demand = demands.get_demand(actor, number)
    found, stopped = queries.of_demand(demand.pk, actor), queries.of_demand(demand.pk, actor, passes=False)
    if request.GET.get("format") == "csv":
        return csv_response("matches", HEADER, (_csv(m) for m in [*found, *stopped]))
    rules = found[0].rules if found else stopped[0].rules if stopped else None
    context = {
        "demand": demand, "found": [shown(m) for m in found], "stopped": [shown(m) for m in stopped], "waits": queries.waits(number),
        "rules": rules, "may": demand.party_id == actor.party_id and demand.state == "published",
    }  # fmt: skip
    return render(request, "market/matches.html", context)


@require_GET
def met_demands(request: HttpRequest) -> HttpResponse:
    actor = member(request)
    rows = queries.for_supplier(actor)
    if request.GET.get("format") == "csv":
        header = (Text("需求", "Demand"), Text("需方", "Buyer"), *HEADER[:1], *HEADER[2:])
        return csv_response("demands", header, (
            [m.demand.title, demands.public_name(m.demand, actor), _csv(m)[0], *_csv(m)[2:]] for m in rows.select_related("product__supplier")[:10_000]))  # fmt: skip
    page = paging.page(rows, request.GET.get("after", ""))
    context = {"page": page, "rows": [(shown(m), demands.public_name(m.demand, actor)) for m in page.items]}
    return render(request, "market/met_demands.html", context)


urlpatterns = [
    path("desk/demands/<str:number>/matches", matches, name="matches"),
    path("desk/met-demands", met_demands, name="met-demands"),
]
