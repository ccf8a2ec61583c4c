"""Contracts on the desk: the list, one contract, signing it, changing it, its downloads."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_GET, require_http_methods

from shugang.kernel import paging
from shugang.kernel.errors import Refusal, not_found
from shugang.kernel.forms import Field
from shugang.policy.codec import canonical
from shugang.policy.terms import MODES, describe
from shugang.policy.text import Text
from shugang.ui import language
from shugang.ui.exports import csv_response

from ..http import form_state, member, once, revision_of, status_of
from ..listing.services import may_order
from ..products import pricing
from . import documents, queries, services
from .models import Contract
from .process import KINDS, SIGN
from .standing import LABELS

HEADER = (Text("编号", "Number"), Text("产品", "Product"), Text("供方", "Supplier"), Text("需方", "Buyer"), Text("状态", "State"),
          Text("止期", "Until"))  # fmt: skip
SEGMENTS = ("pending_signature", "active", "suspended", "terminated", "expired")


@require_GET
def contract_list(request: HttpRequest) -> HttpResponse:
    actor = member(request)
    state = request.GET.get("state", "") if request.GET.get("state", "") in LABELS else ""
    rows = queries.contracts(actor, state)
    if request.GET.get("format") == "csv":
        lines = (
            [c.number, c.product.name, c.supplier.name, c.buyer.name, LABELS[c.state][0], c.valid_until.date()]
            for c in rows[:10_000]
        )
        return csv_response("contracts", HEADER, lines)
    page = paging.page(rows, request.GET.get("after", ""))
    segments = [(Text("全部", "All"), "?", not state), *((LABELS[s][0], f"?state={s}", state == s) for s in SEGMENTS)]
    prices = {c.number: pricing.headline(c.plan) for c in page.items}
    return render(
        request, "market/contract_list.html",
        {"page": page, "segments": segments, "states": LABELS, "prices": prices, "actor": actor, "state": state},
    )  # fmt: skip


@require_GET
def contract_page(request: HttpRequest, number: str) -> HttpResponse:
    contract = queries.get_contract(member(request), number)
    return render(request, "market/contract.html", _context(request, contract, None))


def _context(request: HttpRequest, contract: Contract, refusal: Refusal | None) -> dict[str, Any]:
    actor = member(request)
    label, tone = LABELS[contract.state]
    return {
        "contract": contract, "product": contract.product, "state": label, "tone": tone, "mode": MODES[contract.product.mode],
        "may": queries.may(contract), "left": queries.left(contract), "price_rows": queries.price_rows(contract), "shares_revenue": contract.plan.kind == "revenue",
        "price": pricing.headline(contract.plan), "terms": describe(contract.terms, contract.product.mode),
        "clauses": [(Text(**c["title"]), Text(**c["text"])) for c in contract.snapshot["clauses"]],
        "signatures": queries.signatures(contract), "changes": queries.changes(contract), "allowed": queries.allowed(contract, actor),
        "kinds": dict(KINDS), "orders": may_order(actor), "own_custody": queries.own_custody(actor), "sign_field": SIGN.fields[0],
        "vouchers": list(contract.vouchers.order_by("pk")), "mine": _side(contract, actor.party_id), "rev": contract.case.revision,
        "holds": list(contract.grant.holds.filter(lifted_at=None)) if contract.grant else [], **form_state(refusal),
    }  # fmt: skip


def _side(contract: Contract, party: int | None) -> str:
    return {contract.buyer_id: "buyer", contract.supplier_id: "supplier"}.get(party or 0, "")


@require_http_methods(["POST"])
def sign(request: HttpRequest, number: str) -> HttpResponseBase:
    actor = member(request)
    contract = queries.get_contract(actor, number)
    given = request.POST.get("own_signature", "").strip()
    try:
        once(request, given, lambda: {"state": services.sign(actor, number, given, revision_of(request)).state})
    except Refusal as refusal:
        return render(request, "market/contract.html", _context(request, contract, refusal), status=refusal.status)
    return redirect("contract", number=number)


@require_http_methods(["GET", "POST"])
def change(request: HttpRequest, number: str, kind: str) -> HttpResponseBase:
    """Propose (a party) or order (an authority) to suspend, resume or end the contract."""
    actor = member(request)
    contract = queries.get_contract(actor, number)
    title = dict(KINDS).get(kind)
    if title is None:
        raise not_found(Text("这个操作", "step"))
    reason, refusal = request.POST.get("reason", ""), None
    act = services.CHANGES[kind]
    if request.method == "POST":
        try:
            once(request, reason, lambda: {"state": act(actor, number, reason).state})
            return redirect("contract", number=number)
        except Refusal as error:
            refusal = error
    ordered = may_order(actor)
    effects = [
        ("bolt", Text("立即执行，授权在1秒内停止或恢复", "Carried out at once; the grant follows within a second"))
        if ordered
        else (
            "hourglass",
            Text("对方同意后执行；对方已有同样提议的，立即执行", "Carried out when the other side agrees"),
        ),
        ("receipt", Text("此前已发生的使用照常结算", "Use until then is settled as usual")),
        ("anchor", Text("这一步写入存证日志", "This step is written to the evidence log")),
    ]
    context = {
        "title": title, "lead": Text(f"{number} {contract.product.name}", f"{number} {contract.product.name_en or contract.product.name}"),
        "effects": effects, "fields": [Field("reason", "textarea", Text("理由", "Reason"), Text("双方看到的就是这段文字。", "Both parties read exactly this."), max_length=400)],
        "values": {"reason": reason}, "action_url": request.path, "verb": title, "back_url": f"/desk/contracts/{number}",
        "danger": kind != "resume", **form_state(refusal),
    }  # fmt: skip
    return render(request, "ui/confirm.html", context, status=status_of(refusal))


def _download(data: bytes, name: str, content_type: str) -> HttpResponse:
    response = HttpResponse(data, content_type=content_type)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


@require_GET
def contract_json(request: HttpRequest, number: str) -> HttpResponse:
    """The exact bytes that were digested and signed."""
    contract = queries.get_contract(member(request), number)
    return _download(canonical(contract.snapshot), f"{number}.json", "application/json")


@require_GET
def contract_pdf(request: HttpRequest, number: str) -> HttpResponse:
    contract = queries.get_contract(member(request), number)
    return _download(documents.pdf(contract, language.is_english()), f"{number}.pdf", "application/pdf")


urlpatterns = [
    path("desk/contracts", contract_list, name="contracts"),
    path("desk/contracts/<str:number>.json", contract_json, name="contract-json"),
    path("desk/contracts/<str:number>.pdf", contract_pdf, name="contract-pdf"),
    path("desk/contracts/<str:number>", contract_page, name="contract"),
    path("desk/contracts/<str:number>/sign", sign, name="contract-sign"),
    path("desk/contracts/<str:number>/<str:kind>", change, name="contract-change"),
]
