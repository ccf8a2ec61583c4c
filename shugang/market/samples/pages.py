"""One click on a product's page, and the list of samples."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_GET, require_POST

from shugang.kernel import paging
from shugang.kernel.errors import Refusal
from shugang.policy.text import Text
from shugang.ui.exports import csv_response

from ..http import member, once
from ..products.pages import product_context
from ..products.queries import public_product
from . import queries, services
from .declaring import size_text

HEADER = (
    Text("授权", "Grant"), Text("产品", "Product"), Text("供方", "Supplier"), Text("需方", "Buyer"), Text("样本量", "Size"),
    Text("领取", "Taken"), Text("有效期至", "Until"),
)  # fmt: skip
STATES = {
    "active": ("ok", Text("可使用", "In use")),
    "suspended": ("warn", Text("已暂停", "Suspended")),
    "ended": ("off", Text("已结束", "Ended")),
}


@require_POST
def take(request: HttpRequest, number: str) -> HttpResponseBase:
    actor = member(request)
    try:
        made = once(request, number, lambda: {"grant": services.take_sample(actor, number).grant.number})
    except Refusal as refusal:
        if refusal.status == 404:
            raise
        context = {**product_context(request, public_product(number)), "sample_refused": refusal.message}
        return render(request, "market/product.html", context, status=refusal.status)
    return redirect("grant", number=made["grant"])


@require_GET
def sample_list(request: HttpRequest) -> HttpResponse:
    actor = member(request)
    rows = queries.samples(actor)
    if request.GET.get("format") == "csv":
        lines = (
            [s.grant.number, s.product.name, s.product.supplier.name, s.buyer.name, size_text(s.unit, s.size),
             s.taken_at.date(), s.grant.valid_until.date()] for s in rows[:10_000]
        )  # fmt: skip
        return csv_response("samples", HEADER, lines)
    page = paging.page(rows, request.GET.get("after", ""))
    context = {
        "page": page, "states": STATES, "party": actor.party_id,
        "rows": [(s, size_text(s.unit, s.size)) for s in page.items],
    }  # fmt: skip
    return render(request, "market/samples.html", context)


urlpatterns = [
    path("products/<str:number>/sample", take, name="take-sample"),
    path("desk/samples", sample_list, name="samples"),
]
