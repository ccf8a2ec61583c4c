"""The trace of public data: which grants there are, and one with everything that happened."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.views.decorators.http import require_GET

from shugang.delivery.words import word
from shugang.kernel import paging
from shugang.market.contracts.amendment_pages import download
from shugang.market.http import member
from shugang.policy.purposes import PURPOSES

from ..granting import BASES
from . import documents, queries


@require_GET
def trace_list(request: HttpRequest) -> HttpResponse:
    actor = member(request)
    page = paging.page(queries.grants(actor), request.GET.get("after", ""))
    rows = [(g, [b for b in g.bases.order_by("id") if b.kind in BASES]) for g in page.items]
    return render(request, "publicdata/traces.html", {"page": page, "rows": rows, "bases": BASES, "purposes": PURPOSES})


@require_GET
def trace_page(request: HttpRequest, kind: str, number: str) -> HttpResponse:
    found = queries.trace(member(request), kind, number)
    context = {"found": found, "kinds": queries.KINDS, "purposes": PURPOSES, "total": found.total, "word": word}
    return render(request, "publicdata/trace.html", context)


@require_GET
def trace_pdf(request: HttpRequest, kind: str, number: str) -> HttpResponse:
    found = queries.trace(member(request), kind, number)
    return download(documents.pdf(found), f"trace-{number}.pdf", "application/pdf")


urlpatterns = [
    path("desk/public-trace", trace_list, name="public-traces"),
    path("desk/public-trace/<str:kind>/<str:number>.pdf", trace_pdf, name="public-trace-pdf"),
    path("desk/public-trace/<str:kind>/<str:number>", trace_page, name="public-trace"),
]
