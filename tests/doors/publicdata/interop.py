"""Doors of the interop wing: for everybody, and nothing is written."""

from __future__ import annotations

from ..base import OPEN, Door, read

CKAN: tuple[Door, ...] = (
    read("/api/action/package_search?q=%E7%A4%BE%E4%BC%9A&rows=5", reach=OPEN),
    read("/api/3/action/package_show?id=<public:open>", reach=OPEN),
    Door("/api/3/action/package_list", "", OPEN, "POST", {"limit": 3}, json=True, guarded=False, unchanged=True),
    Door("/api/action/status_show", "", OPEN, "POST", {}, json=True, guarded=False, unchanged=True),
)
DCAT: tuple[Door, ...] = (
    read("/catalog.jsonld", reach=OPEN),
    read("/catalog.ttl?page=1", reach=OPEN),
    read("/dataset/<public:open>.jsonld", reach=OPEN),
    read("/dataset/<public:open>.ttl", reach=OPEN),
    read("/dataset/<public:open>", reach=OPEN, ok=(303,)),
    read("/sitemap.xml", reach=OPEN),
    read("/sitemap-public-data-1.xml", reach=OPEN),
    read("/robots.txt", reach=OPEN),
)
DOORS: tuple[Door, ...] = (*CKAN, *DCAT)
