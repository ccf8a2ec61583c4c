"""Samples through the API."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Router

from shugang.kernel import paging

from ..http import member, once_api
from . import queries, services

router = Router(tags=["samples"])


@router.get("/samples", summary="Samples that the acting party took, and those taken of its products; newest first")
def samples(request: HttpRequest, after: str = "") -> dict[str, Any]:
    found = paging.page(queries.samples(member(request)), after)
    return {"items": [queries.as_json(row) for row in found.items], "next": found.next, "total": found.total}


@router.post(
    "/products/{number}/samples", summary="Take the product's sample: a free grant of its own, for a short time"
)
def take(request: HttpRequest, number: str) -> dict[str, Any]:
    actor = member(request)
    return once_api(request, number, lambda: _taken(services.take_sample(actor, number)))


def _taken(row: Any) -> dict[str, Any]:
    return {
        "grant": row.grant.number,
        "unit": row.unit,
        "size": row.size,
        "valid_until": row.grant.valid_until.isoformat(),
    }
