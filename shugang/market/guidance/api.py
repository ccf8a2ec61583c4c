"""Price guidance through the API."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Router

from ..http import member
from ..products.queries import product_for
from . import deals

router = Router(tags=["guidance"])


@router.get(
    "/products/{number}/guidance", summary="Range of concluded deal prices of comparable products, or why there is none"
)
def guidance(request: HttpRequest, number: str) -> dict[str, Any]:
    """Prices in 1e-8 元 per `measure`; quartiles, the ends widened to two significant digits. Deals of the acting party are
    left out. `refused` says why there is no range."""
    actor = member(request)
    found, measure = deals.guidance(actor, product_for(number, actor))
    if found.refused:
        return {
            "refused": found.refused,
            "reason": deals.REFUSED[found.refused].zh,
            "reason_en": deals.REFUSED[found.refused].en,
        }
    return {
        "refused": None, "measure": measure, "low_e8": found.low_e8, "middle_e8": found.middle_e8, "high_e8": found.high_e8,
        "n": found.n, "suppliers": found.suppliers, "buyers": found.buyers, "since": found.since, "until": found.until,
        "basis": [{"sector": s, "type": t, "mode": m, "n": count} for (s, t, m), count in found.basis],
    }  # fmt: skip
