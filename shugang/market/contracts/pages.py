"""Contracts on the desk: the list, one contract, signing it, changing it, its downloads."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_GET, require_http_methods

from shugang.kernel import paging
from shugang.kernel.errors import Refusal, not_found
from shugang.kernel.forms import Field
from shugang.kernel.procedure import get
from shugang.policy.codec import canonical
from shugang.policy.terms import MODES
from shugang.policy.text import Text
from shugang.ui import language
from shugang.ui.exports import csv_response

from ..http import form_state, member, once, revision_of, status_of
from ..listing.services import may_order
from ..products import pricing
from . import amendment_pages, documents, queries, services
from .amendment_pages import download
from .composing import compose, title_of
from .models import Contract
from .process import KINDS, SIGN
from .rights import left_text, rights
from .standing import LABELS

HEADER = (Text("编号", "Number"), Text("产品", "Product"), Text("供方", "Supplier"), Text("需方", "Buyer"), Text("状态", "State"),
          Text("止期", "Until"))  # fmt: skip
RIGHTS_HEADER = (Text("合同", "Contract"), Text("产品", "Product"), Text("现在", "Now"), Text("还剩", "Left"), Text("还有几天", "Days left"),
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
        "may": rights(contract).may, "left": [(left_text(q), q) for q in queries.left(contract)], "price_rows": queries.price_rows(contract), "shares_revenue": contract.plan.kind == "revenue",
        "price": pricing.headline(contract.plan), "clauses": compose(contract.current), "paper": title_of(contract.snapshot),
        "amendments": queries.amendments(contract), "breaches": queries.breaches(contract),
        "signatures": queries.signatures(contract), "changes": queries.changes(contract), "allowed": queries.allowed(contract, actor),
        "acceptance": (accepting := queries.acceptance_case(contract)), "acceptance_state": accepting and get(accepting.procedure).state(accepting.state),
        "disputes": list(contract.disputes.visible_to(actor).select_related("case").order_by("-pk")),
        "kinds": dict(KINDS), "orders": may_order(actor), "own_custody": queries.own_custody(actor), "sign_field": SIGN.fields[0],
        "vouchers": list(contract.vouchers.order_by("pk")), "mine": _side(contract, actor.party_id), "rev": contract.case.revision,
        "holds": list(contract.grant.holds.filter(lifted_at=None)) if contract.grant else [], **form_state(refusal),
    }  # fmt: skip


def _side(contract: Contract, party: int | None) -> str:
    return {contract.buyer_id: "buyer", contract.supplier_id: "supplier"}.get(party or 0, "")


@require_GET
def rights_page(request: HttpRequest, number: str) -> HttpResponse:
    """What the contract lets its buyer do, in plain words."""
    actor = member(request)
    contract = queries.get_contract(actor, number)
    found = rights(contract)
    context = {
        "contract": contract, "product": contract.product, "rights": found, "left": [(left_text(q), q) for q in found.left],
        "mine": _side(contract, actor.party_id),
    }  # fmt: skip
    return render(request, "market/rights.html", context)


@require_GET
def rights_json(request: HttpRequest, number: str) -> HttpResponse:
    contract = queries.get_contract(member(request), number)
    return JsonResponse({"contract": contract.number, **rights(contract).to_json()})


@require_GET
def rights_list(request: HttpRequest) -> HttpResponse:
    """The rights that the acting party holds by contracts in force."""
    held = queries.held(member(request))
    if request.GET.get("format") == "csv":
        found = ((c, rights(c)) for c in held[:10_000])
        lines = (
            [c.number, c.product.name, Text("可以使用", "Open") if r.open else Text("不能使用", "Not open"),
             "; ".join(f"{q.quota.unit}/{q.quota.per}: {q.left}" for q in r.left), r.days_left, r.valid_until.date()]
            for c, r in found
        )  # fmt: skip
        return csv_response("rights", RIGHTS_HEADER, lines)
    page = paging.page(held, request.GET.get("after", ""))
    rows = [(c, r, [left_text(q) for q in r.left]) for c in page.items for r in (rights(c),)]
    return render(request, "market/rights_list.html", {"page": page, "rows": rows})


@require_http_methods(["POST"])
def sign(request: HttpRequest, number: str) -> HttpResponseBase:
    actor = member(request)
    contract = queries.get_contract(actor, number)
    given = request.POST.get("own_signature", "").strip()
    try:
        once(
            request,
            given,
            lambda: {
                "state": services.sign(actor, number, given, revision_of(request), request.POST.get("read", "")).state
            },
        )
    except Refusal as refusal:
        return render(request, "market/contract.html", _context(request, contract, refusal), status=refusal.status)
    return redirect("contract", number=number)


@require_http_methods(["GET", "POST"])
def fill_in(request: HttpRequest, number: str) -> HttpResponseBase:
    """The template's form, until one side has signed."""
    actor = member(request)
    contract = queries.get_contract(actor, number)
    form = queries.form_of(contract).form
    values, refusal = dict(contract.snapshot["answers"]), None
    if request.method == "POST":
        values = {
            f.name: f.name in request.POST if f.kind == "bool" else request.POST.get(f.name, "") for f in form.fields
        }
        try:
            once(
                request,
                values,
                lambda: {"sha256": services.fill_in(actor, number, values, revision_of(request)).sha256},
            )
            return redirect("contract", number=number)
        except Refusal as error:
            refusal = error
    title = Text("填写合同约定", "Fill in the contract")
    context = {
        "title": title, "lead": Text(f"{number} {contract.product.name}", f"{number} {contract.product.name_en or contract.product.name}"),
        "effects": [("file-text", Text("合同文本与摘要随之重新生成，对方看到的是同一份", "The text and its digests are made again, the same for both sides")),
                    ("signature", Text("一方签署后不能再改", "Once one side has signed it cannot be changed"))],
        "fields": form.fields, "values": values, "action_url": request.path, "verb": Text("保存", "Save"),
        "back_url": f"/desk/contracts/{number}", "rev": contract.case.revision, **form_state(refusal),
    }  # fmt: skip
    return render(request, "ui/confirm.html", context, status=status_of(refusal))


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


@require_GET
def contract_json(request: HttpRequest, number: str) -> HttpResponse:
    """The exact bytes that were digested and signed."""
    contract = queries.get_contract(member(request), number)
    return download(canonical(contract.snapshot), f"{number}.json", "application/json")


@require_GET
def contract_pdf(request: HttpRequest, number: str) -> HttpResponse:
    contract = queries.get_contract(member(request), number)
    return download(documents.pdf(contract, language.is_english()), f"{number}.pdf", "application/pdf")


urlpatterns = [
    path("desk/rights", rights_list, name="rights"),
    path("desk/contracts", contract_list, name="contracts"),
    path("desk/contracts/<str:number>/rights", rights_page, name="contract-rights"),
    path("desk/contracts/<str:number>/rights.json", rights_json, name="contract-rights-json"),
    path("desk/contracts/<str:number>.json", contract_json, name="contract-json"),
    path("desk/contracts/<str:number>.pdf", contract_pdf, name="contract-pdf"),
    path("desk/contracts/<str:number>", contract_page, name="contract"),
    path("desk/contracts/<str:number>/sign", sign, name="contract-sign"),
    path("desk/contracts/<str:number>/form", fill_in, name="contract-form"),
    *amendment_pages.urlpatterns,
    path("desk/contracts/<str:number>/<str:kind>", change, name="contract-change"),
]
