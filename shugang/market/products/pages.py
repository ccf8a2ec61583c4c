"""The public pages of products: the list with its facets, one product, and their JSON twins."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import path
from django.views.decorators.http import require_GET

from shugang.assets.grading.queries import public_level
from shugang.assets.review.queries import standing as review_standing
from shugang.kernel import clock, paging, textindex, workdays
from shugang.kernel.models import RuleProfile
from shugang.kernel.profiles import current_profile
from shugang.policy.terms import MODES, PURPOSES, describe
from shugang.policy.text import Text
from shugang.ui.exports import csv_response

from ..http import visitor
from ..listing.services import ORDER, may_order
from ..pricing.asking import BASES, shown_estimates
from . import desk, preview, pricing, queries
from .kinds import SECTORS, SPEC, STATES, TYPES
from .models import DataProduct
from .queries import FACETS

RANKED = 100
HEADER = (Text("编号", "Number"), Text("名称", "Name"), Text("供方", "Supplier"), Text("类型", "Type"), Text("行业", "Sector"),
          Text("交付", "Delivery"), Text("行数", "Rows"), Text("更新", "Freshness"), Text("价格", "Price"))  # fmt: skip


def find(request: HttpRequest) -> tuple[str, dict[str, str], paging.Page]:
    """The query's words, its facets, and one page; with words the best match first, otherwise the newest."""
    q, facets = request.GET.get("q", "").strip()[:100], queries.chosen(request.GET.dict())
    rows = queries.public_products(q, facets)
    if not q:
        return q, facets, paging.page(rows, request.GET.get("after", ""))
    rank = {number: i for i, number in enumerate(textindex.search("product", q, 500))}
    found = sorted(rows, key=lambda p: rank.get(p.number, len(rank)))
    return q, facets, paging.Page(found[:RANKED], "", len(found))


@require_GET
def product_list(request: HttpRequest) -> HttpResponse:
    q, facets, page = find(request)
    if request.GET.get("format") == "csv":
        return csv_response("products", HEADER, (_csv_row(p) for p in queries.public_products(q, facets)[:10_000]))
    context = {
        "page": page,
        "q": q,
        "facets": queries.public_facets(q, facets),
        "chosen": facets,
        "chosen_labels": [(name, FACETS[name][1][value]) for name, value in facets.items()],
        "rows": [row(p) for p in page.items],
        "any": queries.public_products().exists(),
    }
    return render(request, "market/product_list.html", context)


def _csv_row(product: DataProduct) -> list[Any]:
    return [
        product.number, product.name, product.supplier.name, TYPES[product.type], SECTORS[product.sector], MODES[product.mode],
        product.dataset_version.rows, product.dataset_version.created_at.date(), pricing.headline(product.plan),
    ]  # fmt: skip


def row(product: DataProduct) -> dict[str, Any]:
    """What the list shows of a product: price and freshness without opening it."""
    version = product.dataset_version
    return {
        "product": product,
        "price": pricing.headline(product.plan),
        "type": TYPES[product.type],
        "sector": SECTORS[product.sector],
        "mode": MODES[product.mode],
        "rows": version.rows,
        "fresh": version.created_at,
        "frequency": queries.frequency(product),
    }


@require_GET
def product_list_json(request: HttpRequest) -> HttpResponse:
    q, facets, page = find(request)
    items = [queries.public_json(p) for p in page.items]
    return _json({"q": q, "filters": facets, "items": items, "next": page.next, "total": page.total})


@require_GET
def product_page(request: HttpRequest, number: str) -> HttpResponse:
    product = queries.product_for(number, visitor(request))
    return render(request, "market/product.html", product_context(request, product))


def product_context(request: HttpRequest, product: DataProduct) -> dict[str, Any]:
    actor = visitor(request)
    plan = product.plan
    label, tone = STATES[product.state]
    return {
        "product": product,
        "version": product.dataset_version,
        "dataset": product.dataset_version.dataset,
        "state": label,
        "tone": tone,
        "type": TYPES[product.type],
        "sector": SECTORS[product.sector],
        "mode": MODES[product.mode],
        "trust": queries.public_trust(product),
        "grade": public_level(product.dataset_version),
        "reviewed": review_standing(product.dataset_version),
        "terms": describe(product.terms, product.mode),
        "purposes": [PURPOSES[p] for p in product.purposes],
        "columns": queries.dictionary(product),
        "spec": [(text, product.spec[key]) for key, text in SPEC.items() if product.spec.get(key)],
        "price": pricing.headline(plan),
        "price_rows": pricing.rows(plan, product.mode),
        "opinion": queries.last_opinion(product),
        "reply_by": reply_by(),
        "frequency": queries.frequency(product),
        "public": product.state in queries.PUBLIC,
        "own": actor.party_id == product.supplier_id,
        "proof": {} if product.state in queries.PUBLIC else queries.last_application(product).get("proof_file", {}),
        "signed_in": actor.person_id is not None,
        "orders": may_order(actor) and (product.state == DataProduct.State.LISTED or product.held_by == ORDER),
        "traced": DataProduct.objects.visible_to(actor).filter(pk=product.pk).exists(),
        "offered": product.terms,
        "price_chart": preview.chart(plan),
        "estimates": shown_estimates(product),
        "bases": BASES,
    }


def reply_by() -> tuple[int, date] | None:
    """In how many working days, and by which day, a supplier asked now has to answer; None while no rules are loaded."""
    try:
        profile = current_profile("market", clock.today())
    except RuleProfile.DoesNotExist:
        return None
    days = int(profile.data["clocks"]["reply"])
    due, _ = workdays.due(clock.now(), days, "wd")
    return days, due.astimezone(clock.zone()).date()


@require_GET
def product_json(request: HttpRequest, number: str) -> HttpResponse:
    return _json(queries.public_json(queries.public_product(number)))


def _json(value: dict[str, Any]) -> JsonResponse:
    return JsonResponse(json.loads(json.dumps(value, default=str)), json_dumps_params={"ensure_ascii": False})


urlpatterns = [
    path("products", product_list, name="products"),
    path("products.json", product_list_json, name="products-json"),
    path("products/<str:number>.json", product_json, name="product-json"),
    path("products/<str:number>", product_page, name="product"),
    *desk.urlpatterns,
]
