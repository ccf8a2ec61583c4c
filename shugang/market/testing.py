"""Factories for the tests of this wing and those above, built on the real verbs.

deal = make_deal()                      # a listed product, buyer and supplier, terms and plan
contract = signed(deal)                 # inquiry → quotation → acceptance → both signatures
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from shugang.assets import testing as assets
from shugang.assets.models import Certificate, SecurityReview
from shugang.kernel import clock, engine, profiles
from shugang.kernel.models import Case
from shugang.parties.accounts.actor import PartyActor
from shugang.parties.models import Party
from shugang.parties.testing import make_actor, make_party, make_signer
from shugang.policy.priceplan import PricePlan
from shugang.policy.terms import Mask, Terms
from shugang.settlement.charges import services as charges

from .contracts import services as contracts
from .contracts.models import Contract
from .listing import services as listing
from .listing.checklist import ITEMS
from .products.models import DataProduct
from .products.services import create_product
from .trade import services as trade
from .trade.models import Inquiry

FREE = PricePlan("free")
PER_DELIVERY = PricePlan("per_unit", unit_price_e8=80_000_000_000, billable=("delivered",))
PER_FOUND = PricePlan("per_unit", unit_price_e8=35_000_000, billable=("found",))
APPLICATION: dict[str, Any] = {
    "source_class": "generated",
    "source_proof": "自建站点采集，见采集方案与校准记录。",
    "licence_chain": "CC BY 4.0，署名即可再提供，无期限。",
    "personal": "none",
    "no_important_data": True,
    "quality": "有缺测，缺测值为空。",
    "restrictions": "无",
    "export": "no",
    "sample_rows": "0",
    "declaration": True,
}
FAVOURABLE: dict[str, Any] = {
    **{f"item_{name}": "pass" for name in ITEMS},
    "opinion": "经核查，来源合法，许可完整，可以上架。",
}


def load_profiles() -> None:
    """Rule profiles of this wing and those below that a deal needs."""
    assets.load_profiles()
    charges.load_profiles()
    profiles.load_profiles(sorted((Path(__file__).parent / "profiles").glob("*.json")))


@dataclass(frozen=True)
class Venue:
    """The operator with the two people whom a listing asks for, and a third party that signs opinions."""

    operator: Party
    handler: PartyActor
    decider: PartyActor
    reviewer: Party
    signer: PartyActor


def make_venue() -> Venue:
    operator, reviewer = make_party("operator"), make_party("reviewer")
    return Venue(
        operator,
        make_actor(operator, ("handler",)),
        make_actor(operator, ("reviewer",)),
        reviewer,
        make_signer(reviewer),
    )


def make_terms(**changes: Any) -> Terms:
    now = clock.now()
    return Terms(**{
        "actions": ("read", "download"), "purpose": "research", "fields": ("station", "at", "pm25"),
        "masks": (Mask("station", "keep_ends", {"prefix": 2, "suffix": 0}),),
        "valid_from": now, "valid_until": now + timedelta(days=365), "attribution": "示例环境数据", **changes,
    })  # fmt: skip


def make_product(
    supplier: PartyActor, certificate: Certificate, mode: str = "table", plan: PricePlan = PER_DELIVERY,
    terms: Terms | None = None, purposes: Sequence[str] = ("model_validation",), **changes: Any,
) -> DataProduct:  # fmt: skip
    """A draft product on a certificate of this supplier, its data graded and reviewed."""
    if not SecurityReview.objects.filter(version=certificate.asset.dataset_version).exists():
        assets.make_reviewed(supplier, certificate.asset.dataset_version)
    facts = {
        "name": "空气质量逐时数据", "name_en": "Hourly air quality", "summary": "12个站点逐时浓度，适合暴露评估与模型校验。",
        "type": "dataset", "sector": "N", "spec": {"coverage": "北京市，2013年3月至2017年2月", "frequency": "不再更新"}, **changes,
    }  # fmt: skip
    return create_product(
        supplier, asset_number=certificate.asset.number, mode=mode, offered_terms=terms or make_terms(),
        price_plan=plan, purposes=purposes, **facts,
    )  # fmt: skip


def apply_listing(supplier: PartyActor, product: DataProduct, venue: Venue, **changes: Any) -> Case:
    return listing.apply_listing(supplier, product.number, venue.operator, venue.reviewer, {**APPLICATION, **changes})


def list_product(supplier: PartyActor, product: DataProduct, venue: Venue, **changes: Any) -> DataProduct:
    """Through the whole procedure of listing."""
    case = apply_listing(supplier, product, venue, **changes)
    engine.act(case.number, "accept", venue.handler)
    engine.act(case.number, "opine", venue.signer, FAVOURABLE)
    engine.act(case.number, "list", venue.decider)
    return DataProduct.objects.get(pk=product.pk)


@dataclass(frozen=True)
class Deal:
    """Everything that a trade needs: both sides with signers, a listed product, the venue and the registrar."""

    supplier: PartyActor
    buyer: PartyActor
    product: DataProduct
    certificate: Certificate
    venue: Venue
    office: assets.Office


def make_deal(mode: str = "table", plan: PricePlan = PER_DELIVERY, terms: Terms | None = None, **changes: Any) -> Deal:
    load_profiles()
    office, venue = assets.make_registrar(), make_venue()
    supplier = make_signer(make_party("supplier"))
    buyer = make_signer(make_party("buyer"))
    certificate = assets.make_certificate(supplier, None, office)
    product = make_product(supplier, certificate, mode, plan, terms, **changes)
    return Deal(supplier, buyer, list_product(supplier, product, venue), certificate, venue, office)


def inquire(deal: Deal, purpose: str = "research") -> Case:
    return trade.inquire(
        deal.buyer, deal.product.number, {"purpose": purpose, "need": "全部站点，12个月，用于暴露评估。"}
    )


def delivered(deal: Deal, contract: Contract) -> Contract:
    """A one-off contract's data delivered and accepted by the buyer, so that it can be billed."""
    engine.fire(contract.acceptance.number, "deliver")
    engine.act(contract.acceptance.number, "accept", deal.buyer)
    return Contract.objects.get(pk=contract.pk)


def accepted(deal: Deal, terms: Terms | None = None, plan: PricePlan | None = None) -> Contract:
    """A contract that awaits both signatures."""
    case = inquire(deal)
    trade.quote(deal.supplier, case.number, terms or deal.product.terms, plan or deal.product.plan)
    trade.accept(deal.buyer, case.number)
    return Inquiry.objects.get(case=case).contract


def signed(deal: Deal, terms: Terms | None = None, plan: PricePlan | None = None) -> Contract:
    """A contract in force, its grant issued."""
    contract = accepted(deal, terms, plan)
    contracts.sign(deal.supplier, contract.number)
    return contracts.sign(deal.buyer, contract.number)
