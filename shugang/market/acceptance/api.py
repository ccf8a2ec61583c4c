"""Acceptances through the API; their steps are taken at `/api/v1/cases/{number}` like every procedure's."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Router

from shugang.kernel import paging

from ..http import member
from . import queries
from .models import Acceptance

router = Router(tags=["acceptances"])


def _summary(row: Acceptance) -> dict[str, Any]:
    return {
        "number": row.number, "contract": row.contract.number, "product": row.contract.product.number, "rule": row.rule,
        "state": row.case.state, "revision": row.case.revision, "round": row.round, "delivered_at": row.delivered_at,
        "delivered_by": row.delivered_by, "outcome": row.outcome, "decided_at": row.decided_at,
    }  # fmt: skip


@router.get("/acceptances", summary="Acceptances of the acting party's contracts, newest first")
def acceptances(request: HttpRequest, state: str = "", after: str = "") -> dict[str, Any]:
    found = paging.page(queries.acceptances(member(request), state), after)
    return {"items": [_summary(row) for row in found.items], "next": found.next, "total": found.total}


@router.get("/acceptances/{number}", summary="One acceptance: its delivery, statements with signatures, objections")
def acceptance(request: HttpRequest, number: str) -> dict[str, Any]:
    row = queries.get_acceptance(member(request), number)
    statements = [
        {
            "content": s["row"].content, "sha256": s["row"].sha256, "context": s["row"].context,
            "supplier_signature": s["row"].supplier_signature, "buyer_signature": s["row"].buyer_signature,
            "refused": s["row"].refused,
        }
        for s in queries.statements(row)
    ]  # fmt: skip
    said = [{"step": s["step"].to_json(), "side": s["side"], "at": s["at"], **s["data"]} for s in queries.said(row)]
    return {**_summary(row), "statements": statements, "said": said}
