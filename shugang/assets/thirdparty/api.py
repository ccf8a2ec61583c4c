"""REST of third-party services. Steps of offers and orders go through `/cases/{number}/steps/{step}`."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Body, Router, Schema

from shugang.kernel import paging
from shugang.parties.http import actor_of, once

from . import guards, presenting, public_pages, queries, services
from .forms import OFFER, ORDER, REPORT
from .models import ServiceOrder

router = Router(tags=["third-party services"])


class Published(Schema):
    """Whether everybody may read the conclusion."""

    public: bool


class Reason(Schema):
    """Client and every procedure that used the report read exactly this."""

    reason: str


def _order(order: ServiceOrder) -> dict[str, Any]:
    return {
        "number": order.number, "offer": order.offer.number, "kind": order.kind, "client": order.client.number,
        "agency": order.agency.number, "object": [order.object_kind, order.object_number], "fee_fen": order.fee_fen,
        "days": order.days, "state": order.case.state, "on_time": order.on_time, "objections": order.objections,
        "upheld": order.upheld, "draft_digest": order.draft["digest"] if order.draft else None,
    }  # fmt: skip


@router.get("/service-kinds", summary="The kinds of service with their rules, as the profile states them", auth=None)
def kinds(request: HttpRequest) -> dict[str, Any]:
    profile = guards.rules()
    rows = [row for row in profile.data["kinds"] if row["code"] in guards.kinds()]
    rows += [profile.data["options"][code] for code in profile.data["enabled_options"]]
    return {"profile": profile.code, "version": profile.version, "kinds": rows}


@router.get("/service-forms", summary="The forms of an offer, an order and a report", auth=None)
def forms(request: HttpRequest) -> dict[str, Any]:
    return {"offer": OFFER.schema(), "order": ORDER.schema(), "report": REPORT.schema()}


@router.get("/services", summary="Listed services: q, kind, price (fixed, quote), days", auth=None)
def listed(
    request: HttpRequest, q: str = "", kind: str = "", price: str = "", days: str = "", after: str = ""
) -> dict[str, Any]:
    page = paging.page(queries.public_offers(**public_pages.asked(request)), after)
    return {"items": [presenting.offer_json(o) for o in page.items], "next": page.next, "total": page.total}


@router.post("/services", summary="Apply to list a service (an agency's handler)")
def offer(request: HttpRequest, body: dict[str, Any] = Body(...)) -> dict[str, Any]:
    return once(request, [body], lambda: {"case": services.apply_offer(actor_of(request), body).number})


@router.get("/services/{number}", summary="One service", auth=None)
def service(request: HttpRequest, number: str) -> dict[str, Any]:
    return presenting.offer_json(queries.public_offer(number))


@router.post("/services/{number}/orders", summary="Order a service")
def place(request: HttpRequest, number: str, body: dict[str, Any] = Body(...)) -> dict[str, Any]:
    return once(request, [body], lambda: {"case": services.place_order(actor_of(request), number, body).number})


@router.get(
    "/agencies/{number}", summary="An agency: offers, qualifications, facts and how they are counted", auth=None
)
def agency(request: HttpRequest, number: str) -> dict[str, Any]:
    return presenting.agency_json(public_pages.public_agency(number))


@router.get("/service-orders", summary="Orders in which the acting party takes part")
def orders(request: HttpRequest, after: str = "") -> dict[str, Any]:
    page = paging.page(queries.orders(actor_of(request)), after)
    return {"items": [_order(o) for o in page.items], "next": page.next, "total": page.total}


@router.get("/service-orders/{number}", summary="One order")
def order(request: HttpRequest, number: str) -> dict[str, Any]:
    return _order(queries.get_order(actor_of(request), number))


@router.get("/reports", summary="Signed reports of the cases in which the acting party takes part")
def reports(request: HttpRequest, kind: str = "", after: str = "") -> dict[str, Any]:
    page = paging.page(queries.reports(actor_of(request), kind), after)
    return {"items": [queries.report_json(r, True) for r in page.items], "next": page.next, "total": page.total}


@router.get(
    "/reports/{number}",
    summary="Check a report: digest, signatures, standing; its conclusion for who may read it",
    auth=None,
)
def report(request: HttpRequest, number: str) -> dict[str, Any]:
    return queries.report_json(*queries.readable_report(actor_of(request), number))


@router.post("/reports/{number}/publication", summary="Publish a conclusion, or no longer (the client's handler)")
def publish(request: HttpRequest, number: str, said: Published) -> dict[str, Any]:
    actor = actor_of(request)
    return once(request, [said.public], lambda: {"public": services.publish_report(actor, number, said.public).public})


@router.post("/reports/{number}/withdrawal", summary="Withdraw a report (the agency's signer, or by order)")
def withdraw(request: HttpRequest, number: str, said: Reason) -> dict[str, Any]:
    actor = actor_of(request)
    return once(request, [said.reason], lambda: {"state": services.withdraw_report(actor, number, said.reason).state})
