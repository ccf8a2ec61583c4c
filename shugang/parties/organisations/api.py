"""Parties through the API."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Router

from shugang.kernel import paging

from . import queries
from .models import Party

router = Router(tags=["parties"])


def _public(party: Party) -> dict[str, Any]:
    return {
        "number": party.number,
        "name": party.name,
        "name_en": party.name_en,
        "uscc": party.uscc,
        "roles": sorted(party.roles),
        "status": party.status,
    }


@router.get("/parties", auth=None, summary="Admitted parties, newest first")
def parties(request: HttpRequest, role: str = "", after: str = "") -> dict[str, Any]:
    from .models import ROLES

    page = paging.page(queries.public_parties(role if role in ROLES else ""), after)
    return {"items": [_public(p) for p in page.items], "next": page.next, "total": page.total}


@router.get("/parties/{number}", auth=None, summary="One party as anyone may see it")
def party(request: HttpRequest, number: str) -> dict[str, Any]:
    return _public(queries.public_party(number))


@router.get("/me", summary="Who the caller is and for whom he acts")
def me(request: HttpRequest) -> dict[str, Any]:
    actor = request.actor  # type: ignore[attr-defined]
    own = Party.objects.visible_to(actor).filter(pk=actor.party_id or 0).first()
    return {
        "label": actor.label,
        "party": _public(own) if own else None,
        "duties": sorted(actor.duties),
        "posts": sorted(actor.posts),
        "second_factor": actor.second_factor,
    }
