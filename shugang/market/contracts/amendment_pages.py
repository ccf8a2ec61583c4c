"""Pages of amendments: propose one, read and sign it, its downloads; and the notice of breach."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_GET, require_http_methods

from shugang.kernel import queries as cases
from shugang.kernel.errors import Refusal
from shugang.kernel.forms import Field
from shugang.policy.codec import canonical
from shugang.policy.text import Text
from shugang.ui import language

from ..http import form_state, member, once, revision_of, status_of
from ..products import editor, editor_values, plan_form
from ..trade.pages import offered_columns, scope_columns
from . import documents, queries, services
from .models import Amendment, Contract
from .process import SIGN


@require_http_methods(["GET", "POST"])
def amend(request: HttpRequest, number: str) -> HttpResponseBase:
    """Propose an amendment in the editor of terms and price; answers that are not shown stay as they are."""
    actor = member(request)
    contract = queries.get_contract(actor, number)
    fields = queries.amendable(contract)
    columns, extra = offered_columns(contract.product), scope_columns(contract.product)
    if request.method == "GET":
        values = {
            **editor_values.from_terms(contract.terms, columns), **plan_form.from_plan(contract.plan), **contract.answers,
        }  # fmt: skip
        return _form(request, contract, fields, values, None)
    answers = {f.name: f.name in request.POST if f.kind == "bool" else request.POST.get(f.name, "") for f in fields}
    values = {**editor_values.from_post(request.POST), **answers, "reason": request.POST.get("reason", "")}
    try:
        terms = editor.read_terms(request.POST, columns, contract.terms, extra)
        plan = plan_form.read_plan(request.POST)
        made = once(request, values, lambda: {"number": services.propose_amendment(
            actor, number, values["reason"], terms=terms.to_json(), plan=plan.to_json(), answers=answers).number})  # fmt: skip
    except Refusal as refusal:
        return _form(request, contract, fields, values, refusal)
    return redirect("amendment", number=made["number"])


def _form(
    request: HttpRequest, contract: Contract, fields: list[Field], values: dict[str, Any], refusal: Refusal | None
) -> HttpResponse:
    columns = offered_columns(contract.product)
    purpose = contract.terms.purpose
    context = {
        "contract": contract, "product": contract.product, "fields": fields, "preview": None, "specs": [],
        **editor_values.context(columns, contract.product.mode, values, [purpose], scope_columns(contract.product)),
        **form_state(refusal),
    }  # fmt: skip
    return render(request, "market/amend.html", context, status=status_of(refusal))


def _context(request: HttpRequest, row: Amendment, refusal: Refusal | None) -> dict[str, Any]:
    actor = member(request)
    view = cases.view(row.case, actor)
    steps = {s.name for s in view.steps}
    content = row.content
    return {
        "row": row, "view": view, "diff": queries.amendment_diff(row), "signatures": queries.amendment_signatures(row),
        "may_sign": "sign" in steps, "may_refuse": "refuse" in steps, "own_custody": queries.own_custody(actor),
        "sign_field": SIGN.fields[0], "regrants": content["before"]["terms"] != content["after"]["terms"], **form_state(refusal),
    }  # fmt: skip


@require_GET
def amendment_page(request: HttpRequest, number: str) -> HttpResponse:
    row = queries.get_amendment(member(request), number)
    return render(request, "market/amendment.html", _context(request, row, None))


@require_http_methods(["POST"])
def sign(request: HttpRequest, number: str) -> HttpResponseBase:
    actor = member(request)
    row = queries.get_amendment(actor, number)
    given, read = request.POST.get("own_signature", "").strip(), request.POST.get("read", "")
    try:
        once(request, given, lambda: {
            "state": services.sign_amendment(actor, number, given, revision_of(request), read).state})  # fmt: skip
    except Refusal as refusal:
        return render(request, "market/amendment.html", _context(request, row, refusal), status=refusal.status)
    return redirect("amendment", number=number)


def download(data: bytes, name: str, content_type: str) -> HttpResponse:
    response = HttpResponse(data, content_type=content_type)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


@require_GET
def amendment_json(request: HttpRequest, number: str) -> HttpResponse:
    """The exact bytes that were digested and signed."""
    row = queries.get_amendment(member(request), number)
    return download(canonical(row.content), f"{number}.json", "application/json")


@require_GET
def amendment_pdf(request: HttpRequest, number: str) -> HttpResponse:
    row = queries.get_amendment(member(request), number)
    return download(documents.amendment_pdf(row, language.is_english()), f"{number}.pdf", "application/pdf")


@require_http_methods(["GET", "POST"])
def breach(request: HttpRequest, number: str) -> HttpResponseBase:
    """Give notice of a breach."""
    actor = member(request)
    contract = queries.get_contract(actor, number)
    reason, refusal = request.POST.get("reason", ""), None
    if request.method == "POST":
        try:
            made = once(request, reason, lambda: {"case": services.notify_breach(actor, number, reason).number})
            return redirect("case", number=made["case"])
        except Refusal as error:
            refusal = error
    days = contract.answers.get("cure_days", 10)
    field = Field("reason", "textarea", Text("违反了哪一条、怎样补正", "Which clause was broken, and what cures it"),
                  Text("对方看到的就是这段文字。", "The other side reads exactly this."), max_length=2000)  # fmt: skip
    context = {
        "title": Text("违约催告", "Notice of breach"), "lead": Text(f"{number} {contract.product.name}", f"{number} {contract.product.name_en or contract.product.name}"),
        "effects": [("hourglass", Text(f"对方有{days}个工作日补正，或者提出异议", f"The other side has {days} working days to cure it, or contests")),
                    ("file-text", Text("期满未补正的，您可以解除合同，授权随即终止", "If it is not cured in time you may end the contract, and the grant with it")),
                    ("anchor", Text("这一步写入存证日志", "This step is written to the evidence log"))],
        "fields": [field], "values": {"reason": reason}, "action_url": request.path, "verb": Text("发出催告", "Give notice"),
        "back_url": f"/desk/contracts/{number}", "danger": True, **form_state(refusal),
    }  # fmt: skip
    return render(request, "ui/confirm.html", context, status=status_of(refusal))


urlpatterns = [
    path("desk/contracts/<str:number>/amend", amend, name="contract-amend"),
    path("desk/contracts/<str:number>/breach", breach, name="contract-breach"),
    path("desk/amendments/<str:number>.json", amendment_json, name="amendment-json"),
    path("desk/amendments/<str:number>.pdf", amendment_pdf, name="amendment-pdf"),
    path("desk/amendments/<str:number>", amendment_page, name="amendment"),
    path("desk/amendments/<str:number>/sign", sign, name="amendment-sign"),
]
