"""Settlement runs through the API, for platform finance: rate, issue, exchange files with the custodian, split."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest
from ninja import Router, Schema

from shugang.kernel import idempotency
from shugang.kernel.actors import Actor

from .. import gates
from ..bills import queries
from ..bills.models import Bill
from ..bills.services import issue_all, issue_bill
from ..payouts.receiving import exchange
from ..payouts.services import instruct_all
from .services import rate_all, rate_period

router = Router(tags=["settlement"])


class Run(Schema):
    """`contract` empty: all contracts."""

    contract: str = ""


def _once(request: HttpRequest, body: Run, act: Callable[[Actor], dict[str, Any]]) -> dict[str, Any]:
    actor: Actor = request.actor  # type: ignore[attr-defined]
    gates.require_operator(actor)
    key = request.headers.get("Idempotency-Key")
    return idempotency.once(actor, key, idempotency.fingerprint(request.path, body.contract), lambda: act(actor))


def _draft(bill: Bill) -> dict[str, Any]:
    return {"contract": bill.agreement.number, "kind": bill.kind, "total_fen": bill.total_fen}


@router.post("/settlement/rate", summary="Rate use into drafts")
def rate(request: HttpRequest, body: Run) -> dict[str, Any]:
    def act(actor: Actor) -> dict[str, Any]:
        if body.contract:
            made = [bill] if (bill := rate_period(actor, body.contract)) else []
        else:
            made = rate_all(actor)
        return {"drafts": [_draft(bill) for bill in made]}

    return _once(request, body, act)


@router.get("/settlement/drafts", summary="Drafts that await a check")
def drafts(request: HttpRequest) -> dict[str, Any]:
    actor: Actor = request.actor  # type: ignore[attr-defined]
    gates.require_operator(actor)
    return {"items": [_draft(bill) for bill in queries.drafts(actor)]}


@router.post("/settlement/issue", summary="Issue drafts: they get their numbers and never change again")
def issue(request: HttpRequest, body: Run) -> dict[str, Any]:
    def act(actor: Actor) -> dict[str, Any]:
        issued = [issue_bill(actor, body.contract)] if body.contract else issue_all(actor)
        return {"issued": [bill.number for bill in issued]}

    return _once(request, body, act)


@router.post("/settlement/exchange", summary="Send instructions to the custodian, read its reports")
def exchange_files(request: HttpRequest) -> dict[str, Any]:
    return _once(request, Run(), lambda actor: {"read": [file.name for file in exchange(actor)]})


@router.post("/settlement/split", summary="Instruct the split of every paid bill")
def split(request: HttpRequest) -> dict[str, Any]:
    return _once(request, Run(), lambda actor: {"split": [bill.number for bill in instruct_all(actor)]})
