"""The ledger through the API: accounts and entries that the caller may see; amounts in 分."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Router

from shugang.kernel import paging

from .. import gates
from . import queries

router = Router(tags=["ledger"])


@router.get("/ledger", summary="Accounts and balances (platform finance)")
def accounts(request: HttpRequest) -> dict[str, Any]:
    actor = request.actor  # type: ignore[attr-defined]
    gates.require_operator(actor)
    items = [
        {
            "code": a.code,
            "kind": a.kind,
            "party": a.party.number if a.party else None,
            "balance_fen": a.balance,
            "entries": a.version,
        }
        for a in queries.accounts(actor)
    ]
    return {"items": items, "sum_fen": sum(item["balance_fen"] for item in items)}


@router.get("/ledger-checks", summary="The ledger's invariants, checked now (platform finance and the supervisor)")
def checks(request: HttpRequest) -> dict[str, Any]:
    found = queries.checked(request.actor)  # type: ignore[attr-defined]
    items = [
        {"invariant": i.name, "meaning": i.label.to_json(), "violations": [v._asdict() for v in broken]}
        for i, broken in found
    ]
    return {"items": items, "violations": sum(len(broken) for _, broken in found)}


@router.get("/ledger/{code}", summary="One account's entries, newest first")
def entries(request: HttpRequest, code: str, after: str = "") -> dict[str, Any]:
    page = paging.page(queries.entries(request.actor, code), after)  # type: ignore[attr-defined]
    items = [
        {
            "version": e.version,
            "key": e.transfer.key,
            "kind": e.transfer.kind,
            "refs": e.transfer.refs,
            "effective_at": e.transfer.effective_at,
            "amount_fen": e.amount,
            "balance_after_fen": e.balance_after,
        }
        for e in page.items
    ]
    return {"items": items, "next": page.next, "total": page.total}
