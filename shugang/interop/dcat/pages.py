"""The documents: a page of the catalogue, one entry, sitemaps, robots."""

from __future__ import annotations

import json
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import path
from django.views.decorators.http import require_GET

from shugang.kernel.errors import Refusal, not_found
from shugang.policy.text import Text
from shugang.publicdata.catalogue.queries import public_resource, published

from ..entries import absolute, entries
from . import describing, sitemaps, turtle
from .describing import Graph, link

SIZE = 100
MEDIA = {"jsonld": "application/ld+json", "ttl": "text/turtle; charset=utf-8"}


def _answer(graph: Graph, kind: str) -> HttpResponse:
    document = graph.document()
    text = "".join(turtle.write(document)) if kind == "ttl" else json.dumps(document, ensure_ascii=False, indent=1)
    return HttpResponse(text, content_type=MEDIA[kind], headers={"Access-Control-Allow-Origin": "*"})


@require_GET
def catalogue(request: HttpRequest, kind: str) -> HttpResponse:
    """`?page=` from 1. Raises Refusal `bad_page`, `not_found`."""
    text = request.GET.get("page", "") or "1"
    if not (text.isascii() and text.isdigit() and int(text[:9]) > 0 and len(text) < 9):
        raise Refusal("bad_page", Text("页码是从1开始的整数。", "A page is a whole number from 1."))
    number, total = int(text), published().count()
    last = max(1, -(-total // SIZE))
    if number > last:
        raise not_found(Text("这一页", f"page; there are {last}"))
    rows = published().prefetch_related("items").order_by("pk")[(number - 1) * SIZE : number * SIZE]
    graph = Graph()
    describing.catalogue(graph, entries(rows))
    _paged(graph, kind, number, last, total)
    return _answer(graph, kind)


def _paged(graph: Graph, kind: str, number: int, last: int, total: int) -> None:
    def page(n: int) -> dict[str, str]:
        return link(absolute(f"/catalog.{kind}?page={n}"))

    view: dict[str, Any] = {"hydra:first": page(1), "hydra:last": page(last)}
    if number > 1:
        view["hydra:previous"] = page(number - 1)
    if number < last:
        view["hydra:next"] = page(number + 1)
    here = graph.describe(page(number)["@id"], "hydra:PartialCollectionView", view)
    facts = {"hydra:totalItems": total, "hydra:view": here}
    graph.describe(absolute(f"/catalog.{kind}"), "hydra:Collection", facts)


@require_GET
def one(request: HttpRequest, number: str, kind: str) -> HttpResponse:
    """One entry with all that it names. Raises Refusal `not_found`."""
    graph = Graph()
    describing.catalogue(graph, entries([public_resource(number)]))
    return _answer(graph, kind)


@require_GET
def thing(request: HttpRequest, number: str) -> HttpResponseBase:
    """The identifier itself: 303 to what tells of it, in the words that are asked for."""
    found = public_resource(number).number
    wanted = next((k for k, media in MEDIA.items() if request.accepts(media.partition(";")[0])), "")
    browser = request.accepts("text/html") or not wanted
    to = f"/public-data/{found}" if browser else f"/dataset/{found}.{wanted}"
    return HttpResponse(status=303, headers={"Location": to, "Vary": "Accept"})


@require_GET
def sitemap(request: HttpRequest) -> HttpResponse:
    return HttpResponse("".join(sitemaps.index()), content_type="application/xml; charset=utf-8")


@require_GET
def sitemap_shard(request: HttpRequest, kind: str, number: int) -> HttpResponse:
    if f"{kind}-{number}" not in sitemaps.shards():
        raise not_found(Text("这份站点地图", "sitemap"))
    return HttpResponse("".join(sitemaps.shard(kind, number)), content_type="application/xml; charset=utf-8")


@require_GET
def robots(request: HttpRequest) -> HttpResponse:
    return HttpResponse(sitemaps.robots(), content_type="text/plain; charset=utf-8")


urlpatterns = [
    *(path(f"catalog.{kind}", catalogue, {"kind": kind}, name=f"catalog-{kind}") for kind in MEDIA),
    *(path(f"dataset/<str:number>.{kind}", one, {"kind": kind}, name=f"dataset-{kind}") for kind in MEDIA),
    path("dataset/<str:number>", thing, name="dataset-thing"),
    path("sitemap.xml", sitemap, name="sitemap"),
    path("sitemap-<slug:kind>-<int:number>.xml", sitemap_shard, name="sitemap-shard"),
    path("robots.txt", robots, name="robots"),
]
