"""Reads of samples: what a product's page offers its reader, and those taken or given."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from shugang.kernel.actors import Actor
from shugang.kernel.errors import Refusal
from shugang.policy.text import Text

from ..products.models import DataProduct
from .declaring import rules, size_text, unit_of
from .models import ProductSample
from .services import check


@dataclass(frozen=True)
class Offer:
    """What the listing declares, for a reader: `mine` is the grant that he holds already, `why_not` what stands against
    taking one now."""

    size: Text
    days: int
    mine: str = ""
    why_not: Text | None = None


def offered(product: DataProduct, actor: Actor) -> Offer | None:
    """None where the product declares no sample, or is not on the market."""
    unit = unit_of(product)
    if not product.trial_size or unit is None or product.state != DataProduct.State.LISTED:
        return None
    size, days = size_text(unit, product.trial_size), int(rules()["days"])
    if actor.party_id is None or actor.party_id == product.supplier_id:
        return Offer(size, days)
    held = ProductSample.objects.visible_to(actor).filter(product=product, buyer_id=actor.party_id, ended_at=None)
    if mine := held.values_list("grant__number", flat=True).first():
        return Offer(size, days, mine)
    try:
        check(actor, product.number)
    except Refusal as refusal:
        return Offer(size, days, why_not=refusal.message)
    return Offer(size, days)


def samples(actor: Actor) -> QuerySet[ProductSample]:
    """Those that the acting party took, and those taken of its products; newest first."""
    rows: QuerySet[ProductSample] = ProductSample.objects.visible_to(actor)
    return rows.select_related("product__supplier", "buyer", "grant")


def as_json(row: ProductSample) -> dict[str, Any]:
    return {
        "product": row.product.number, "buyer": row.buyer.number, "grant": row.grant.number, "unit": row.unit,
        "size": row.size, "state": row.grant.state, "taken_at": row.taken_at, "valid_until": row.grant.valid_until,
        "ended_at": row.ended_at,
    }  # fmt: skip
