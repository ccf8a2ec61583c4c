"""The trace of public data through the API."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Router

from shugang.market.http import member

from . import queries

router = Router(tags=["public data: trace"])


@router.get(
    "/public-trace/{kind}/{number}",
    summary="Who approved, who used it when and how much, what came of it; kind: grant, dataset, resource",
)
def trace(request: HttpRequest, kind: str, number: str) -> dict[str, Any]:
    return queries.to_json(queries.trace(member(request), kind, number))
