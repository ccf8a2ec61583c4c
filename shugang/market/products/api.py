"""Products through the API: the public catalogue, and the supplier's own."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django.http import HttpRequest
from ninja import Router, Schema

from shugang.kernel import paging

from ..demand import funnel
from ..http import member, once_api
from ..search.catalogue import as_json
from ..search.finding import Wanted, find
from . import queries, services
from .models import DataProduct
from .sheet import open_lines
from .twin import brief_json, public_json

router = Router(tags=["products"])


class ProductIn(Schema, extra="forbid"):
    """What `create_product` takes; `source`: key_column (api); share, schema, table, versions
    (this, later, all), partition (columns, commas between; table); name (file)."""

    asset_number: str
    name: str
    summary: str
    type: str
    sector: str
    mode: str
    offered_terms: dict[str, Any]
    price_plan: dict[str, Any]
    name_en: str = ""
    summary_en: str = ""
    keywords: str = ""
    field: str = ""
    purposes: list[str] = []
    spec: dict[str, str] = {}
    source: dict[str, str] = {}
    plane_number: str | None = None


@router.get(
    "/products",
    auth=None,
    summary="Listed products; q and the list's facets narrow them, sort orders them, after pages",
)
def products(request: HttpRequest, q: str = "", sort: str = "", after: str = "") -> dict[str, Any]:
    wanted = Wanted.read(request.GET.dict())
    return as_json(wanted, find(wanted))


@router.get("/products/{number}", auth=None, summary="One product: offer, guarantees, columns, sample, source")
def product(request: HttpRequest, number: str) -> dict[str, Any]:
    return public_json(queries.public_product(number))


def _own(row: DataProduct) -> dict[str, Any]:
    return {**brief_json(row, queries.dictionary(row)), "state_reason": row.state_reason, "asset": row.asset.number}


@router.get("/own-products", summary="The acting supplier's products in every state, newest first")
def own_products(request: HttpRequest, state: str = "", after: str = "") -> dict[str, Any]:
    found = paging.page(queries.products(member(request), state), after)
    return {"items": [_own(p) for p in found.items], "next": found.next, "total": found.total}


@router.get("/own-products/{number}", summary="One of the acting supplier's products")
def own_product(request: HttpRequest, number: str) -> dict[str, Any]:
    row = queries.get_product(member(request), number)
    return {**_own(row), **public_json(row), "not_written": [text.zh for text in open_lines(row)]}


@router.get("/own-products/{number}/funnel", summary="Views, invitations, inquiries and deals of one's own product")
def funnel_of_product(request: HttpRequest, number: str) -> dict[str, Any]:
    return asdict(funnel.of_product(queries.get_product(member(request), number)))


@router.post("/own-products", summary="Describe a product over a registered asset; it is a draft until it is listed")
def create(request: HttpRequest, said: ProductIn) -> dict[str, Any]:
    actor, data = member(request), said.dict()
    return once_api(request, data, lambda: {"number": services.create_product(actor, **data).number})
