"""Pages of the desk: engagements, the working paper with its live result, the report, exports. Book cost: `book_pages.py`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from shugang.kernel import paging
from shugang.kernel.errors import Refusal, not_found
from shugang.policy.text import Text
from shugang.ui.exports import csv_response
from shugang.ui.jinja import tx

from ..registration.http import desk_actor, new_key, once, posted
from . import book_pages, documents, guards, presenting, queries, services, working
from .form import ENGAGEMENT, PAPER
from .models import Appraisal, WorkingPaper
from .process import APPRAISAL

STATES = {s.name: s for s in APPRAISAL.states}


@require_GET
def appraisal_list(request: HttpRequest) -> HttpResponse:
    actor = desk_actor(request)
    state = request.GET.get("state", "")
    rows = queries.appraisals(actor)
    if state in STATES:
        rows = rows.filter(case__state=state)
    page = paging.page(rows, request.GET.get("after", ""))
    context = {
        "page": page,
        "states": STATES,
        "state": state if state in STATES else "",
        "assets": queries.assets_to_appraise(actor),
    }
    return render(request, "assets/appraisal_list.html", context)


@require_http_methods(["GET", "POST"])
def engage(request: HttpRequest, asset: str) -> HttpResponseBase:
    actor = desk_actor(request)
    row = queries.own_asset(asset, actor)
    values: dict[str, Any] = {}
    refusal: Refusal | None = None
    if request.method == "POST":
        values = posted(request, ENGAGEMENT.fields)
        appraiser = request.POST.get("appraiser", "")
        try:
            made = once(
                request, [values, appraiser], lambda: {"case": services.engage(actor, asset, appraiser, values).number}
            )
            messages.success(
                request, tx(Text("委托已发出，等待评估机构接受。", "Sent; the appraiser will accept or decline."))
            )
            return redirect("appraisal", number=made["case"])
        except Refusal as no:
            refusal, values = no, {**values, "appraiser": appraiser}
    context = presenting.engage_context(row, values, refusal, new_key())
    return render(request, "assets/appraisal_engage.html", context, status=refusal.status if refusal else 200)


@require_GET
def appraisal(request: HttpRequest, number: str) -> HttpResponse:
    actor = desk_actor(request)
    found = queries.get_appraisal(number, actor)
    return render(request, "assets/appraisal.html", presenting.appraisal_context(found, actor))


def _own_work(request: HttpRequest, number: str) -> Appraisal:
    """The appraisal as its appraiser sees it while he works on it."""
    actor = desk_actor(request)
    found = queries.get_appraisal(number, actor)
    if found.appraiser_id != actor.party_id or "handler" not in actor.duties or found.case.state != "working":
        raise not_found(Text("这份底稿，或它现在不能修改", "such paper, or it cannot be changed now"))
    return found


@require_http_methods(["GET", "POST"])
def editor(request: HttpRequest, number: str) -> HttpResponseBase:
    """The working paper: every question on one page, the result beside it."""
    actor = desk_actor(request)
    found = _own_work(request, number)
    paper = queries.paper_of(found, actor)
    values: dict[str, Any] = dict(paper.form) if paper else {}
    refusal: Refusal | None = None
    if request.method == "POST":
        values = posted(request, PAPER.fields)
        base = request.POST.get("version", "")
        try:
            once(request, [values, base], lambda: {
                "version": services.save_paper(actor, number, values, int(base) if base.isdigit() else None).version})  # fmt: skip
            messages.success(request, tx(Text("底稿已保存为新的一版。", "Saved as a new version.")))
            return redirect("appraisal-paper", number=number)
        except Refusal as no:
            refusal = no
    context = presenting.editor_context(found, paper, values, refusal, new_key())
    return render(request, "assets/appraisal_paper.html", context, status=refusal.status if refusal else 200)


@require_POST
def preview(request: HttpRequest, number: str) -> HttpResponse:
    """The result of what stands in the form, saved nowhere."""
    found = _own_work(request, number)
    values = posted(request, PAPER.fields)
    try:
        checked, result = services.computed(values, found.base_date, guards.rules_of(found.case))
    except Refusal as no:
        context = {"errors": no.fields, "general": no.message, "specs": PAPER.fields, "result": None}
        return render(request, "assets/appraisal_preview.html", context, status=no.status)
    context = {"errors": {}, "general": None, "specs": PAPER.fields, **presenting.result_context(result, checked)}
    return render(request, "assets/appraisal_preview.html", context)


def _paper(request: HttpRequest, number: str) -> tuple[Appraisal, WorkingPaper]:
    actor = desk_actor(request)
    found = queries.get_appraisal(number, actor)
    paper = queries.paper_of(found, actor)
    if paper is None:
        raise not_found(Text("这份底稿", "such working paper"))
    return found, paper


def paper_json(found: Appraisal, paper: WorkingPaper) -> dict[str, Any]:
    return {
        "case": found.case.number, "report": found.number, "base_date": found.base_date, "version": paper.version,
        "digest": paper.digest, "saved_at": paper.saved_at, "form": paper.form, "result": paper.result,
    }  # fmt: skip


@require_GET
def paper_as_json(request: HttpRequest, number: str) -> JsonResponse:
    return JsonResponse(paper_json(*_paper(request, number)), json_dumps_params={"ensure_ascii": False})


def _csv_rows(paper: WorkingPaper) -> Iterator[list[Any]]:
    """Answers, then the tables of the working, each under its title."""
    yield from ([label, value] for label, value in working.answer_rows(paper.form))
    tables = [*working.method_tables(paper.result).values(), working.conclusion_table(paper.result)]
    if study := paper.result["uncertainty"]:
        tables += working.uncertainty_tables(study)
    for table in tables:
        yield []
        yield [table.title]
        yield from ([label, _plain(value)] for label, value in table.facts)
        yield [label for label, _ in table.columns]
        yield from ([_plain(cell) for cell in line] for line in table.lines)


def _plain(cell: Any) -> Any:
    return cell.replace("¥", "") if isinstance(cell, str) else cell


@require_GET
def paper_as_csv(request: HttpRequest, number: str) -> HttpResponse:
    _, paper = _paper(request, number)
    header = (Text("项目", "Item"), Text("内容", "Content"))
    return csv_response(f"appraisal-{number}", header, _csv_rows(paper))


@require_GET
def report_pdf(request: HttpRequest, number: str) -> HttpResponse:
    """The signed report; client and appraiser only."""
    found = queries.get_appraisal(number, desk_actor(request))
    data = documents.read(found)
    if data is None:
        raise not_found(
            Text("报告文件；它在下一个检查点签名后出具", "report file; it follows the next signed checkpoint")
        )
    response = HttpResponse(data, content_type="application/pdf")
    response.headers["Content-Disposition"] = f'attachment; filename="{found.number}.pdf"'
    return response


urlpatterns = [
    path("desk/appraisals", appraisal_list, name="appraisals"),
    path("desk/appraisals/new/<str:asset>", engage, name="appraisal-engage"),
    path("desk/appraisals/<str:number>", appraisal, name="appraisal"),
    path("desk/appraisals/<str:number>/paper", editor, name="appraisal-paper"),
    path("desk/appraisals/<str:number>/paper/preview", preview, name="appraisal-preview"),
    path("desk/appraisals/<str:number>/paper.json", paper_as_json, name="appraisal-paper-json"),
    path("desk/appraisals/<str:number>/paper.csv", paper_as_csv, name="appraisal-paper-csv"),
    path("desk/appraisals/<str:number>/report.pdf", report_pdf, name="appraisal-report"),
    *book_pages.urlpatterns,
]
