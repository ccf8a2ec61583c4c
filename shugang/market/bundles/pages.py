"""Pages of projects: the list, a new one, one project as its reader may see it, the buyer's signature under all."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from shugang.kernel import paging
from shugang.kernel import queries as cases
from shugang.kernel.errors import Refusal
from shugang.policy.terms import PURPOSES
from shugang.policy.text import Text
from shugang.ui.exports import csv_response

from ..http import form_state, member, once, status_of
from ..trade.services import may_inquire
from . import queries, services
from .models import DealBundle
from .process import PROJECT

HEADER = (Text("编号", "Number"), Text("项目", "Project"), Text("需方", "Buyer"), Text("状态", "State"))


@require_GET
def bundle_list(request: HttpRequest) -> HttpResponse:
    actor = member(request)
    rows = queries.bundles(actor)
    if request.GET.get("format") == "csv":
        lines = (
            [b.number, b.title, b.buyer.name, queries.STATES[b.case.state][0]] for b in rows.order_by("-pk")[:10_000]
        )
        return csv_response("projects", HEADER, lines)
    context = {
        "page": paging.page(rows, request.GET.get("after", "")), "states": queries.STATES, "may": may_inquire(actor),
        "json_url": "/api/v1/bundles",
    }  # fmt: skip
    return render(request, "market/bundles.html", context)


@require_http_methods(["GET", "POST"])
def new_bundle(request: HttpRequest) -> HttpResponseBase:
    actor = member(request)
    values = {f.name: request.POST.get(f.name, "") for f in PROJECT.fields}
    refusal: Refusal | None = None
    if request.method == "POST":
        try:
            made = once(request, values, lambda: {"number": services.open_bundle(actor, values).number})
            return redirect("bundle", number=made["number"])
        except Refusal as error:
            refusal = error
    context = {"fields": PROJECT.fields, "values": values, "may": may_inquire(actor), **form_state(refusal)}
    return render(request, "market/bundle_new.html", context, status=status_of(refusal))


def _shown(request: HttpRequest, bundle: DealBundle, refusal: Refusal | None = None) -> HttpResponse:
    actor = member(request)
    parts = queries.parts(actor, bundle)
    buyer = actor.party_id == bundle.buyer_id
    context: dict[str, Any] = {
        "bundle": bundle, "state": queries.STATES[bundle.case.state], "view": cases.view(bundle.case, actor), "parts": parts,
        "purpose": PURPOSES[bundle.purpose], "how": queries.how(bundle), "buyer": buyer,
        "may_sign": buyer and bundle.case.state == "signing" and "signer" in actor.duties and all(p["signed"] for p in parts),
        "json_url": f"/api/v1/bundles/{bundle.number}", **form_state(refusal),
    }  # fmt: skip
    return render(request, "market/bundle.html", context, status=status_of(refusal))


@require_GET
def bundle_page(request: HttpRequest, number: str) -> HttpResponse:
    return _shown(request, queries.get_bundle(member(request), number))


@require_POST
def sign(request: HttpRequest, number: str) -> HttpResponseBase:
    actor = member(request)
    bundle = queries.get_bundle(actor, number)
    prefix = "own_"
    own = {
        k.removeprefix(prefix): str(v).strip()
        for k, v in request.POST.items()
        if k.startswith(prefix) and str(v).strip()
    }
    try:
        once(request, own, lambda: {"number": services.sign_all(actor, number, own).number})
    except Refusal as refusal:
        if refusal.code in ("not_found", "forbidden", "second_factor_required"):
            raise
        return _shown(request, bundle, refusal)
    return redirect("bundle", number=number)


urlpatterns = [
    path("desk/bundles", bundle_list, name="bundles"),
    path("desk/bundles/new", new_bundle, name="new-bundle"),
    path("desk/bundles/<str:number>", bundle_page, name="bundle"),
    path("desk/bundles/<str:number>/sign", sign, name="bundle-sign"),
]
