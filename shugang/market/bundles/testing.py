"""A project of one buyer and two suppliers for tests, by the real verbs."""

from __future__ import annotations

from collections.abc import Sequence

from shugang.assets import testing as assets
from shugang.kernel import engine
from shugang.parties.accounts.actor import PartyActor
from shugang.parties.testing import make_party, make_signer

from .. import testing as market
from ..products.models import DataProduct
from ..trade import services as trade
from . import services
from .models import DealBundle


def second_product(
    venue: market.Venue, office: assets.Office, name: str = "气象逐时数据"
) -> tuple[PartyActor, DataProduct]:
    """Another supplier with a listed product of his own."""
    supplier = make_signer(make_party("supplier"))
    certificate = assets.make_certificate(supplier, None, office)
    product = market.make_product(supplier, certificate, name=name, name_en="Hourly weather")
    return supplier, market.list_product(supplier, product, venue)


def begin(buyer: PartyActor, products: Sequence[DataProduct]) -> DealBundle:
    form = {"title": "空气与气象融合", "purpose": "research", "need": "按站点和小时关联，用于暴露评估。",
            "products": "\n".join(p.number for p in products)}  # fmt: skip
    return services.open_bundle(buyer, form)


def quote_all(bundle: DealBundle, suppliers: Sequence[PartyActor]) -> None:
    for supplier in suppliers:
        inquiry = bundle.members.get(supplier_id=supplier.party_id).inquiry
        trade.quote(supplier, inquiry.number, inquiry.product.terms, inquiry.product.plan)


def agree(
    bundle: DealBundle, buyer: PartyActor, suppliers: Sequence[PartyActor], method: str = "own", **more: object
) -> None:
    """Quoted, shares proposed and consented to, accepted: contracts await signatures."""
    quote_all(bundle, suppliers)
    engine.act(bundle.number, "propose", buyer, {"method": method, **more})
    for supplier in suppliers:
        engine.act(bundle.number, "consent", supplier)
    engine.act(bundle.number, "accept", buyer)
