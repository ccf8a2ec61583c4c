"""The header's search: a pasted number goes to its object, words go to the products."""

from __future__ import annotations

from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_GET

from shugang.parties.organisations.queries import public_parties

from ..http import visitor
from ..products.queries import public_products
from . import queries


@require_GET
def search(request: HttpRequest) -> HttpResponseBase:
    text = request.GET.get("q", "").strip()[:100]
    address = queries.address_of(text, visitor(request)) if text else ""
    if address:
        return redirect(address)
    parties = list(public_parties().filter(name__icontains=text).order_by("number")[:10]) if len(text) >= 2 else []
    number = queries.looks_like_number(text)
    if not number and not parties:
        return redirect(f"/products?{urlencode({'q': text})}" if text else "/products")
    context = {"q": text, "number": number, "parties": parties, "count": public_products(text).count() if text else 0}
    return render(request, "market/search.html", context)


urlpatterns = [path("search", search, name="search")]
