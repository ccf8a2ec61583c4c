"""Pages: checks, one check, one run with its lines and map, one line side by side, the export."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from shugang.assets.quality.reading import assessable
from shugang.assets.registration.http import desk_actor, new_key, once
from shugang.kernel import paging
from shugang.kernel.actors import Actor
from shugang.kernel.errors import Refusal
from shugang.policy.text import Text
from shugang.ui.exports import csv_response
from shugang.ui.jinja import tx

from . import plan, presenting, queries, services
from .elements import KINDS
from .models import CheckRun

MOST_PLACES = 500


@require_GET
def home(request: HttpRequest) -> HttpResponse:
    actor = desk_actor(request)
    page = paging.page(queries.checks(actor), request.GET.get("after", ""))
    recent = list(queries.runs(actor).order_by("-pk")[:8])
    return render(request, "publicdata/crosschecks.html", {"page": page, "recent": recent, "states": presenting.STATES})


@require_http_methods(["GET", "POST"])
def declare(request: HttpRequest) -> HttpResponseBase:
    actor = desk_actor(request)
    services.require_checker(actor)
    name, text = "", presenting.example()
    refusal: Refusal | None = None
    if request.method == "POST":
        name, text = request.POST.get("name", "")[:100], request.POST.get("document", "")
        try:
            made = once(request, [name, text], lambda: {"n": services.declare_check(actor, name, text).number})
            messages.success(request, tx(Text("校核已声明，可以开始。", "The check is declared and can be run.")))
            return redirect("crosscheck", number=made["n"])
        except Refusal as no:
            refusal = no
    context = {
        "name": name, "text": text, "errors": refusal.fields if refusal else {}, "general": refusal.message if refusal and not refusal.fields else None,
        "key": new_key(), "kinds": KINDS, "strategies": plan.STRATEGIES, "datasets": [d for d, _ in assessable(actor)][:50],
    }  # fmt: skip
    return render(request, "publicdata/crosscheck_new.html", context, status=refusal.status if refusal else 200)


@require_GET
def check(request: HttpRequest, number: str) -> HttpResponse:
    actor = desk_actor(request)
    row = queries.get_check(actor, number)
    page = paging.page(queries.runs(actor, number), request.GET.get("after", ""))
    context = {
        "row": row, "page": page, "states": presenting.STATES, "key": new_key(), "facts": presenting.plan_rows(row.document),
        "compared": presenting.compare_rows(row.document), "labels": presenting.labels(row.document), "own": row.party_id == actor.party_id,
        "active": any(r.active for r in page.items),
    }  # fmt: skip
    return render(request, "publicdata/crosscheck.html", context)


@require_POST
def order(request: HttpRequest, number: str) -> HttpResponse:
    actor = desk_actor(request)
    made = once(request, ["order"], lambda: {"n": services.order_run(actor, number).number})
    messages.success(request, tx(Text("校核已开始，在后台进行。", "The check has begun and runs in the background.")))
    return redirect("crosscheck-run", number=made["n"])


@require_POST
def stop(request: HttpRequest, number: str) -> HttpResponse:
    actor = desk_actor(request)
    once(request, ["stop"], lambda: {"s": services.stop_run(actor, number).state})
    messages.success(request, tx(Text("已停止。", "Stopped.")))
    return redirect("crosscheck-run", number=number)


@require_GET
def run(request: HttpRequest, number: str) -> HttpResponse:
    actor = desk_actor(request)
    row = queries.get_run(actor, number)
    label, tone = presenting.STATES[row.state]
    kind, element = request.GET.get("kind", ""), request.GET.get("element", "")[:30]
    found = queries.lines(actor, row, kind if kind in queries.KINDS else "", element)
    context: dict[str, Any] = {
        "row": row, "label": label, "tone": tone, "stage": presenting.STAGES.get(row.stage), "key": new_key(), "kinds": queries.KINDS,
        "own": row.check_of.party_id == actor.party_id, "refusal": Text(*row.refusal["message"]) if row.refusal else None,
    }  # fmt: skip
    if row.result:
        document = row.check_of.document
        places = list(queries.lines(actor, row).exclude(element="").order_by("position")[:MOST_PLACES])
        context |= {
            "page": paging.page(found, request.GET.get("after", "")), "overlaps": presenting.overlap_chart(row), "labels": presenting.labels(document),
            "verdicts": presenting.verdict_chart(row) if row.result["attributes"] else None, "map": presenting.map_of(row, places),
            "kind": kind, "element": element, "chips": _chips(actor, row, kind, element), "copies": any(s.get("origin") for s in document["sources"]),
            "element_label": lambda name: presenting.element_label(document, name),
        }  # fmt: skip
    return render(request, "publicdata/crosscheck_run.html", context)


def _chips(actor: Actor, row: CheckRun, kind: str, element: str) -> list[tuple[str, str, bool]]:
    """A filter for every kind and element that has lines."""
    chips = []
    for k, e, n in queries.counted(actor, row):
        name = presenting.element_label(row.check_of.document, e) if e else ""
        chips.append(
            (
                f"{tx(queries.KINDS[k])}{' · ' + name if name else ''} {n}",
                f"?kind={k}&element={e}",
                (k, e) == (kind, element),
            )
        )
    return chips


@require_GET
def line(request: HttpRequest, number: str, position: int) -> HttpResponse:
    actor = desk_actor(request)
    row = queries.get_line(actor, queries.get_run(actor, number), position)
    places = presenting.map_of(row.run, [row])
    context = {
        "row": row, "run": row.run, "sides": presenting.sides(row), "why": presenting.why(row), "kind": queries.KINDS[row.kind], "map": places,
        "element_label": presenting.element_label(row.run.check_of.document, row.element) if row.element else "",
        "votes": row.reason["votes"] if row.reason else {},
    }  # fmt: skip
    return render(request, "publicdata/crosscheck_line.html", context)


@require_GET
def export(request: HttpRequest, number: str) -> HttpResponseBase:
    actor = desk_actor(request)
    row = queries.get_run(actor, number)
    names = presenting.labels(row.check_of.document)
    header = [Text("种类", "Kind"), Text("元素", "Element"), Text("键", "Key"), *(Text(v, v) for v in names.values()), Text("采信", "Stands"),
              Text("请核对", "Asked to look"), Text("理由", "Reason")]  # fmt: skip
    body = [
        [queries.KINDS[x.kind], x.element, x.key, *(x.values.get(n) or "" for n in names), names.get(x.stands, ""),
         tx(Text("、", ", ")).join(names[b] for b in x.blamed), " ".join(tx(w) for w in presenting.why(x))]
        for x in queries.lines(actor, row).order_by("position")
    ]  # fmt: skip
    return csv_response(f"crosscheck-{number}", header, body)


urlpatterns = [
    path("desk/crosscheck", home, name="crosschecks"),
    path("desk/crosscheck/new", declare, name="crosscheck-new"),
    path("desk/crosscheck/runs/<str:number>.csv", export, name="crosscheck-csv"),
    path("desk/crosscheck/runs/<str:number>", run, name="crosscheck-run"),
    path("desk/crosscheck/runs/<str:number>/stop", stop, name="crosscheck-stop"),
    path("desk/crosscheck/runs/<str:number>/<int:position>", line, name="crosscheck-line"),
    path("desk/crosscheck/<str:number>", check, name="crosscheck"),
    path("desk/crosscheck/<str:number>/run", order, name="crosscheck-order"),
]
