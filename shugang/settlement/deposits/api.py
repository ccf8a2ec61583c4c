"""Deposits of the acting party through the API; amounts in 分."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Router

from shugang.kernel import paging

from ..http import actor_of
from . import queries

router = Router(tags=["deposits"])


@router.get("/deposits", summary="Deposits of the acting party, newest first; pay with `number` as the reference")
def deposits(request: HttpRequest, after: str = "", state: str = "") -> dict[str, Any]:
    page = paging.page(queries.deposits(actor_of(request), state), after)
    items = [
        {"number": d.number, "party": d.party.number, "key": d.key, "title": d.title, "amount_fen": d.amount_fen,
         "state": d.state, "paid_at": d.paid_at, "ended_at": d.ended_at, "forfeited_fen": d.forfeited_fen,
         "beneficiary": d.beneficiary.number if d.beneficiary else None, "reason": d.reason}
        for d in page.items
    ]  # fmt: skip
    return {"items": items, "next": page.next, "total": page.total}
