"""Pages of grading: the matrix for everybody, the list, the grading desk, one column, inputs, lowerings, exports."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from shugang.kernel import paging
from shugang.kernel.errors import Refusal, not_found
from shugang.policy.text import Text
from shugang.ui.exports import csv_response
from shugang.ui.jinja import tx

from ..registration.http import desk_actor, once, posted
from . import lowering, matrix, pi, presenting, queries, services
from .models import ColumnGrade, Grading

HEADER = (Text("字段", "Column"), Text("类型", "Type"), Text("级别", "Level"), Text("影响对象", "Harmed"),
          Text("影响程度", "Degree"), Text("个人信息类别", "Personal information"), Text("敏感", "Sensitive"),
          Text("理由", "Reason"))  # fmt: skip


@require_GET
def matrix_page(request: HttpRequest) -> HttpResponse:
    """The matrix as a page to try: choose what would be harmed and how badly, read the result and why."""
    chosen = {o: request.GET.get(o, "") for o in matrix.OBJECTS}
    return render(request, "assets/grading_matrix.html", presenting.matrix_context(chosen))


@require_GET
def list_page(request: HttpRequest) -> HttpResponse:
    actor = desk_actor(request)
    state, search = request.GET.get("state", ""), request.GET.get("q", "").strip()[:60]
    rows = queries.gradings(actor, state if state in presenting.STATES else "")
    rows = rows.filter(queries.matching(search)) if search else rows
    page = paging.page(rows, request.GET.get("after", ""))
    return render(request, "assets/grading_list.html", presenting.list_context(actor, page, state, search))


@require_POST
def start(request: HttpRequest) -> HttpResponseBase:
    """Start grading a dataset's newest version, or the stated one."""
    actor = desk_actor(request)
    dataset, version = request.POST.get("dataset", ""), request.POST.get("version", "")
    number = int(version) if version.isdigit() else None
    answer = once(request, [dataset, version], lambda: {"case": services.open_grading(actor, dataset, number).number})
    return redirect("grading", number=answer["case"])


@require_GET
def grading_page(request: HttpRequest, number: str) -> HttpResponse:
    return _desk(request, number, None)


def _desk(request: HttpRequest, number: str, refusal: Refusal | None) -> HttpResponse:
    actor = desk_actor(request)
    grading = queries.get_grading(number, actor)
    context = presenting.grading_context(grading, actor) | {"general": refusal.message if refusal else None}
    context |= {"facts": list(services.FACTS.fields), "input_fields": list(services.INPUT.fields)}
    given = request.POST if refusal else {"scale": grading.scale, "precision_m": grading.precision_m}
    context |= {"values": given, "errors": refusal.fields if refusal else {}}
    return render(request, "assets/grading_desk.html", context, status=refusal.status if refusal else 200)


def _act(request: HttpRequest, number: str, act: Callable[[], Any], done: Text) -> HttpResponseBase:
    """One button of the desk: run once, say what was done, come back; a refusal is shown on the desk."""
    queries.get_grading(number, desk_actor(request))
    try:
        once(request, [dict(request.POST.items())], lambda: {"ok": bool(act()) or True})
    except Refusal as refusal:
        return _desk(request, number, refusal)
    messages.success(request, tx(done))
    return redirect("grading", number=number)


@require_POST
def accept(request: HttpRequest, number: str) -> HttpResponseBase:
    actor, column = desk_actor(request), request.POST.get("column", "")
    done = Text("建议已采纳，提交复核前可以撤销或修改。", "Accepted; you may undo or change it before submitting.")
    return _act(request, number, lambda: services.accept_all(actor, number, column), done)


@require_POST
def undo(request: HttpRequest, number: str) -> HttpResponseBase:
    actor, batch = desk_actor(request), request.POST.get("batch", "")
    done = Text("已撤销，字段回到待确认。", "Undone; the columns are to be confirmed again.")
    return _act(request, number, lambda: services.undo_acceptance(actor, number, batch), done)


@require_POST
def facts(request: HttpRequest, number: str) -> HttpResponseBase:
    actor = desk_actor(request)
    given = posted(request, services.FACTS.fields)
    done = Text("规模与精度已保存。", "Scale and precision are saved.")
    return _act(request, number, lambda: services.state_facts(actor, number, given), done)


@require_POST
def declare_input(request: HttpRequest, number: str) -> HttpResponseBase:
    actor = desk_actor(request)
    version = queries.get_grading(number, actor).version
    given = posted(request, services.INPUT.fields)
    done = Text("来源已申报，级别按来源继承。", "The input is declared; its level is inherited.")
    return _act(
        request, number, lambda: services.declare_input(actor, version.dataset.number, version.version, given), done
    )


def _column(grading: Grading, position: int, request: HttpRequest) -> ColumnGrade:
    rows = queries.columns(grading, desk_actor(request))
    found = next((r for r in rows if r.column.position == position), None)
    if found is None:
        raise not_found(services.COLUMN)
    return found


@require_http_methods(["GET", "POST"])
def column_page(request: HttpRequest, number: str, position: int) -> HttpResponseBase:
    """Decide one column, with the matrix beside it."""
    actor = desk_actor(request)
    grading = queries.get_grading(number, actor)
    row = _column(grading, position, request)
    values, refusal = presenting.first_answers(row), None
    if request.method == "POST":
        values = posted(request, services.DECISION.fields)
        try:
            once(
                request,
                [values],
                lambda: {"level": services.decide_column(actor, number, row.column.name, values).level},
            )
            messages.success(request, tx(Text("字段级别已确认。", "The column is graded.")))
            return redirect("grading", number=number)
        except Refusal as no:
            refusal = no
    context = presenting.column_context(grading, row, values, refusal)
    return render(request, "assets/grading_column.html", context, status=refusal.status if refusal else 200)


@require_http_methods(["GET", "POST"])
def lowering_page(request: HttpRequest, derivation: int) -> HttpResponseBase:
    """Declare a transformation of one input."""
    actor = desk_actor(request)
    edge = queries.get_derivation(derivation, actor)
    values: dict[str, Any] = {}
    refusal: Refusal | None = None
    if request.method == "POST":
        shown = [f for f in lowering.DECLARATION.fields if f.name not in {"source", "version"}]
        values = posted(request, shown)
        given = {**values, "source": str(edge.source), "version": str(edge.version)}
        try:
            answer = once(request, [given], lambda: {"case": services.declare_lowering(actor, given).number})
            return redirect("case", number=answer["case"])
        except Refusal as no:
            refusal = no
    context = presenting.lowering_context(edge, values, refusal)
    return render(request, "assets/grading_lowering.html", context, status=refusal.status if refusal else 200)


@require_GET
def as_csv(request: HttpRequest, number: str) -> HttpResponse:
    actor = desk_actor(request)
    grading = queries.get_grading(number, actor)
    rows = []
    for r in queries.columns(grading, actor):
        harmed = matrix.OBJECTS.get(r.object), matrix.DEGREES.get(r.degree)
        level = matrix.LEVELS[r.level] if r.level else None
        rows.append([r.column.name, r.column.type, level, *harmed, pi.CLASSES.get(r.pi_class),
                     Text("是", "yes") if r.sensitive else Text("否", "no"), r.reason])  # fmt: skip
    return csv_response(number, HEADER, rows)


@require_GET
def as_json(request: HttpRequest, number: str) -> HttpResponse:
    actor = desk_actor(request)
    text = json.dumps(queries.as_json(queries.get_grading(number, actor), actor), ensure_ascii=False, indent=1)
    response = HttpResponse(text, content_type="application/json; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{number}.json"'
    return response


urlpatterns = [
    path("grading", matrix_page, name="grading-matrix"),
    path("desk/grading", list_page, name="gradings"),
    path("desk/grading/start", start, name="grading-start"),
    path("desk/grading/lowering/<int:derivation>", lowering_page, name="grading-lowering"),
    path("desk/grading/<str:number>.csv", as_csv, name="grading-csv"),
    path("desk/grading/<str:number>.json", as_json, name="grading-json"),
    path("desk/grading/<str:number>", grading_page, name="grading"),
    path("desk/grading/<str:number>/accept", accept, name="grading-accept"),
    path("desk/grading/<str:number>/undo", undo, name="grading-undo"),
    path("desk/grading/<str:number>/facts", facts, name="grading-facts"),
    path("desk/grading/<str:number>/inputs", declare_input, name="grading-input"),
    path("desk/grading/<str:number>/columns/<int:position>", column_page, name="grading-column"),
]
