"""What anybody may see: the directory of services, one service, one agency with its facts, the check of a report."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import path
from django.views.decorators.http import require_GET

from shugang.kernel import paging
from shugang.kernel.errors import not_found
from shugang.parties.http import actor_of
from shugang.parties.models import Party
from shugang.parties.organisations.queries import public_party
from shugang.policy.text import Text
from shugang.ui.exports import csv_response
from shugang.ui.jinja import tx

from . import facts, guards, presenting, queries

HEADER = (Text("编号", "Number"), Text("服务", "Service"), Text("类别", "Kind"), Text("机构", "Agency"), Text("价格", "Price"),
          Text("工作日", "Working days"))  # fmt: skip
PRICES = (("fixed", Text("公开价", "Listed price")), ("quote", Text("逐单报价", "Quoted")))
WAITS = (5, 10, 20, 60)


def asked(request: HttpRequest) -> dict[str, Any]:
    """The known filters of a query string; unknown values are left out."""
    kind, price, days = (request.GET.get(name, "") for name in ("kind", "price", "days"))
    return {
        "q": request.GET.get("q", "").strip()[:60],
        "kind": kind if kind in guards.kinds() else "",
        "price": price if price in dict(PRICES) else "",
        "days": int(days) if days.isdigit() and int(days) in WAITS else None,
    }


@require_GET
def directory(request: HttpRequest) -> HttpResponse:
    filters = asked(request)
    rows = queries.public_offers(**filters)
    if request.GET.get("format") == "csv":
        return csv_response("services", HEADER, (_csv(o) for o in rows.order_by("kind", "pk")[:10_000]))
    page = paging.page(rows, request.GET.get("after", ""))
    counts = {kind: queries.public_offers(**{**filters, "kind": kind}).count() for kind in guards.kinds()}
    context = {
        "page": page, "rows": [presenting.offer_row(o) for o in page.items], "chosen": filters, "counts": counts,
        "kinds": guards.kinds(), "prices": PRICES, "waits": WAITS, "any": queries.public_offers().exists(),
    }  # fmt: skip
    return render(request, "assets/services.html", context)


def _csv(offer: Any) -> list[Any]:
    return [
        offer.number,
        offer.title,
        presenting.known(offer.kind),
        offer.agency.name,
        presenting.price(offer),
        offer.days,
    ]


@require_GET
def directory_json(request: HttpRequest) -> JsonResponse:
    filters = asked(request)
    page = paging.page(queries.public_offers(**filters), request.GET.get("after", ""))
    items = [presenting.offer_json(o) for o in page.items]
    return _json({"filters": filters, "items": items, "next": page.next, "total": page.total})


def _json(body: dict[str, Any]) -> JsonResponse:
    return JsonResponse(body, json_dumps_params={"ensure_ascii": False})


@require_GET
def service(request: HttpRequest, number: str) -> HttpResponse:
    offer = queries.public_offer(number)
    actor = actor_of(request)
    kind = guards.kinds().get(offer.kind)
    context = {
        **presenting.offer_row(offer), "state": presenting.OFFER_STATES[offer.state], "held": guards.in_force(offer),
        "rules": presenting.rule_rows(kind) if kind else [], "about": kind.about if kind else None,
        "open": offer.state == "listed" and offer.agency.status == Party.Status.ACTIVE,
        "own": actor.party_id == offer.agency_id, "signed_in": actor.party_id is not None,
        "rating_rows": presenting.rating_rows(facts.rate(queries.public_outcomes(offer.agency, offer.kind))),
    }  # fmt: skip
    return render(request, "assets/service.html", context)


def public_agency(number: str) -> Party:
    """An admitted third party. Raises Refusal `not_found`."""
    agency = public_party(number)
    if not agency.is_reviewer:
        raise not_found(Text("这个第三方服务机构", "agency"))
    return agency


@require_GET
def agency(request: HttpRequest, number: str) -> HttpResponse:
    found = public_agency(number)
    outcomes = queries.public_outcomes(found)
    offers = queries.public_agency_offers(found)
    words = tuple(
        tx(w) for w in (Text("单", "orders"), Text("按时", "On time"), Text("逾期或未交付", "Late or not delivered"))
    )
    context = {
        "agency": found, "offers": [{**presenting.offer_row(o), "state": presenting.OFFER_STATES[o.state]} for o in offers],
        "qualifications": [(q, presenting.known(q.offer.kind)) for q in queries.public_qualifications(offers)],
        "rating_rows": presenting.rating_rows(facts.rate(outcomes)), "counted": presenting.COUNTED,
        "chart": presenting.chart(outcomes, words) if outcomes else None,
        "reports": [presenting.report_row(r) for r in queries.public_reports(found).order_by("-signed_at")[:20]],
    }  # fmt: skip
    return render(request, "assets/agency.html", context)


@require_GET
def agency_json(request: HttpRequest, number: str) -> JsonResponse:
    return _json(presenting.agency_json(public_agency(number)))


@require_GET
def report(request: HttpRequest, number: str) -> HttpResponse:
    actor = actor_of(request)
    found, whole = queries.readable_report(actor, number)
    return render(request, "assets/report.html", presenting.report_context(found, whole, actor))


@require_GET
def report_json(request: HttpRequest, number: str) -> JsonResponse:
    return _json(queries.report_json(*queries.readable_report(actor_of(request), number)))


urlpatterns = [
    path("services", directory, name="services"),
    path("services.json", directory_json, name="services-json"),
    path("services/<str:number>", service, name="service"),
    path("agencies/<str:number>.json", agency_json, name="agency-json"),
    path("agencies/<str:number>", agency, name="agency"),
    path("reports/<str:number>.json", report_json, name="report-json"),
    path("reports/<str:number>", report, name="report"),
]
