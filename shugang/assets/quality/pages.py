"""Pages: assessments, one report, rule sets and their editor."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from shugang.kernel import paging
from shugang.kernel.errors import Refusal
from shugang.policy.text import Text
from shugang.ui.documents import DocumentError, MissingGlyph
from shugang.ui.jinja import tx

from ..registration.http import desk_actor, new_key, once
from . import documents, presenting, queries, services, words
from .expressions import FUNCTIONS
from .kinds import KINDS
from .reading import assessable, readable


@require_GET
def home(request: HttpRequest) -> HttpResponse:
    actor = desk_actor(request)
    state = request.GET.get("state", "")
    state = state if state in words.STATES else ""
    page = paging.page(queries.assessments(actor, state), request.GET.get("after", ""))
    context = {
        "page": page, "state": state, "states": words.STATES, "percent": words.percent, "rule_states": words.RULE_STATES,
        "sets": list(queries.rule_sets(actor).order_by("-pk")[:20]), "datasets": assessable(actor),
        "mine": actor.party_id,
    }  # fmt: skip
    return render(request, "assets/quality_home.html", context)


@require_http_methods(["GET", "POST"])
def new_rules(request: HttpRequest, dataset: str) -> HttpResponseBase:
    """The editor for a new set. `suggest` fills it from a look at the data."""
    actor = desk_actor(request)
    found = readable(actor, dataset)
    name, text, refusal = found.version.dataset.name[:70], presenting.document_text(None), None
    if request.method == "POST":
        name, text = request.POST.get("name", name), request.POST.get("document", text)
        try:
            if "suggest" in request.POST:
                text = presenting.document_text(None, services.suggest(actor, dataset))
            else:
                made = once(
                    request, [name, text], lambda: {"number": services.draft_rules(actor, dataset, name, text).number}
                )
                messages.success(
                    request, tx(Text("草稿已保存，发布后可以评价。", "The draft is saved; publish it to assess."))
                )
                return redirect("quality-rules", number=made["number"])
        except Refusal as no:
            refusal = no
    return _editor(request, found.version.dataset, found.columns, name, text, refusal)


@require_http_methods(["GET", "POST"])
def edit_rules(request: HttpRequest, number: str) -> HttpResponseBase:
    actor = desk_actor(request)
    row = services.own_rules(actor, number)
    found = readable(actor, row.dataset.number)
    name, text, refusal = row.name, presenting.document_text(row), None
    if request.method == "POST":
        name, text = request.POST.get("name", name), request.POST.get("document", text)
        try:
            if "suggest" in request.POST:
                text = presenting.document_text(None, services.suggest(actor, row.dataset.number))
            else:
                once(request, [name, text], lambda: {"v": services.change_rules(actor, number, name, text).version})
                messages.success(request, tx(Text("已保存。", "Saved.")))
                return redirect("quality-rules", number=number)
        except Refusal as no:
            refusal = no
    return _editor(request, row.dataset, found.columns, name, text, refusal, row)


def _editor(
    request: HttpRequest,
    dataset: Any,
    columns: dict[str, str],
    name: str,
    text: str,
    refusal: Refusal | None,
    row: Any = None,
) -> HttpResponse:
    context = {
        "dataset": dataset, "columns": columns, "name": name, "text": text, "refusal": refusal, "row": row, "key": new_key(),
        "kinds": KINDS, "functions": FUNCTIONS,
    }  # fmt: skip
    return render(request, "assets/quality_editor.html", context, status=refusal.status if refusal else 200)


@require_GET
def rules(request: HttpRequest, number: str) -> HttpResponse:
    actor = desk_actor(request)
    versions = queries.rule_versions(actor, number)
    newest, trend = versions[0], queries.trend(actor, number)
    context = {
        "row": newest, "versions": versions, "states": words.RULE_STATES, "text": presenting.document_text(newest),
        "own": newest.party_id == actor.party_id, "published": any(v.state == "published" for v in versions),
        "key": new_key(), "trend": trend, "chart": presenting.trend_chart(trend) if len(trend) > 1 else None,
        "kinds": KINDS, "lines": presenting.set_lines(newest),
    }  # fmt: skip
    return render(request, "assets/quality_rules.html", context)


@require_POST
def publish(request: HttpRequest, number: str) -> HttpResponse:
    actor = desk_actor(request)
    once(request, ["publish"], lambda: {"v": services.publish_rules(actor, number).version})
    messages.success(request, tx(Text("已发布，这个版本不再改变。", "Published; this version never changes.")))
    return redirect("quality-rules", number=number)


@require_POST
def retire(request: HttpRequest, number: str) -> HttpResponse:
    actor = desk_actor(request)
    once(request, ["retire"], lambda: {"v": services.retire_rules(actor, number).version})
    messages.success(request, tx(Text("已停用。", "Retired.")))
    return redirect("quality-rules", number=number)


@require_POST
def order(request: HttpRequest, number: str) -> HttpResponse:
    actor = desk_actor(request)
    made = once(request, ["order"], lambda: {"number": services.order_assessment(actor, number).number})
    messages.success(
        request, tx(Text("评价已开始，完成后在本页查看。", "The assessment has begun; its result shows here."))
    )
    return redirect("quality-report", number=made["number"])


@require_GET
def report(request: HttpRequest, number: str) -> HttpResponse:
    actor = desk_actor(request)
    row = queries.get_assessment(actor, number)
    label, tone = words.STATES[row.state]
    own = row.party_id == actor.party_id
    context: dict[str, Any] = {
        "row": row,
        "label": label,
        "tone": tone,
        "stage": words.STAGES.get(row.stage),
        "key": new_key(),
        "own": own,
        "signs": own and row.state == "done" and "signer" in actor.duties and row.person_id != actor.person_id,
        "json_url": f"/desk/quality/{number}.json" if row.report else None,
        "refusal": Text(*row.refusal["message"]) if row.refusal else None,
    }
    if row.report:
        context |= {
            "facts": documents.facts(row), "verdict": presenting.verdict(row), "percent": words.percent,
            "chart": presenting.dimension_chart(row.report), "filled": presenting.filled_chart(row.report),
            "lines": presenting.rule_lines(row.report), "indicators": presenting.indicator_lines(row.report),
            "passed": documents.PASSED,
        }  # fmt: skip
    return render(request, "assets/quality_report.html", context)


@require_GET
def report_json(request: HttpRequest, number: str) -> HttpResponse:
    row = queries.get_assessment(desk_actor(request), number)
    body = {
        "number": row.number,
        "state": row.state,
        "digest": row.digest,
        "report": row.report,
        "signature": row.signature,
    }
    return JsonResponse(body, json_dumps_params={"ensure_ascii": False})


@require_GET
def report_pdf(request: HttpRequest, number: str) -> HttpResponse:
    row = queries.get_assessment(desk_actor(request), number)
    if not row.report:
        raise Refusal("not_done", Text("评价还没有完成，没有报告。", "The assessment has no report yet."), 409)
    try:
        body = documents.report_pdf(row)
    except MissingGlyph as lack:
        raise Refusal("not_printable", lack.text, 409) from None
    except DocumentError:
        raise Refusal(
            "not_printable",
            Text("报告没有印成，请稍后重试。", "The report could not be printed. Please try again."),
            409,
        ) from None
    response = HttpResponse(body, content_type="application/pdf")
    response.headers["Content-Disposition"] = f'attachment; filename="{number}.pdf"'
    return response


@require_POST
def stop(request: HttpRequest, number: str) -> HttpResponse:
    actor = desk_actor(request)
    once(request, ["stop"], lambda: {"s": services.stop_assessment(actor, number).state})
    messages.success(request, tx(Text("已停止。", "Stopped.")))
    return redirect("quality-report", number=number)


@require_POST
def confirm(request: HttpRequest, number: str) -> HttpResponse:
    actor = desk_actor(request)
    signature = request.POST.get("signature", "")[:200]
    once(request, ["confirm"], lambda: {"s": services.confirm_assessment(actor, number, signature).state})
    messages.success(request, tx(Text("已签署。", "Signed.")))
    return redirect("quality-report", number=number)


urlpatterns = [
    path("desk/quality", home, name="quality"),
    path("desk/quality/new/<str:dataset>", new_rules, name="quality-new"),
    path("desk/quality/rules/<str:number>", rules, name="quality-rules"),
    path("desk/quality/rules/<str:number>/edit", edit_rules, name="quality-edit"),
    path("desk/quality/rules/<str:number>/publish", publish, name="quality-publish"),
    path("desk/quality/rules/<str:number>/retire", retire, name="quality-retire"),
    path("desk/quality/rules/<str:number>/assess", order, name="quality-order"),
    path("desk/quality/<str:number>.json", report_json, name="quality-json"),
    path("desk/quality/<str:number>.pdf", report_pdf, name="quality-pdf"),
    path("desk/quality/<str:number>", report, name="quality-report"),
    path("desk/quality/<str:number>/stop", stop, name="quality-stop"),
    path("desk/quality/<str:number>/confirm", confirm, name="quality-confirm"),
]
