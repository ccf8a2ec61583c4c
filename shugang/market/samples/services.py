"""Taking a sample: one click of a qualified buyer, a grant at once."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import datetime, time, timedelta
from typing import Any

from shugang.delivery.grants.services import issue_grant
from shugang.kernel import clock
from shugang.kernel.actors import Actor
from shugang.kernel.errors import Refusal, forbidden, not_found
from shugang.kernel.events import emit, iso
from shugang.kernel.verbs import verb
from shugang.parties.models import Party
from shugang.policy.codec import canonical
from shugang.policy.priceplan import PricePlan
from shugang.policy.terms import Quota, Terms
from shugang.policy.text import Text

from ..products import offer
from ..products.models import DataProduct
from ..products.services import PRODUCT
from ..trade import compliance
from ..trade.services import may_inquire
from .declaring import rules, unit_of
from .making import make_file
from .models import ProductSample

BASIS, PURPOSE = "sample", "evaluation"
ACTIONS: dict[str, tuple[str, ...]] = {"file": ("read", "download"), "api": ("read", "query")}
NOTE = "样本：仅供交易前试用评估，不得再提供他人，不得用于生产。"


def take_sample(actor: Actor, number: str) -> ProductSample:
    """The acting buyer's sample of a listed product, usable when this returns.

    Raises Refusal `forbidden`, `not_found`, `not_listed`, `own_product`, `buyer_not_active`, `supplier_not_active`,
    `related_parties`, `exclusively_reserved`, `no_sample`, `sample_running`, `sample_taken`, `no_certificate`,
    `no_right`, `vault_unreachable`.
    """
    product = check(actor, number)
    # The file is made before the transaction: carrying it to a distant store may take its time.
    source = make_file(product, product.trial_size) if unit_of(product) == "rows" else dict(product.source)
    return _give(actor, number, source)


def check(actor: Actor, number: str) -> DataProduct:
    """All that decides whether this buyer may have it now."""
    if not may_inquire(actor):
        raise forbidden(
            "样本由入驻需方的经办申请。请切换到需方机构，或联系本机构管理员分配岗位。",
            "Samples are taken by an admitted buyer's handler. Please act for a buyer, or ask your manager for the duty.",
        )
    rows = DataProduct.objects.select_related("supplier", "asset", "dataset_version__dataset", "plane")
    product = rows.filter(number=number).first()
    if product is None or product.state in {DataProduct.State.DRAFT, DataProduct.State.REVIEWING}:
        raise not_found(PRODUCT)
    buyer = Party.objects.get(pk=actor.party_id or 0)
    compliance.check_parties(buyer, product.supplier)
    compliance.check_product(product)
    compliance.check_free(product, buyer)
    if not product.trial_size or unit_of(product) is None:
        raise Refusal(
            "no_sample",
            Text(
                "供方上架时没有声明可申请的样本。可在询价时写明需要样本。",
                "The listing declares no sample. You may ask the supplier for one in an inquiry.",
            ),
            409,
        )
    _not_again(product, buyer)
    return product


def _not_again(product: DataProduct, buyer: Party) -> None:
    last = ProductSample.objects.filter(product=product, buyer=buyer).select_related("grant").order_by("-pk").first()
    if last is None:
        return
    if last.ended_at is None:
        raise Refusal(
            "sample_running",
            Text(
                f"贵机构已有这件产品的样本（授权{last.grant.number}），请先使用它。",
                f"You hold a sample of it already (grant {last.grant.number}). Please use that one.",
            ),
            409,
        )
    free = last.taken_at + timedelta(days=int(rules()["again_after_days"]))
    if clock.now() < free:
        day = free.astimezone(clock.zone()).date()
        raise Refusal(
            "sample_taken",
            Text(
                f"贵机构已取过这件产品的样本，{day}起可以再取；现在可以询价。",
                f"You have had a sample of it; another is possible from {day}. You may inquire now.",
            ),
            409,
        )


@verb
def _give(actor: Actor, number: str, source: dict[str, Any]) -> ProductSample:
    """Ask everything again under the asset's locks, then grant."""
    offer.hold_still(check(actor, number).asset)
    product = check(actor, number)
    buyer, unit = Party.objects.get(pk=actor.party_id or 0), unit_of(product) or "rows"
    certificate = offer.certificate_for(product.asset, product.supplier)
    assert certificate.event is not None
    mode = "file" if unit == "rows" else product.mode
    terms = narrowed(product, mode, unit)
    declared = {"product": product.number, "size": product.trial_size, "unit": unit, "terms": terms.to_json()}
    grant = issue_grant(
        actor, grantee=buyer, supplier=product.supplier, product=product.number, contract="", mode=mode, terms=terms,
        source=source, outcomes=offer.outcomes(PricePlan("free"), mode), plane=product.plane,
        bases=[
            {"kind": BASIS, "reference": product.number, "digest": hashlib.sha256(canonical(declared)).hexdigest()},
            {"kind": "certificate", "reference": certificate.number, "digest": certificate.event.sha256,
             "valid_until": certificate.valid_until},
        ],
    )  # fmt: skip
    row = ProductSample.objects.create(
        product=product, buyer=buyer, grant=grant, person_id=actor.person_id, unit=unit, size=product.trial_size,
        taken_at=clock.now(),
    )  # fmt: skip
    refs = [*product.event_refs(), ("grant", grant.number), ("party", buyer.number)]
    emit("sample.taken", actor, refs, {"size": row.size, "unit": unit, "until": iso(grant.valid_until)})
    return row


def narrowed(product: DataProduct, mode: str, unit: str) -> Terms:
    """The offer's terms for a sample: less of everything, and nothing that the offer does not give."""
    said, offered = rules(), product.terms
    begins = max(clock.now(), offered.valid_from)
    until = min(begins + timedelta(days=int(said["days"])), offered.valid_until)
    if product.licence_until is not None:
        last = datetime.combine(product.licence_until + timedelta(days=1), time(), tzinfo=clock.zone())
        until = min(until, last)
    limit = int(said["downloads"]) if unit == "rows" else product.trial_size
    return replace(
        offered, actions=ACTIONS.get(mode, ("query",)), purpose=PURPOSE, valid_from=begins, valid_until=until,
        quotas=(Quota("calls", limit),), redistribute=False, notes=NOTE,
    )  # fmt: skip
