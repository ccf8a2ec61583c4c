"""For everybody: the scenario catalogue, the development-data catalogue, and calls with their answers."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import path
from django.views.decorators.http import require_GET, require_http_methods

from shugang.kernel import paging
from shugang.market.http import member, visitor
from shugang.policy.text import Text
from shugang.ui.exports import csv_response

from . import forms, queries, services
from .kinds import CLASSES, SUBJECTS
from .models import ClassApproval
from .process import CALLING

DATA_HEADER = (
    Text("目录", "Resource"),
    Text("部门", "Department"),
    Text("信息项", "Items"),
    Text("依据", "Basis"),
    Text("主体类别", "Kinds of subjects"),
)
_STATES = {s.name: s for s in CALLING.states}


def data_of(row: ClassApproval) -> list[tuple[Any, list[str]]]:
    return [(r, row.fields[r.number]) for r in row.resources.select_related("department").order_by("id")]


@require_GET
def catalogue(request: HttpRequest) -> HttpResponse:
    page = paging.page(queries.public_classes(), request.GET.get("after", ""))
    context = {
        "page": page, "classes": CLASSES, "subjects": SUBJECTS, "applications": queries.public_applications()[:50],
        "calls": queries.public_calls().filter(case__state="open")[:5],
    }  # fmt: skip
    return render(request, "publicdata/scenario_catalogue.html", context)


@require_GET
def one_class(request: HttpRequest, number: str) -> HttpResponse:
    from .pages import facts_of

    row, actor = queries.public_class(number), visitor(request)
    context = {
        "row": row, "facts": facts_of(row), "resources": data_of(row), "develops": bool(actor.roles & {"supplier", "buyer"}),
        "applications": queries.public_applications().filter(approval=row),
    }  # fmt: skip
    return render(request, "publicdata/scenario_public.html", context)


@require_GET
def development(request: HttpRequest) -> HttpResponse:
    rows = queries.public_development()
    if request.GET.get("format") == "csv":
        return csv_response("development-data", DATA_HEADER, (
            [r["resource"].name, r["resource"].department.name, "、".join(r["items"]),
             r["approval"].number if r["approval"] else r["operation"].number,
             "、".join(SUBJECTS[s].zh for s in r["approval"].subjects) if r["approval"] else ""] for r in rows))  # fmt: skip
    return render(request, "publicdata/development_data.html", {"rows": rows, "subjects": SUBJECTS, "classes": CLASSES})


@require_GET
def calls(request: HttpRequest) -> HttpResponse:
    page = paging.page(queries.public_calls(), request.GET.get("after", ""))
    return render(request, "publicdata/scenario_calls.html", {"page": page, "classes": CLASSES, "states": _STATES})


@require_GET
def call(request: HttpRequest, number: str) -> HttpResponse:
    row, actor = queries.public_call(number), visitor(request)
    context = {
        "row": row, "label": CLASSES[row.scenario_class], "state": _STATES[row.case.state], "acts": actor.party_id is not None,
        "clock": row.case.clocks.filter(state="running").first(), "proposals": queries.proposals(actor, row) if actor.party_id else [],
    }  # fmt: skip
    return render(request, "publicdata/scenario_call_public.html", context)


@require_http_methods(["GET", "POST"])
def propose(request: HttpRequest, number: str) -> HttpResponseBase:
    from .pages import fill

    actor = member(request)
    row = queries.public_call(number)

    def act(values: dict[str, Any]) -> str:
        services.propose(actor, number, values)
        return number

    words = {
        "title": Text("应征场景", "Propose a scenario"), "lead": row.case.title, "verb": Text("提交", "Submit"), "back_url": f"/scenario-calls/{number}",
        "effects": [("messages", Text("主管部门答复是否采纳", "The data office answers whether it is adopted"))],
    }  # fmt: skip
    return fill(request, forms.PROPOSAL, words, act, "public-scenario-call")


urlpatterns = [
    path("scenarios", catalogue, name="scenario-catalogue"),
    path("scenarios/<str:number>", one_class, name="public-scenario"),
    path("development-data", development, name="development-data"),
    path("scenario-calls", calls, name="public-scenario-calls"),
    path("scenario-calls/<str:number>", call, name="public-scenario-call"),
    path("scenario-calls/<str:number>/propose", propose, name="propose-scenario"),
]
