"""Contracts through the API: read, sign (also with a key in own custody), change."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Router, Schema

from shugang.kernel import paging

from ..http import member, once_api
from . import queries, services
from .models import Contract

router = Router(tags=["contracts"])


class SignatureIn(Schema):
    """`own_signature`: base64 Ed25519 over the digest, when the key is in own custody."""

    own_signature: str = ""
    revision: int | None = None


class ChangeIn(Schema):
    """`kind`: suspend, resume or terminate."""

    kind: str
    reason: str


def _summary(row: Contract) -> dict[str, Any]:
    return {
        "number": row.number, "product": row.product.number, "buyer": row.buyer.number, "supplier": row.supplier.number,
        "state": row.state, "held_by": row.held_by, "reason": row.reason, "revision": row.case.revision, "sha256": row.sha256,
        "sm3": row.sm3, "grant": row.grant.number if row.grant else None, "valid_until": row.valid_until,
        "effective_at": row.effective_at,
    }  # fmt: skip


@router.get("/contracts", summary="Contracts of the acting party, newest first")
def contracts(request: HttpRequest, state: str = "", after: str = "") -> dict[str, Any]:
    found = paging.page(queries.contracts(member(request), state).select_related("case"), after)
    return {"items": [_summary(c) for c in found.items], "next": found.next, "total": found.total}


@router.get("/contracts/{number}", summary="One contract: frozen text, signatures, what is left of its quotas")
def contract(request: HttpRequest, number: str) -> dict[str, Any]:
    row = queries.get_contract(member(request), number)
    left = [{"quota": q.quota.to_json(), "used": q.used, "left": q.left} for q in queries.left(row)]
    signed = [
        {"side": s["side"], "holds": s["good"], "signature": s["row"].signature if s["row"] else None}
        for s in queries.signatures(row)
    ]
    return {**_summary(row), "context": row.context, "snapshot": row.snapshot, "signatures": signed, "left": left}


@router.post(
    "/contracts/{number}/signature", summary="Sign the digest shown; own_signature when the key is in own custody"
)
def sign(request: HttpRequest, number: str, said: SignatureIn) -> dict[str, Any]:
    actor = member(request)

    def run() -> dict[str, Any]:
        row = services.sign(actor, number, said.own_signature, said.revision)
        return {"number": row.number, "state": row.state, "grant": row.grant.number if row.grant else None}

    return once_api(request, said.dict(), run)


@router.post(
    "/contracts/{number}/changes",
    summary="suspend, resume or terminate: a party proposes or agrees, an authority orders",
)
def change(request: HttpRequest, number: str, said: ChangeIn) -> dict[str, Any]:
    actor = member(request)
    act = services.CHANGES.get(said.kind)
    if act is None:
        raise services.unknown_change(said.kind)
    return once_api(request, said.dict(), lambda: {"number": number, "state": act(actor, number, said.reason).state})
