"""Authorised operations through the API; steps (scores included) are taken at `/api/v1/cases/{number}`."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Router, Schema

from shugang.kernel import paging
from shugang.market.http import member, once_api

from . import caps, queries, services
from .models import Operation

router = Router(tags=["public data: authorised operation"])


class FormIn(Schema):
    form: dict[str, Any]


def public_json(row: Operation) -> dict[str, Any]:
    return {
        "number": row.number, "title": row.case.title, "state": row.case.state, "implementer": row.implementer.name,
        "developer": row.developer.name if row.developer and row.effective_at else None, "field": row.plan["field"],
        "mode": row.plan["mode"], "resources": row.plan["resources"], "products": [{**line, "sold": [p.number for p in sold]} for line, (_, _, sold) in zip(row.plan["products"], caps.shown(row), strict=True)], "until": row.until,
    }  # fmt: skip


@router.get(
    "/operations", summary="Calls, notices and agreements of authorised operation; no sign-in needed", auth=None
)
def calls(request: HttpRequest, after: str = "") -> dict[str, Any]:
    found = paging.page(queries.public_operations(), after)
    return {"items": [public_json(r) for r in found.items], "next": found.next, "total": found.total}


@router.get("/own-operations", summary="Authorised operations in which the acting party takes part")
def own(request: HttpRequest, state: str = "", after: str = "") -> dict[str, Any]:
    found = paging.page(queries.operations(member(request), state), after)
    return {"items": [public_json(r) for r in found.items], "next": found.next, "total": found.total}


@router.get("/own-operations/{number}", summary="One authorised operation: plan, agreement, grants")
def one(request: HttpRequest, number: str) -> dict[str, Any]:
    actor = member(request)
    row = queries.get_operation(actor, number)
    grants = [{"number": g.number, "state": g.state} for g, _ in queries.grants(actor, row)]
    return {**public_json(row), "revision": row.case.revision, "plan": row.plan, "agreement": row.content, "sha256": row.sha256,
            "sm3": row.sm3, "context": row.context, "grants": grants}  # fmt: skip


@router.post("/own-operations", summary="Submit a plan")
def plan(request: HttpRequest, said: FormIn) -> dict[str, Any]:
    actor = member(request)
    return once_api(request, said.dict(), lambda: {"number": services.plan(actor, said.form).number})


@router.post("/operations/{number}/bids", summary="Bid in a call")
def bid(request: HttpRequest, number: str, said: FormIn) -> dict[str, Any]:
    actor = member(request)
    return once_api(request, said.dict(), lambda: {"number": services.bid(actor, number, said.form).number})


@router.get("/operation-bids/{number}", summary="One bid")
def one_bid(request: HttpRequest, number: str) -> dict[str, Any]:
    row = queries.get_bid(member(request), number)
    return {"number": row.number, "operation": row.operation.number, "state": row.case.state, "proposal": row.proposal}


@router.post("/operations/{number}/objections", summary="Object to a result during its notice")
def object_to(request: HttpRequest, number: str, said: FormIn) -> dict[str, Any]:
    actor = member(request)
    return once_api(request, said.dict(), lambda: {"objection": services.object_to(actor, number, said.form).pk})
