"""What search engines are told: one index, shards of at most 50,000 addresses (sitemaps.org 0.9), and where it is."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from xml.sax.saxutils import escape

from shugang.market.products.models import DataProduct
from shugang.publicdata.catalogue.queries import published

from ..entries import absolute

MOST = 50_000
NAMESPACE = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'
HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'


def _rows(kind: str) -> object:
    if kind == "products":
        return DataProduct.objects.filter(state="listed").order_by("pk").values_list("number", "listed_at")
    return published().order_by("pk").values_list("number", "published_at")


def shards() -> list[str]:
    """Names of the shards there are, such as `public-data-1`."""
    return [f"{kind}-{n + 1}" for kind in PATHS for n in range(-(-_rows(kind).count() // MOST))]  # type: ignore[attr-defined]


PATHS = {"public-data": "/public-data", "products": "/products"}


def index() -> Iterator[str]:
    yield f"{HEAD}<sitemapindex {NAMESPACE}>\n"
    for name in shards():
        yield f"<sitemap><loc>{escape(absolute(f'/sitemap-{name}.xml'))}</loc></sitemap>\n"
    yield "</sitemapindex>\n"


def shard(kind: str, number: int) -> Iterator[str]:
    yield f"{HEAD}<urlset {NAMESPACE}>\n"
    rows = _rows(kind)[(number - 1) * MOST : number * MOST]  # type: ignore[index]
    for name, at in rows.iterator(2_000):
        yield f"<url><loc>{escape(absolute(f'{PATHS[kind]}/{name}'))}</loc>{_changed(at)}</url>\n"
    yield "</urlset>\n"


def _changed(at: datetime | None) -> str:
    return f"<lastmod>{at.date().isoformat()}</lastmod>" if at else ""


def robots() -> str:
    """The desk and what writes is for people who sign in; the rest may be read."""
    closed = ("/desk", "/sign-in", "/api/", "/search")
    return (
        "User-agent: *\n"
        + "".join(f"Disallow: {path}\n" for path in closed)
        + f"\nSitemap: {absolute('/sitemap.xml')}\n"
    )
