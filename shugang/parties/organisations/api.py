"""Parties through the API: the public directory, and who the caller is."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Router

from shugang.kernel import paging

from . import pages, queries

router = Router(tags=["parties"])


@router.get("/parties", summary="Admitted parties, newest first; no sign-in needed", auth=None)
def parties(request: HttpRequest, role: str = "", after: str = "") -> dict[str, Any]:
    found = paging.page(queries.public_parties(role), after)
    return {"items": [pages.facts(p) for p in found.items], "next": found.next, "total": found.total}


@router.get("/parties/{number}", summary="One admitted party", auth=None)
def party(request: HttpRequest, number: str) -> dict[str, Any]:
    return pages.facts(queries.public_party(number))


@router.get("/me", summary="Who the caller is, for which party, with which duties")
def me(request: HttpRequest) -> dict[str, Any]:
    actor = request.actor  # type: ignore[attr-defined]
    return {
        "person": actor.person.username,
        "name": str(actor.person),
        "party": pages.facts(actor.party) if actor.party else None,
        "roles": sorted(actor.roles),
        "duties": sorted(actor.duties),
        "posts": sorted(actor.posts),
        "second_factor": actor.second_factor,
    }
