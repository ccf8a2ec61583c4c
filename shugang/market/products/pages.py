"""The public page of one product and its JSON twin; the list is the search room's."""

from __future__ import annotations

import json
import uuid
from datetime import date
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import path
from django.views.decorators.http import require_GET

from shugang.assets import standing
from shugang.kernel import clock, workdays
from shugang.kernel.models import RuleProfile
from shugang.kernel.profiles import current_profile
from shugang.policy.terms import MODES, PURPOSES, describe

from ..demand import funnel
from ..http import visitor
from ..listing.services import ORDER, may_order
from ..pricing import ceilings
from ..pricing.asking import BASES, shown_estimates
from ..samples.queries import offered
from . import desk, preview, pricing, queries
from .kinds import SECTORS, STATES, TYPES
from .known import read_of
from .models import DataProduct
from .sheet import parts
from .trust import public_trust
from .twin import public_json


@require_GET
def product_page(request: HttpRequest, number: str) -> HttpResponse:
    product = queries.product_for(number, visitor(request))
    if product.state == DataProduct.State.LISTED and visitor(request).party_id != product.supplier_id:
        funnel.seen("product", product.number)
    return render(request, "market/product.html", product_context(request, product))


def product_context(request: HttpRequest, product: DataProduct) -> dict[str, Any]:
    actor = visitor(request)
    plan, read = product.plan, read_of(product)
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
        "trust": public_trust(product, read),
        "warnings": [found.warning for found in read.told if found.warning],
        "sheet": parts(product, read),
        "quality": read.quality,
        "dimensions": standing.dimensions(read.quality),
        "terms": describe(product.terms, product.mode),
        "purposes": [PURPOSES[p] for p in product.purposes],
        "columns": read.columns,
        "price": pricing.headline(plan),
        "price_rows": pricing.rows(plan, product.mode),
        "opinion": read.opinion,
        "reply_by": reply_by(),
        "frequency": queries.frequency(product),
        "public": product.state in queries.PUBLIC,
        "own": actor.party_id == product.supplier_id,
        "proof": {} if product.state in queries.PUBLIC else read.application.get("proof_file", {}),
        "signed_in": actor.person_id is not None,
        "orders": may_order(actor) and (product.state == DataProduct.State.LISTED or product.held_by == ORDER),
        "traced": DataProduct.objects.visible_to(actor).filter(pk=product.pk).exists(),
        "offered": product.terms,
        "price_chart": preview.chart(plan),
        "estimates": shown_estimates(product),
        "bases": BASES,
        "trial": offered(product, actor),
        "sample_key": str(uuid.uuid4()),
        "sample_refused": None,
        "ceilings": ceilings.rows(product),
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
    return _json(public_json(queries.public_product(number)))


def _json(value: dict[str, Any]) -> JsonResponse:
    return JsonResponse(json.loads(json.dumps(value, default=str)), json_dumps_params={"ensure_ascii": False})


urlpatterns = [
    path("products/<str:number>.json", product_json, name="product-json"),
    path("products/<str:number>", product_page, name="product"),
    *desk.urlpatterns,
]
