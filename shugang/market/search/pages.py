"""The header's search: a pasted number goes to its object, words go to the products."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_GET

from shugang.parties.organisations.queries import public_parties

from ..http import visitor
from . import catalogue, desk, finding, queries
from .finding import Wanted


def _looked_up(request: HttpRequest) -> dict[str, Any]:
    """What the words lead to: a number's page, organisations of that name, products."""
    text = request.GET.get("q", "").replace("\0", "").strip()[:100]
    address = queries.address_of(text, visitor(request)) if text else ""
    parties = list(public_parties().filter(name__icontains=text).order_by("number")[:10]) if len(text) >= 2 else []
    return {"q": text, "address": address, "number": queries.looks_like_number(text), "parties": parties}


@require_GET
def search(request: HttpRequest) -> HttpResponseBase:
    said = _looked_up(request)
    if said["address"]:
        return redirect(said["address"])
    text = said["q"]
    if not said["number"] and not said["parties"]:
        return redirect(f"/products?{urlencode({'q': text})}" if text else "/products")
    found = finding.find(Wanted(text)) if text else None
    context = {**said, "count": found.total if found else 0, "json_url": f"/search.json?{urlencode({'q': text})}"}
    return render(request, "market/search.html", context)


@require_GET
def search_json(request: HttpRequest) -> HttpResponse:
    said = _looked_up(request)
    wanted = Wanted(said["q"])
    parties = [{"number": p.number, "name": p.name, "url": f"/parties/{p.number}"} for p in said["parties"]]
    products = catalogue.as_json(wanted, finding.find(wanted)) if said["q"] else None
    return catalogue.json_answer(
        {"q": said["q"], "leads_to": said["address"] or None, "parties": parties, "products": products}
    )


urlpatterns = [
    path("search", search, name="search"),
    path("search.json", search_json, name="search-json"),
    *catalogue.urlpatterns,
    *desk.urlpatterns,
]
