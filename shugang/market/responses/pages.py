"""Answering a demand uninvited, and what its owner does with the answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_GET, require_http_methods

from shugang.kernel import paging
from shugang.kernel import queries as cases
from shugang.kernel.actors import Actor
from shugang.kernel.errors import Refusal
from shugang.kernel.forms import Field
from shugang.policy.text import Text
from shugang.ui.exports import csv_response

from ..demand import queries as demands
from ..demand.forms import WHY
from ..http import form_state, member, once, revision_of, status_of
from ..matching.pages import shown
from ..products import pricing
from . import queries, services
from .models import DemandResponse
from .process import OFFER, RESPONSE

HEADER = (
    Text("编号", "Number"), Text("需求", "Demand"), Text("产品", "Product"), Text("供方", "Supplier"), Text("状态", "State"),
)  # fmt: skip


@require_GET
def response_list(request: HttpRequest) -> HttpResponse:
    actor = member(request)
    known = {s.name: s for s in RESPONSE.states}
    state = request.GET.get("state", "") if request.GET.get("state", "") in known else ""
    rows = queries.responses(actor, state)
    if request.GET.get("format") == "csv":
        lines = (
            [r.number, r.demand.title, r.product.name, r.supplier.name, known[r.case.state].label]
            for r in rows[:10_000]
        )
        return csv_response("responses", HEADER, lines)
    page = paging.page(rows, request.GET.get("after", ""))
    segments = [
        (Text("全部", "All"), "?", not state),
        *((s.label, f"?state={s.name}", state == s.name) for s in RESPONSE.states[:3]),
    ]
    context = {
        "page": page, "segments": segments, "party": actor.party_id,
        "views": [(r, known[r.case.state], demands.public_name(r.demand, actor)) for r in page.items],
    }  # fmt: skip
    return render(request, "market/response_list.html", context)


@require_GET
def response_page(request: HttpRequest, number: str) -> HttpResponse:
    actor = member(request)
    row = queries.get_response(actor, number)
    match, mine = queries.explained(row), row.demand.party_id == actor.party_id
    waits = row.case.state == "offered"
    context = {
        "response": row, "view": cases.view(row.case, actor), "mine": mine, "match": shown(match) if match else None,
        "name": demands.public_name(row.demand, actor), "price": pricing.headline(row.product.plan),
        "may_inquire": mine and waits and services.may_handle(actor),
        "may_withdraw": waits and row.supplier_id == actor.party_id and services.may_offer(actor),
    }  # fmt: skip
    return render(request, "market/response.html", context)


@require_http_methods(["GET", "POST"])
def offer(request: HttpRequest, number: str) -> HttpResponseBase:
    """The supplier's form: which of its products, and a word to the buyer."""
    actor = member(request)
    demand = queries.answerable_demand(actor, number)
    products = queries.products_for(demand, actor)
    choices = tuple(
        (p.number, Text(f"{p.name}，{pricing.headline(p.plan).zh}", f"{p.name_en or p.name}, {pricing.headline(p.plan).en}"))
        for p in products
    )  # fmt: skip
    fields = [Field("product", "choice", OFFER.fields[0].label, choices=choices), OFFER.fields[1]]
    values = {f.name: request.POST.get(f.name, "") for f in fields}
    if request.method == "GET" and len(products) == 1:
        values["product"] = products[0].number
    refusal: Refusal | None = None
    if request.method == "POST":
        try:
            made = once(request, values, lambda: {"case": services.offer(
                actor, number, values["product"], values["message"]).number})  # fmt: skip
            return redirect("demand-response", number=made["case"])
        except Refusal as error:
            refusal = error
    effects = [
        ("git-compare", Text("需方看到产品、您的话和逐项的相符说明", "The buyer sees the product, your message and how it fits part by part")),
        ("messages", Text("需方可据此询价，由您报价；也可谢绝并说明理由", "He may inquire, and you quote; or decline with a reason")),
        ("clock-hour-4", Text("期限内没有处理的自动失效，应答不构成承诺", "What is not read in time lapses; an answer binds nobody")),
    ]  # fmt: skip
    if not products and refusal is None:
        effects = [("alert-triangle", Text("没有可以应答的产品：须已上架，提供这个用途，交付方式可接受",
                                           "None of your products can answer: listed, for this purpose, delivered in an accepted way"))]  # fmt: skip
    context = {
        "title": Text("应答这项需求", "Answer this demand"), "lead": demand.title, "fields": fields, "values": values, "effects": effects,
        "action_url": request.path, "verb": Text("提交应答", "Send the answer"), "back_url": f"/demands/{number}", **form_state(refusal),
    }  # fmt: skip
    return render(request, "ui/confirm.html", context, status=status_of(refusal))


def _step(
    request: HttpRequest, row: DemandResponse, title: Text, effects: list[tuple[str, Text]], fields: list[Field],
    act: Callable[[dict[str, Any]], object], after: Callable[[], HttpResponseBase], danger: bool = True,
) -> HttpResponseBase:  # fmt: skip
    values, refusal = {f.name: request.POST.get(f.name, "") for f in fields}, None
    if request.method == "POST":
        try:
            act(values)
            return after()
        except Refusal as error:
            refusal = error
    context = {
        "title": title, "lead": f"{row.product.name}　{row.demand.title}", "effects": effects, "fields": fields, "values": values,
        "action_url": request.path, "verb": title, "back_url": f"/desk/demand-responses/{row.number}", "danger": danger,
        "rev": row.case.revision, **form_state(refusal),
    }  # fmt: skip
    return render(request, "ui/confirm.html", context, status=status_of(refusal))


@require_http_methods(["GET", "POST"])
def inquire(request: HttpRequest, number: str) -> HttpResponseBase:
    actor = member(request)
    row = services.for_demander(actor, number)
    step = RESPONSE.transition("inquire")
    assert step is not None and step.confirm is not None
    effects = [("messages", step.confirm)]
    if row.demand.anonymous:
        effects.append(("eye", Text("供方随即看到本机构名称", "The supplier sees your name from then on")))
    return _step(
        request, row, step.label, effects, [],
        lambda _: once(request, number, lambda: {"state": services.inquire(actor, number, revision_of(request)).state}),
        lambda: _to_inquiry(actor, number), danger=False,
    )  # fmt: skip


def _to_inquiry(actor: Actor, number: str) -> HttpResponseBase:
    inquiry = queries.get_response(actor, number).inquiry
    return redirect("inquiry", number=inquiry.number if inquiry else number)


@require_http_methods(["GET", "POST"])
def decline(request: HttpRequest, number: str) -> HttpResponseBase:
    actor = member(request)
    row = services.for_demander(actor, number)
    effects = [("x", Text("供方看到理由；需求变更前不能再用这个产品应答", "The supplier reads the reason and cannot offer this product again before the demand is amended"))]  # fmt: skip
    return _step(
        request, row, Text("谢绝应答", "Decline the answer"), effects, list(WHY.fields),
        lambda said: once(request, said, lambda: {"state": services.decline(actor, number, said["reason"]).state}),
        lambda: redirect("own-demand", number=row.demand.number),
    )  # fmt: skip


@require_http_methods(["GET", "POST"])
def withdraw(request: HttpRequest, number: str) -> HttpResponseBase:
    actor = member(request)
    row = services.for_supplier(actor, number)
    effects = [
        ("x", Text("需方不能再据此询价；可以再次应答", "The buyer can no longer inquire by it; you may answer again"))
    ]
    return _step(
        request, row, Text("撤回应答", "Withdraw the answer"), effects, [],
        lambda _: once(request, number, lambda: {"state": services.withdraw(actor, number).state}),
        lambda: redirect("demand-response", number=number),
    )  # fmt: skip


urlpatterns = [
    path("demands/<str:number>/answer", offer, name="answer-demand"),
    path("desk/demand-responses", response_list, name="demand-responses"),
    path("desk/demand-responses/<str:number>", response_page, name="demand-response"),
    path("desk/demand-responses/<str:number>/inquire", inquire, name="inquire-response"),
    path("desk/demand-responses/<str:number>/decline", decline, name="decline-response"),
    path("desk/demand-responses/<str:number>/withdraw", withdraw, name="withdraw-response"),
]
