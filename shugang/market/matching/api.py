"""Matches through the API: every part with its reason."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Router

from shugang.kernel import paging

from ..demand import queries as demands
from ..http import member
from . import queries

router = Router(tags=["demands"])


@router.get("/own-demands/{number}/matches", summary="Products that meet a demand, part by part, and why others do not")
def matches(request: HttpRequest, number: str) -> dict[str, Any]:
    actor = member(request)
    demand = demands.get_demand(actor, number)
    found = {
        name: [queries.as_json(m) for m in queries.of_demand(demand.pk, actor, passes)]
        for name, passes in (("items", True), ("stopped", False))
    }
    return {**found, "waits": queries.waits(number)}


@router.get("/met-demands", summary="Open demands that the acting supplier's products meet")
def met_demands(request: HttpRequest, after: str = "") -> dict[str, Any]:
    found = paging.page(queries.for_supplier(member(request)), after)
    return {"items": [queries.as_json(m) for m in found.items], "next": found.next, "total": found.total}
