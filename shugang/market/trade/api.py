"""Trade through the API: inquire, read a negotiation, quote, counter, accept."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Router, Schema

from shugang.kernel import paging
from shugang.kernel.models import Case

from ..http import member, once_api
from . import queries, services
from .models import Inquiry

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


def _summary(row: Inquiry) -> dict[str, Any]:
    return {
        "number": row.case.number, "product": row.product.number, "buyer": row.buyer.number, "supplier": row.supplier.number,
        "purpose": row.purpose, "need": row.need, "state": row.case.state, "revision": row.case.revision,
        "contract": getattr(getattr(row, "contract", None), "number", None),
    }  # fmt: skip


@router.get("/inquiries", summary="Inquiries of the acting party, newest first")
def inquiries(request: HttpRequest, state: str = "", after: str = "") -> dict[str, Any]:
    found = paging.page(queries.inquiries(member(request), state), after)
    return {"items": [_summary(i) for i in found.items], "next": found.next, "total": found.total}


@router.get("/inquiries/{number}", summary="One negotiation with every version of its terms and price")
def inquiry(request: HttpRequest, number: str) -> dict[str, Any]:
    row = queries.get_inquiry(member(request), number)
    versions = [
        {"version": q.version, "side": q.side, "terms": q.terms, "plan": q.plan, "message": q.message, "digest": q.digest,
         "made_at": q.made_at}
        for q in queries.versions(row)
    ]  # fmt: skip
    return {**_summary(row), "versions": versions}


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
