"""REST of objections and tickets. Steps of a case go through `/cases/{number}/steps/{step}`."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Router, Schema

from shugang.kernel import idempotency, paging
from shugang.parties.http import actor_of

from . import queries, services

router = Router(tags=["rectification"])


class Filing(Schema):
    """`key`: which row, in words or by its key; may be empty where the whole column is meant."""

    dataset: str
    column: str
    key: str = ""
    says: str


@router.get("/rectifications", summary="Tickets that the acting party takes part in")
def tickets(request: HttpRequest, state: str = "", origin: str = "", after: str = "") -> dict[str, Any]:
    page = paging.page(queries.tickets(actor_of(request), state, origin), after)
    return {"items": [queries.ticket_json(t) for t in page.items], "next": page.next, "total": page.total}


@router.get("/rectifications/board", summary="Each department's tickets: open, escalated, closed, working days")
def board(request: HttpRequest) -> dict[str, Any]:
    return {"items": queries.board(actor_of(request))}


@router.get("/rectifications/{number}", summary="One ticket with its findings and objections")
def ticket(request: HttpRequest, number: str) -> dict[str, Any]:
    row = queries.get_ticket(actor_of(request), number)
    said = queries.objections_of(actor_of(request), row)
    return {
        **queries.ticket_json(row),
        "findings": [{"source": f.source, "version": f.version, "facts": f.facts, "at": f.at.isoformat()} for f in row.findings.order_by("id")[:100]],
        "objections": [{"number": o.number, "column": o.column, "key": o.key, "says": o.says, "ended": o.ended_at is not None} for o in said],
    }  # fmt: skip


@router.get(
    "/objections/marks/{dataset}",
    summary="The objection mark of a data set: how many, since when, which columns",
    auth=None,
)
def mark(request: HttpRequest, dataset: str) -> dict[str, Any]:
    return queries.mark_json(queries.public_mark_of(dataset))


@router.post("/objections", summary="Object to a datum; the mark shows at once")
def object_to(request: HttpRequest, body: Filing) -> dict[str, Any]:
    def run() -> dict[str, Any]:
        made = services.object_to(actor_of(request), body.dataset, body.column, body.key, body.says)
        return {"number": made.number, "ticket": made.ticket.number}

    key = request.headers.get("Idempotency-Key")
    return idempotency.once(actor_of(request), key, idempotency.fingerprint(request.path, body.dict()), run)
