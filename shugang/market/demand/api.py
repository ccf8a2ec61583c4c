"""Demands and invitations through the API. Further steps are those of `/cases/{number}/steps/{step}`."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django.http import HttpRequest
from ninja import Router, Schema

from shugang.kernel import paging
from shugang.kernel.errors import not_found
from shugang.kernel.models import Case

from ..http import member, once_api, visitor
from . import broking, comparing, funnel, inviting, queries, services
from .forms import FORM
from .models import Demand, QuoteInvitation

router = Router(tags=["demands"])


class DemandIn(Schema):
    """The answers of the form (GET /demand-form); `columns` may be a list of {name, meaning}. Under a broker's `mandate` the
    demand is published at once."""

    form: dict[str, Any]
    revision: int | None = None
    mandate: str = ""


class InvitationIn(Schema):
    """The supplier by its number."""

    supplier: str
    message: str = ""
    mandate: str = ""


class AnswerIn(Schema):
    """One of the supplier's listed products by its number."""

    product: str
    message: str = ""
    revision: int | None = None
    mandate: str = ""


class MandatedInquiryIn(Schema):
    """What a broker asks for its principal."""

    product: str
    purpose: str
    need: str


def _moved(case: Case) -> dict[str, Any]:
    return {"number": case.number, "state": case.state, "revision": case.revision}


def _own(row: Demand) -> dict[str, Any]:
    return {
        "number": row.number,
        "state": row.state,
        "revision": row.case.revision,
        "version": row.version,
        **row.content,
    }


def _invitation(row: QuoteInvitation, request: HttpRequest) -> dict[str, Any]:
    inquiry = row.inquiry
    return {
        "number": row.number, "state": row.case.state, "revision": row.case.revision, "supplier": row.supplier.number, "message": row.message,
        "demand": queries.public_json(row.demand, member(request)), "product": row.product.number if row.product else None,
        "inquiry": inquiry.case.number if inquiry else None,
    }  # fmt: skip


@router.get("/demand-form", auth=None, summary="The form of a demand")
def form(request: HttpRequest) -> dict[str, Any]:
    return FORM.schema()


@router.get("/demands", auth=None, summary="Published demands, newest first; q and sector filter them")
def demands(request: HttpRequest, q: str = "", sector: str = "", after: str = "") -> dict[str, Any]:
    found = paging.page(queries.public_demands(q[:100], sector), after)
    return {
        "items": [queries.public_json(d, visitor(request)) for d in found.items],
        "next": found.next,
        "total": found.total,
    }


@router.get("/demands/{number}", auth=None, summary="One published demand")
def demand(request: HttpRequest, number: str) -> dict[str, Any]:
    return queries.public_json(queries.public_demand(number, visitor(request)), visitor(request))


@router.get("/own-demands", summary="Demands of the acting party in every state, newest first")
def own_demands(request: HttpRequest, state: str = "", after: str = "") -> dict[str, Any]:
    found = paging.page(queries.demands(member(request), state), after)
    return {"items": [_own(d) for d in found.items], "next": found.next, "total": found.total}


@router.get("/own-demands/{number}", summary="One of them, with every version's digest")
def own_demand(request: HttpRequest, number: str) -> dict[str, Any]:
    actor = member(request)
    row = queries.get_demand(actor, number)
    versions = [{"version": v.version, "digest": v.digest, "made_at": v.made_at} for v in queries.versions(row, actor)]
    return {**_own(row), "versions": versions}


@router.post("/own-demands", summary="Draft a demand")
def draft(request: HttpRequest, said: DemandIn) -> dict[str, Any]:
    actor = member(request)
    return once_api(request, said.dict(), lambda: _moved(
        services.post_for(actor, said.mandate, said.form) if said.mandate else services.draft(actor, said.form)))  # fmt: skip


@router.post("/own-demands/{number}/versions", summary="The next version: of a draft, or of a published demand")
def revise(request: HttpRequest, number: str, said: DemandIn) -> dict[str, Any]:
    actor = member(request)
    return once_api(request, said.dict(), lambda: _moved(services.revise(actor, number, said.form, said.revision)))


@router.post("/own-demands/{number}/publication", summary="Publish a draft, or submit it where the rules want a review")
def publish(request: HttpRequest, number: str, revision: int | None = None) -> dict[str, Any]:
    actor = member(request)
    return once_api(request, revision, lambda: _moved(services.put_forward(actor, number, revision)))


@router.get("/own-demands/{number}/funnel", summary="Views, invitations, inquiries and deals of one's own demand")
def funnel_of_demand(request: HttpRequest, number: str) -> dict[str, Any]:
    actor = member(request)
    demand = queries.get_demand(actor, number)
    if demand.party_id != actor.party_id:
        raise not_found(queries.DEMAND)
    return asdict(funnel.of_demand(demand))


@router.get("/own-demands/{number}/answers", summary="The answers side by side, each as it stands now")
def answers(request: HttpRequest, number: str) -> dict[str, Any]:
    actor = member(request)
    found = comparing.answers(queries.get_demand(actor, number), actor)
    return {"items": [
        {"invitation": a.invitation.number, "inquiry": a.invitation.inquiry.case.number if a.invitation.inquiry else None,
         "product": a.product.number, "supplier": a.product.supplier.number, "state": a.state.zh, "price": a.price.zh, "quoted": a.quoted,
         "facts": {label.en: getattr(value, "zh", value) for label, value in a.facts}} for a in found]}  # fmt: skip


@router.post("/own-demands/{number}/invitations", summary="Invite a supplier to answer a published demand")
def invite(request: HttpRequest, number: str, said: InvitationIn) -> dict[str, Any]:
    actor = member(request)
    return once_api(
        request, said.dict(), lambda: _moved(inviting.invite(actor, number, said.supplier, said.message, said.mandate))
    )


@router.get("/invitations", summary="Invitations that the acting supplier received, newest first")
def invitations(request: HttpRequest, state: str = "", after: str = "") -> dict[str, Any]:
    found = paging.page(queries.invitations(member(request), state), after)
    return {"items": [_invitation(i, request) for i in found.items], "next": found.next, "total": found.total}


@router.get("/invitations/{number}", summary="One invitation")
def invitation(request: HttpRequest, number: str) -> dict[str, Any]:
    return _invitation(queries.get_invitation(member(request), number), request)


@router.post("/invitations/{number}/answer", summary="Answer with a listed product; an inquiry begins")
def answer(request: HttpRequest, number: str, said: AnswerIn) -> dict[str, Any]:
    actor = member(request)
    return once_api(
        request,
        said.dict(),
        lambda: _moved(inviting.answer(actor, number, said.product, said.message, said.revision, said.mandate)),
    )


@router.delete("/invitations/{number}", summary="Take an unanswered invitation back")
def cancel(request: HttpRequest, number: str) -> dict[str, Any]:
    actor = member(request)
    return once_api(request, number, lambda: _moved(inviting.cancel(actor, number)))


@router.post("/mandates/{number}/inquiries", summary="A broker inquires for its principal, who negotiates on")
def inquire_for(request: HttpRequest, number: str, said: MandatedInquiryIn) -> dict[str, Any]:
    actor, asked = member(request), {"purpose": said.purpose, "need": said.need}
    return once_api(request, said.dict(), lambda: _moved(broking.inquire_for(actor, number, said.product, asked)))
