"""Agreements on the desk: the list, a new one from a template, one to read and sign, its downloads."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_GET, require_http_methods

from shugang.kernel import paging
from shugang.kernel import queries as cases
from shugang.kernel.errors import Refusal, not_found
from shugang.kernel.forms import Field
from shugang.policy.codec import canonical
from shugang.policy.text import Text
from shugang.ui import language
from shugang.ui.exports import csv_response

from ..contracts import templates
from ..contracts.amendment_pages import download
from ..contracts.composing import compose, title_of
from ..contracts.process import SIGN
from ..contracts.queries import own_custody
from ..http import form_state, member, once, revision_of, status_of
from . import documents, fusing, queries, services
from .drafting import OFFERED
from .models import Agreement
from .process import AGREEMENT

HEADER = (
    Text("编号", "Number"),
    Text("合同", "Agreement"),
    Text("各方", "Parties"),
    Text("状态", "State"),
    Text("止期", "Until"),
)
OTHERS = Field("others", "textarea", Text("其他各方的机构编号", "Numbers of the other parties"),
               Text("每行一个；机构编号在机构的公开页上。", "One a line; a party's number stands on its public page."), max_length=400)  # fmt: skip
MINE = Field("mine", "choice", Text("本机构是", "We are"), choices=(("client", Text("甲方（委托方）", "the first side (client)")),
             ("other", Text("乙方（受托方、中介方）", "the second side (processor, broker)"))))  # fmt: skip
DATASET = Field("dataset", "text", Text("交给乙方处理的数据集编号", "Number of the data set to process"),
                Text("可不填。填写后，合同生效时为乙方签发只供处理的授权，合同终止即停止。",
                     "Optional: a grant for processing alone is issued when in force, and ends with the agreement."),
                required=False, max_length=40)  # fmt: skip
_STATES = {s.name: s for s in AGREEMENT.states}


@require_GET
def agreement_list(request: HttpRequest) -> HttpResponse:
    actor = member(request)
    state = request.GET.get("state", "") if request.GET.get("state", "") in _STATES else ""
    rows = queries.agreements(actor, state)
    if request.GET.get("format") == "csv":
        lines = (
            [a.number, title_of(a.content), "；".join(p["name"] for p in a.content["parties"]), _STATES[a.case.state].label, a.until]
            for a in rows[:10_000]
        )  # fmt: skip
        return csv_response("agreements", HEADER, lines)
    page = paging.page(rows, request.GET.get("after", ""))
    segments = [
        (Text("全部", "All"), "?", not state),
        *((s.label, f"?state={n}", state == n) for n, s in _STATES.items()),
    ]
    context = {
        "page": page, "rows": [(a, title_of(a.content), _STATES[a.case.state]) for a in page.items], "segments": segments,
        "state": state, "offered": [templates.load(code) for code in OFFERED],
    }  # fmt: skip
    return render(request, "market/agreement_list.html", context)


def _fields(template: templates.Template) -> list[Field]:
    two = len(template.data["sides"]) == 2
    head = [OTHERS, *([MINE] if two else []), *([DATASET] if template.code == "processing" else [])]
    return [*head, *template.form.fields]


@require_http_methods(["GET", "POST"])
def new(request: HttpRequest, code: str) -> HttpResponseBase:
    actor = member(request)
    if code not in OFFERED:
        raise not_found(Text("这个合同模板", "contract template"))
    template = templates.load(code)
    fields = _fields(template)
    values: dict[str, Any] = {**template.defaults, "mine": "client"}
    refusal: Refusal | None = None
    if request.method == "POST":
        values = {f.name: f.name in request.POST if f.kind == "bool" else request.POST.get(f.name, "") for f in fields}
        answers = {f.name: values[f.name] for f in template.form.fields}
        try:
            made = once(request, values, lambda: {"number": services.propose(
                actor, code, values["others"].split(), answers, client=values.get("mine", "client") == "client",
                dataset=values.get("dataset", "").strip()).number})  # fmt: skip
            return redirect("agreement", number=made["number"])
        except Refusal as error:
            refusal = error
    context = {
        "title": template.title, "lead": Text(f"{template.data['model']['zh']}。", f"{template.data['model']['en']}."),
        "effects": [("file-text", Text("生成合同文本，各方看到同一份", "The text is made, the same for all")),
                    ("signature", Text("各方的“签署”岗位都签署后生效", "In force once a signer of every party has signed"))],
        "fields": fields, "values": values, "action_url": request.path, "verb": Text("生成合同", "Draw it up"),
        "back_url": "/desk/agreements", **form_state(refusal),
    }  # fmt: skip
    return render(request, "ui/confirm.html", context, status=status_of(refusal))


def _context(request: HttpRequest, row: Agreement, refusal: Refusal | None) -> dict[str, Any]:
    actor = member(request)
    view = cases.view(row.case, actor)
    return {
        "row": row, "view": view, "title": title_of(row.content), "clauses": compose(row.content), "signatures": queries.signatures(row),
        "may_sign": any(s.name == "sign" for s in view.steps), "steps": [s for s in view.steps if s.name != "sign"],
        "fused": fusing.fused(row), "can_tie": fusing.can_tie(row, actor), "own_custody": own_custody(actor), "sign_field": SIGN.fields[0], **form_state(refusal),
    }  # fmt: skip


@require_GET
def agreement_page(request: HttpRequest, number: str) -> HttpResponse:
    row = queries.get_agreement(member(request), number)
    return render(request, "market/agreement.html", _context(request, row, None))


@require_http_methods(["POST"])
def sign(request: HttpRequest, number: str) -> HttpResponseBase:
    actor = member(request)
    row = queries.get_agreement(actor, number)
    given, read = request.POST.get("own_signature", "").strip(), request.POST.get("read", "")
    try:
        once(request, given, lambda: {
            "state": services.sign(actor, number, given, revision_of(request), read).case.state})  # fmt: skip
    except Refusal as refusal:
        return render(request, "market/agreement.html", _context(request, row, refusal), status=refusal.status)
    return redirect("agreement", number=number)


@require_http_methods(["POST"])
def tie(request: HttpRequest, number: str) -> HttpResponseBase:
    actor = member(request)
    row = queries.get_agreement(actor, number)
    product = request.POST.get("product", "").strip()
    try:
        once(request, product, lambda: {"product": fusing.tie(actor, number, product).product.number})
    except Refusal as refusal:
        return render(request, "market/agreement.html", _context(request, row, refusal), status=refusal.status)
    return redirect("agreement", number=number)


@require_GET
def agreement_json(request: HttpRequest, number: str) -> HttpResponse:
    """The exact bytes that were digested and signed."""
    row = queries.get_agreement(member(request), number)
    return download(canonical(row.content), f"{number}.json", "application/json")


@require_GET
def agreement_pdf(request: HttpRequest, number: str) -> HttpResponse:
    row = queries.get_agreement(member(request), number)
    return download(documents.pdf(row, language.is_english()), f"{number}.pdf", "application/pdf")


urlpatterns = [
    path("desk/agreements", agreement_list, name="agreements"),
    path("desk/agreements/new/<str:code>", new, name="agreement-new"),
    path("desk/agreements/<str:number>.json", agreement_json, name="agreement-json"),
    path("desk/agreements/<str:number>.pdf", agreement_pdf, name="agreement-pdf"),
    path("desk/agreements/<str:number>", agreement_page, name="agreement"),
    path("desk/agreements/<str:number>/sign", sign, name="agreement-sign"),
    path("desk/agreements/<str:number>/products", tie, name="agreement-tie"),
]
