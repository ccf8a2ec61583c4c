"""Trade through the API: inquire, read a negotiation, quote, counter, accept."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Router, Schema

from shugang.kernel import paging
from shugang.kernel.models import Case

from ..http import member, once_api
from . import queries, relations, services
from .models import PartyTie

router = Router(tags=["trade"])


class InquiryIn(Schema):
    """The purpose by its code, and the need in words."""

    purpose: str
    need: str


class OfferIn(Schema):
    """Terms and price plan as `policy` spells them; `revision` guards against a stale view."""

    terms: dict[str, Any]
    plan: dict[str, Any]
    message: str = ""
    revision: int | None = None


@router.get("/inquiries", summary="Inquiries of the acting party, newest first")
def inquiries(request: HttpRequest, state: str = "", after: str = "") -> dict[str, Any]:
    found = paging.page(queries.inquiries(member(request), state), after)
    return {"items": [queries.summary(i) for i in found.items], "next": found.next, "total": found.total}


@router.get("/inquiries/{number}", summary="One negotiation: every version, what it changes, deadlines, steps")
def inquiry(request: HttpRequest, number: str) -> dict[str, Any]:
    return queries.negotiation(queries.get_inquiry(member(request), number))


@router.post("/products/{number}/inquiries", summary="Ask the supplier for a quotation")
def inquire(request: HttpRequest, number: str, said: InquiryIn) -> dict[str, Any]:
    actor, data = member(request), said.dict()
    return once_api(request, data, lambda: {"number": services.inquire(actor, number, data).number})


def _moved(case: Case) -> dict[str, Any]:
    contract = getattr(getattr(case, "inquiry", None), "contract", None)
    return {
        "number": case.number,
        "state": case.state,
        "revision": case.revision,
        "contract": getattr(contract, "number", None),
    }


@router.post("/inquiries/{number}/quotations", summary="The next version: the supplier quotes, the buyer counters")
def offer(request: HttpRequest, number: str, said: OfferIn) -> dict[str, Any]:
    actor = member(request)
    row = queries.get_inquiry(actor, number)
    act = services.quote if actor.party_id == row.supplier_id else services.counter
    return once_api(
        request, said.dict(), lambda: _moved(act(actor, number, said.terms, said.plan, said.message, said.revision))
    )


@router.post("/inquiries/{number}/acceptance", summary="Accept the other side's last version; a contract is drawn up")
def accept(request: HttpRequest, number: str, revision: int | None = None) -> dict[str, Any]:
    actor = member(request)
    return once_api(request, revision, lambda: _moved(services.accept(actor, number, revision)))


class TieIn(Schema):
    """`party` controls, or acts for, `other` (numbers); kind: control or agent."""

    party: str
    other: str
    kind: str
    ground: str


class EndIn(Schema):
    reason: str


def _tie(row: PartyTie) -> dict[str, Any]:
    return {
        "id": row.pk, "party": row.party.number, "other": row.other.number, "kind": row.kind, "ground": row.ground,
        "recorded_at": row.recorded_at, "ended_at": row.ended_at,
    }  # fmt: skip


@router.get("/party-ties", summary="Control and agency that the acting party may see, newest first")
def ties(request: HttpRequest, after: str = "") -> dict[str, Any]:
    found = paging.page(queries.ties(member(request)), after)
    return {"items": [_tie(t) for t in found.items], "next": found.next, "total": found.total}


@router.post("/party-ties", summary="Record a tie (the venue's reviewer) or declare one's own (the party's manager)")
def record(request: HttpRequest, said: TieIn) -> dict[str, Any]:
    actor = member(request)

    def act() -> dict[str, Any]:
        return {"id": relations.record_tie(actor, said.party, said.other, said.kind, said.ground).pk}

    return once_api(request, said.dict(), act)


@router.post("/party-ties/{pk}/end", summary="End a tie that was verified to be over (the venue's reviewer)")
def end(request: HttpRequest, pk: int, said: EndIn) -> dict[str, Any]:
    actor = member(request)
    return once_api(request, said.dict(), lambda: {"id": relations.end_tie(actor, pk, said.reason).pk})
