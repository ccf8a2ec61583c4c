"""The custodian's movements through the API, for platform finance: list, match, return, send again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest
from ninja import Router, Schema

from shugang.kernel import idempotency, paging
from shugang.kernel.actors import Actor

from .. import gates
from . import bank, broking, queries, recovering, services, suspense

router = Router(tags=["custodian"])


@router.get(
    "/broker-fees", tags=["bills"], summary="Fees of brokers out of bills: one's own, or one's brokers'; newest first"
)
def broker_fees(request: HttpRequest, after: str = "") -> dict[str, Any]:
    rows = broking.lines(request.actor)  # type: ignore[attr-defined]
    page = paging.page(rows, after)
    items = [broking.as_json(row) for row in page.items]
    return {"items": items, "next": page.next, "total": page.total, "sums": broking.sums(rows)}


@router.get(
    "/receivables",
    tags=["bills"],
    summary="What is owed back of settled bills: by or to the acting party; newest first",
)
def receivables(request: HttpRequest, after: str = "", only_open: bool = False) -> dict[str, Any]:
    page = paging.page(recovering.receivables(request.actor, only_open), after)  # type: ignore[attr-defined]
    return {"items": [recovering.as_json(row) for row in page.items], "next": page.next, "total": page.total}


@router.get("/bank", summary="Movements on the custodian's statement, newest first; amounts in 分")
def movements(request: HttpRequest, after: str = "", state: str = "") -> dict[str, Any]:
    actor = request.actor  # type: ignore[attr-defined]
    gates.require_operator(actor)
    page = paging.page(queries.lines(actor, state), after)
    items = [
        {
            "bank_ref": x.bank_ref,
            "direction": x.direction,
            "amount_fen": x.amount_fen,
            "reference": x.reference,
            "counterparty": x.counterparty,
            "at": x.at,
            "state": x.state,
            "owner": x.owner_id,
            "bill": x.bill.number if x.bill else None,
            "instruction": x.instruction.number if x.instruction else None,
        }
        for x in page.items
    ]
    return {"items": items, "next": page.next, "total": page.total}


class Act(Schema):
    """`reference`: a movement's bank_ref (match, return) or an instruction's number (retry)."""

    reference: str
    bill: str = ""


def _once(request: HttpRequest, body: Act, act: Callable[[Actor], dict[str, Any]]) -> dict[str, Any]:
    """Once per `Idempotency-Key`; afterwards new instructions are written for the custodian."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    gates.require_operator(actor)
    key = request.headers.get("Idempotency-Key")
    same = idempotency.fingerprint(request.path, body.reference, body.bill)
    answer = idempotency.once(actor, key, same, lambda: act(actor))
    bank.send_instructions()
    return answer


@router.post("/bank/match", summary="Match an unmatched receipt with a bill of its amount")
def match(request: HttpRequest, body: Act) -> dict[str, Any]:
    def act(actor: Actor) -> dict[str, Any]:
        matched = services.match_receipt(actor, body.reference, body.bill)
        return {"bill": matched.number, "state": matched.state}

    return _once(request, body, act)


@router.post("/bank/own", summary="Answer for an unmatched receipt")
def own(request: HttpRequest, body: Act) -> dict[str, Any]:
    return _once(request, body, lambda actor: {"owner": suspense.take_over(actor, body.reference).owner_id})


@router.post("/bank/return", summary="Pay an unmatched receipt back to its payer")
def give_back(request: HttpRequest, body: Act) -> dict[str, Any]:
    return _once(request, body, lambda actor: {"instruction": services.return_receipt(actor, body.reference).number})


@router.post("/bank/retry", summary="Send a failed payment instruction again")
def retry(request: HttpRequest, body: Act) -> dict[str, Any]:
    return _once(request, body, lambda actor: {"attempt": services.retry_instruction(actor, body.reference).attempt})
