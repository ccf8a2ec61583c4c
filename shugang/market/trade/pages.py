"""Inquiring, the negotiation, and the form of a quotation or counter-offer."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_GET, require_http_methods

from shugang.kernel import paging
from shugang.kernel import queries as cases
from shugang.kernel.actors import Actor
from shugang.kernel.errors import Refusal, not_found
from shugang.policy.columns import Column
from shugang.policy.terms import PURPOSES, describe
from shugang.policy.text import Text
from shugang.ui.exports import csv_response

from ..http import form_state, member, once, revision_of, status_of
from ..products import editor, editor_values, plan_form, pricing
from ..products.models import DataProduct
from ..products.preview import context as preview_context
from ..products.queries import public_product
from . import queries, relations, services
from .models import Inquiry
from .process import INQUIRY, TRADE

HEADER = (
    Text("编号", "Number"),
    Text("产品", "Product"),
    Text("供方", "Supplier"),
    Text("需方", "Buyer"),
    Text("状态", "State"),
)


@require_GET
def inquiry_list(request: HttpRequest) -> HttpResponse:
    actor = member(request)
    known = {s.name: s for s in TRADE.states}
    state = request.GET.get("state", "") if request.GET.get("state", "") in known else ""
    rows = queries.inquiries(actor, state)
    if request.GET.get("format") == "csv":
        lines = (
            [i.case.number, i.product.name, i.supplier.name, i.buyer.name, known[i.case.state].label]
            for i in rows[:10_000]
        )
        return csv_response("inquiries", HEADER, lines)
    page = paging.page(rows, request.GET.get("after", ""))
    segments = [
        (Text("全部", "All"), "?", not state),
        *((s.label, f"?state={s.name}", state == s.name) for s in TRADE.states[:4]),
    ]
    views = [(i, cases.view(i.case, actor)) for i in page.items]
    context = {"page": page, "views": views, "segments": segments, "actor": actor}
    return render(request, "market/inquiry_list.html", context)


@require_http_methods(["GET", "POST"])
def inquire(request: HttpRequest, number: str) -> HttpResponseBase:
    actor = member(request)
    product = public_product(number)
    values: dict[str, Any] = {}
    refusal: Refusal | None = None
    if request.method == "POST":
        values = {f.name: request.POST.get(f.name, "") for f in INQUIRY.fields}
        try:
            made = once(request, values, lambda: {"case": services.inquire(actor, number, values).number})
            return redirect("inquiry", number=made["case"])
        except Refusal as error:
            refusal = error
    purpose, need = INQUIRY.fields
    context = {
        "product": product, "purposes": [(p, PURPOSES[p]) for p in product.purposes], "purpose": purpose, "need": need,
        "values": values, "price": pricing.headline(product.plan), "terms": describe(product.terms, product.mode),
        "may": services.may_inquire(actor), **form_state(refusal),
    }  # fmt: skip
    return render(request, "market/inquire.html", context, status=status_of(refusal))


@require_GET
def inquiry_page(request: HttpRequest, number: str) -> HttpResponse:
    actor = member(request)
    inquiry = queries.get_inquiry(actor, number)
    if request.GET.get("format") == "csv":
        return csv_response(f"negotiation-{number}", queries.EXPORT, queries.export(inquiry))
    view = cases.view(inquiry.case, actor)
    last = inquiry.last
    mode = inquiry.product.mode
    context = {
        "inquiry": inquiry, "product": inquiry.product, "view": view, "steps": {s.name: s for s in view.steps}, "last": last,
        "purpose": PURPOSES[inquiry.purpose], "history": queries.history(inquiry), "mine": _side(inquiry, actor),
        "terms": describe(last.read_terms(), mode) if last else [],
        "price_rows": pricing.rows(last.read_plan(), mode) if last else [],
        "contract": getattr(inquiry, "contract", None), "json_url": f"/api/v1/inquiries/{number}",
    }  # fmt: skip
    return render(request, "market/inquiry.html", context)


def _side(inquiry: Inquiry, actor: Actor) -> str:
    if actor.party_id == inquiry.supplier_id:
        return "supplier"
    return "buyer" if actor.party_id == inquiry.buyer_id else ""


def offered_columns(product: DataProduct) -> list[Column]:
    """The columns that a deal may choose from, in the offer's order."""
    known = {c.name: c for c in product.dataset_version.policy_columns()}
    return [known[name] for name in product.terms.fields]


def scope_columns(product: DataProduct) -> list[Column]:
    """Columns that the offer's own conditions name although it does not grant them."""
    named = {row.column for row in product.terms.rows} - set(product.terms.fields)
    return [c for c in product.dataset_version.policy_columns() if c.name in named]


@require_http_methods(["GET", "POST"])
def offer_page(request: HttpRequest, number: str) -> HttpResponseBase:
    """Quote (supplier) or counter (buyer) in the editor of terms and price."""
    actor = member(request)
    inquiry = queries.get_inquiry(actor, number)
    step = next((s for s in cases.steps_for(inquiry.case, actor) if s.name in ("quote", "counter")), None)
    if step is None:
        raise not_found(Text("这个操作，或它已经办理", "such step, or it has been taken"))
    columns = offered_columns(inquiry.product)
    last = inquiry.last
    base = last.read_terms() if last else inquiry.product.terms
    if request.method == "GET":
        plan = last.read_plan() if last else inquiry.product.plan
        values = {
            **editor_values.from_terms(base, columns),
            **plan_form.from_plan(plan),
            "t_purpose": inquiry.purpose,
        }
        return _offer_form(request, inquiry, step.label, columns, values, None)
    values = editor_values.from_post(request.POST)
    if "preview" in request.POST:
        return _previewed(request, inquiry, step.label, columns, values)
    act = services.quote if step.name == "quote" else services.counter
    try:
        terms, plan = (
            editor.read_terms(request.POST, columns, base, scope_columns(inquiry.product)),
            plan_form.read_plan(request.POST),
        )
        once(request, values, lambda: {"revision": act(
            actor, number, terms, plan, request.POST.get("message", ""), revision_of(request)).revision})  # fmt: skip
    except Refusal as refusal:
        return _offer_form(request, inquiry, step.label, columns, values, refusal)
    return redirect("inquiry", number=number)


def _previewed(
    request: HttpRequest, inquiry: Inquiry, label: Text, columns: list[Column], values: dict[str, Any]
) -> HttpResponse:
    try:
        shown = preview_context(plan_form.read_plan(request.POST), inquiry.product.mode)
    except Refusal as refusal:
        return _offer_form(request, inquiry, label, columns, values, refusal)
    return _offer_form(request, inquiry, label, columns, values, None, shown)


def _offer_form(
    request: HttpRequest,
    inquiry: Inquiry,
    label: Text,
    columns: list[Column],
    values: dict[str, Any],
    refusal: Refusal | None,
    preview: dict[str, Any] | None = None,
) -> HttpResponse:
    context = {
        "preview": preview,
        "inquiry": inquiry, "product": inquiry.product, "title": label, "rev": inquiry.case.revision, "specs": [],
        "offered": describe(inquiry.product.terms, inquiry.product.mode),
        **editor_values.context(columns, inquiry.product.mode, values, [inquiry.purpose], scope_columns(inquiry.product)),
        **form_state(refusal),
    }  # fmt: skip
    return render(request, "market/offer.html", context, status=status_of(refusal))


@require_http_methods(["GET", "POST"])
def ties_page(request: HttpRequest) -> HttpResponseBase:
    """Who is tied to whom: the venue records what it verified, a party declares its own; deals between them are refused."""
    actor = member(request)
    values = {name: request.POST.get(name, "") for name in ("party", "other", "kind", "ground", "end", "reason")}
    refusal: Refusal | None = None
    if request.method == "POST":

        def act() -> dict[str, Any]:
            if values["end"].isdigit():
                return {"pk": relations.end_tie(actor, int(values["end"]), values["reason"]).pk}
            return {"pk": relations.record_tie(actor, *(values[n] for n in ("party", "other", "kind", "ground"))).pk}

        try:
            once(request, values, act)
            return redirect("party-ties")
        except Refusal as error:
            refusal = error
    context = {
        "page": paging.page(queries.ties(actor), request.GET.get("after", "")), "kinds": relations.KINDS, "values": values,
        "may": relations.may_record(actor), "venue": "operator" in actor.roles, "json_url": "/api/v1/party-ties",
        **form_state(refusal),
    }  # fmt: skip
    return render(request, "market/ties.html", context, status=status_of(refusal))


urlpatterns = [
    path("desk/party-ties", ties_page, name="party-ties"),
    path("products/<str:number>/inquire", inquire, name="inquire"),
    path("desk/inquiries", inquiry_list, name="inquiries"),
    path("desk/inquiries/<str:number>", inquiry_page, name="inquiry"),
    path("desk/inquiries/<str:number>/offer", offer_page, name="inquiry-offer"),
]
