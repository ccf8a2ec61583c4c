"""Saved searches through the API; the search itself is `GET /products`."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Router, Schema

from ..http import member, once_api
from . import finding, saved

router = Router(tags=["products"])


class SearchIn(Schema, extra="forbid"):
    """`query` as in the address of the list: `q=空气&sector=N`."""

    name: str
    query: str


def _row(kept: saved.Kept) -> dict[str, Any]:
    return {
        "id": kept.row.pk,
        "name": kept.row.name,
        "query": kept.row.query,
        "new": kept.new,
        "seen_at": kept.row.seen_at.isoformat(),
    }


@router.get("/saved-searches", summary="The person's saved searches, each with how many products are new")
def searches(request: HttpRequest) -> dict[str, Any]:
    return {"items": [_row(kept) for kept in saved.searches(member(request))]}


@router.post("/saved-searches", summary="Keep a search under a name")
def save(request: HttpRequest, said: SearchIn) -> dict[str, Any]:
    actor = member(request)
    return once_api(request, said.dict(), lambda: {"id": saved.save(actor, said.name, said.query).pk})


@router.post(
    "/saved-searches/{pk}/seen", summary="What is new of it has been looked at; answers the first page of its matches"
)
def seen(request: HttpRequest, pk: int) -> dict[str, Any]:
    from .catalogue import as_json

    wanted = saved.read(saved.seen(member(request), pk).query)
    return as_json(wanted, finding.find(wanted))


@router.delete("/saved-searches/{pk}", summary="Delete a saved search")
def delete(request: HttpRequest, pk: int) -> dict[str, Any]:
    saved.delete(member(request), pk)
    return {"deleted": pk}
