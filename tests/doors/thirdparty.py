"""Doors of third-party services."""

from __future__ import annotations

from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile

from shugang.assets.thirdparty.testing import offer_form

from .base import OPEN, OWN, Door, api, both, read

ORDER = {"object_kind": "dataset", "object_number": "<dataset:free>", "purpose": "示例目的", "need": "示例要求"}
REASON = {"reason": "示例理由。"}


def _offer(things: dict[str, Any]) -> dict[str, Any]:
    """The page's form: a new kind, its document as a file that is sent."""
    document = SimpleUploadedFile("资质.pdf", b"%PDF-1.7 audit")
    return offer_form(things["pinggu"], "audit", declaration="1", document=document)


def _offer_json(things: dict[str, Any]) -> dict[str, Any]:
    return offer_form(things["pinggu"], "audit", document=things["file:pinggu"])


PUBLIC: tuple[Door, ...] = (
    read("/services", reach=OPEN),
    read("/services?q=示例&kind=quality&price=fixed&days=20", reach=OPEN),
    read("/services?format=csv", reach=OPEN),
    read("/services.json", reach=OPEN),
    read("/services/<service>", reach=OPEN),
    read("/agencies/<reviewer>", reach=OPEN),
    read("/agencies/<reviewer>.json", reach=OPEN),
    read("/reports/<report>", reach=OPEN, readers=("gongfang", "pinggu", "fuhe")),
    read("/reports/<report>.json", reach=OPEN),
)
DESK: tuple[Door, ...] = (
    read("/desk/services", "pinggu", OWN, readers=("yunying",)),
    *both("/desk/services/new", "pinggu", _offer),
    read("/desk/services/<service:applied>", "pinggu", readers=("yunying", "jianguan")),
    *both("/services/<service>/order", "gongfang", ORDER, reach=OWN),
    read("/desk/orders", "gongfang", OWN, readers=("pinggu",)),
    read("/desk/orders/<order:requested>", "gongfang", readers=("pinggu", "jianguan")),
    read("/desk/orders/<order:drafted>", "pinggu", readers=("gongfang",)),
    read("/desk/reports", "gongfang", OWN, readers=("pinggu",)),
    *both("/desk/reports/<report>/publish", "gongfang", {}),
    *both("/desk/reports/<report>/withdraw", "pinggu", REASON, readers=("fuhe", "jianguan")),
)
API: tuple[Door, ...] = (
    api("GET", "/service-kinds", "", reach=OPEN),
    api("GET", "/service-forms", "", reach=OPEN),
    api("GET", "/services", "", reach=OPEN),
    api("POST", "/services", "pinggu", _offer_json),
    api("GET", "/services/<service>", "", reach=OPEN),
    api("POST", "/services/<service>/orders", "gongfang", ORDER, reach=OWN),
    api("GET", "/agencies/<reviewer>", "", reach=OPEN),
    api("GET", "/service-orders", "gongfang", reach=OWN),
    api("GET", "/service-orders/<order:requested>", "gongfang", readers=("pinggu", "jianguan")),
    api("GET", "/reports", "gongfang", reach=OWN),
    api("GET", "/reports/<report>", "", reach=OPEN),
    api("POST", "/reports/<report>/publication", "gongfang", {"public": True}),
    api("POST", "/reports/<report>/withdrawal", "pinggu", REASON, readers=("fuhe", "jianguan")),
)
DOORS = (*PUBLIC, *DESK, *API)
