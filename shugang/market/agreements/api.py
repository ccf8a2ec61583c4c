"""Agreements through the API; completing and ending are steps at `/api/v1/cases/{number}`."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Router, Schema

from shugang.kernel import paging

from ..contracts.api import SignatureIn, clause_json
from ..contracts.composing import compose, title_of
from ..http import member, once_api
from . import fusing, queries, services
from .models import Agreement

router = Router(tags=["agreements"])


class ProductIn(Schema):
    """One of the acting supplier's own products."""

    product: str


class AgreementIn(Schema):
    """`template`: processing, fusion or brokerage; `answers` to its form (`/contract-templates/{code}`)."""

    template: str
    others: list[str]
    answers: dict[str, Any]
    client: bool = True
    dataset: str = ""


def _summary(row: Agreement) -> dict[str, Any]:
    return {
        "number": row.number, "template": row.template, "state": row.case.state, "revision": row.case.revision,
        "parties": [p["number"] for p in row.content["parties"]], "sha256": row.sha256, "sm3": row.sm3, "context": row.context,
        "grant": row.grant.number if row.grant else None, "until": row.until, "effective_at": row.effective_at,
    }  # fmt: skip


@router.get("/agreements", summary="Agreements of the acting party, newest first")
def agreements(request: HttpRequest, state: str = "", after: str = "") -> dict[str, Any]:
    found = paging.page(queries.agreements(member(request), state), after)
    return {"items": [_summary(row) for row in found.items], "next": found.next, "total": found.total}


@router.get("/agreements/{number}", summary="One agreement: content, clauses, signatures")
def agreement(request: HttpRequest, number: str) -> dict[str, Any]:
    row = queries.get_agreement(member(request), number)
    signed = [
        {"party": s["party"]["number"], "holds": s["holds"], "signature": s["row"].signature if s["row"] else None}
        for s in queries.signatures(row)
    ]
    words = [clause_json(c) for c in compose(row.content)]
    return {
        **_summary(row),
        "title": title_of(row.content).to_json(),
        "content": row.content,
        "clauses": words,
        "signatures": signed,
        "products": [p.number for p in fusing.fused(row)],
    }


@router.post("/agreements", summary="Draft an agreement from a template; every party signs it")
def propose(request: HttpRequest, said: AgreementIn) -> dict[str, Any]:
    actor = member(request)

    def run() -> dict[str, Any]:
        row = services.propose(
            actor, said.template, said.others, said.answers, client=said.client, dataset=said.dataset
        )
        return {"number": row.number, "sha256": row.sha256}

    return once_api(request, said.dict(), run)


@router.post("/agreements/{number}/signature", summary="Sign the digest of an agreement")
def sign(request: HttpRequest, number: str, said: SignatureIn) -> dict[str, Any]:
    actor = member(request)

    def run() -> dict[str, Any]:
        row = services.sign(actor, number, said.own_signature, said.revision, said.sha256)
        return {"number": row.number, "state": row.case.state, "grant": row.grant.number if row.grant else None}

    return once_api(request, said.dict(), run)


@router.post(
    "/agreements/{number}/products", summary="Name a product of a joint development: its contracts share as agreed"
)
def tie(request: HttpRequest, number: str, said: ProductIn) -> dict[str, Any]:
    actor = member(request)
    return once_api(request, said.dict(), lambda: {"product": fusing.tie(actor, number, said.product).product.number})
