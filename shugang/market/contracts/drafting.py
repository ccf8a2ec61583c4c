"""Drawing up a contract: the canonical text that both sides sign, and its digests."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from shugang.evidence.hashing import sm3
from shugang.kernel import clock, engine
from shugang.kernel.errors import Refusal
from shugang.kernel.events import iso
from shugang.kernel.procedure import Context
from shugang.parties.models import Party
from shugang.policy.codec import canonical
from shugang.policy.priceplan import PricePlan
from shugang.policy.terms import Terms
from shugang.policy.text import Text
from shugang.settlement.charges import vat
from shugang.settlement.charges.services import rules

from ..demand.models import QuoteInvitation
from ..pricing.splits import shares_of
from ..products import offer
from ..products.models import DataProduct
from ..trade import compliance
from . import templates
from .composing import compose, read_back
from .models import Contract

if TYPE_CHECKING:
    from ..trade.models import Inquiry, Quotation

CODE = "market.contract"
TEMPLATE = "provision"


def digests(snapshot: Mapping[str, Any]) -> tuple[str, str]:
    """(SHA-256, SM3) in hex of the snapshot's RFC 8785 bytes."""
    data = canonical(snapshot)
    return hashlib.sha256(data).hexdigest(), sm3(data).hex()


def party_facts(party: Party) -> dict[str, str]:
    return {"number": party.number, "name": party.name, "uscc": party.uscc}


def _defaults(product: DataProduct, plan: PricePlan) -> dict[str, Any]:
    """Answers that follow from the listing and the price; the parties may change them until one has signed.

    A price that is paid once is paid for a delivery, so that delivery is inspected; use by amount pays for what was used.
    """
    listed = product.listings.order_by("-pk").first()
    personal = listed.form.get("personal") if listed else None
    found = {"acceptance": "silence" if plan.kind == "one_off" else "none"}
    return found | ({"personal": personal} if personal else {})


def brokered(inquiry: Inquiry) -> dict[str, Any] | None:
    """The broker whose answer, under the supplier's mandate, led here, and the fee that the mandate promised: frozen with
    the contract, its tax at the rate of intermediation today."""
    invitation = QuoteInvitation.objects.filter(inquiry=inquiry, mandate__isnull=False).first()
    mandate = invitation.mandate if invitation else None
    if mandate is None or mandate.principal_id != inquiry.supplier_id:
        return None
    fee = {name: int(mandate.content[name]) for name in ("fee_bp", "fee_fen") if mandate.content.get(name)}
    if not fee or mandate.broker_id == inquiry.buyer_id:
        return None
    rate = vat.rate_of(rules(clock.today()), vat.COMMISSION)
    return {**party_facts(mandate.broker), "mandate": mandate.number, "vat_bp": rate, **fee}


def _snapshot(
    number: str, inquiry: Inquiry, quotation: Quotation, answers: Mapping[str, Any], checked: Mapping[str, Any]
) -> dict[str, Any]:
    """Everything that the parties agree, each value once, and nothing that could change later."""
    product, template = inquiry.product, templates.load(TEMPLATE)
    version, certificate = product.dataset_version, offer.certificate_for(product.asset, product.supplier)
    terms, plan = quotation.read_terms(), quotation.read_plan()
    assert certificate.event is not None
    return {
        "kind": "shugang-contract-v2",
        "number": number,
        "template": template.frozen(),
        "buyer": party_facts(inquiry.buyer),
        "supplier": party_facts(inquiry.supplier),
        "product": {
            "number": product.number,
            "name": product.name,
            "type": product.type,
            "mode": product.mode,
            "asset": product.asset.number,
            "key_column": product.source.get("key_column", ""),
        },
        "dataset": {
            "number": version.dataset.number,
            "version": version.version,
            "sha256": version.sha256,
            "schema_digest": version.schema_digest,
            "versions": product.source.get("versions", "this"),
            "origin": version.dataset.origin,
            "licence": version.dataset.licence,
        },
        "certificate": {
            "number": certificate.number,
            "digest": certificate.event.sha256,
            "valid_until": iso(certificate.valid_until),
        },
        "inquiry": {"number": inquiry.case.number, "need": inquiry.need, "purpose": inquiry.purpose},
        "quotation": {"version": quotation.version, "digest": quotation.digest},
        "compliance": dict(checked),
        "terms": terms.to_json(),
        "plan": plan.to_json(),
        "answers": template.check({**_defaults(product, plan), **answers}),
        **({"broker": broker} if (broker := brokered(inquiry)) else {}),
        **({"shares": [list(share) for share in shares]} if (shares := inquiry.shares or shares_of(product)) else {}),
        "drafted_at": iso(clock.now()),
    }


def agreed(snapshot: Mapping[str, Any]) -> tuple[Terms, PricePlan]:
    """Terms and price, read out of the paper's own statements. Raises ValueError when a value is missing or doubled."""
    terms, plan = read_back(compose(snapshot))
    if plan is None:
        raise ValueError("the contract states no price")
    return terms, plan


def draft(ctx: Context, inquiry: Inquiry, quotation: Quotation, answers: Mapping[str, Any] | None = None) -> Contract:
    """Open the contract's case and freeze its text. Runs in the transaction of the acceptance.

    `answers` to the template's form that the negotiation settled already; the others take their defaults.
    """
    product = inquiry.product
    checked = compliance.check_deal(
        product, inquiry.buyer, inquiry.supplier, inquiry.purpose, quotation.terms, quotation.plan
    )
    case = engine.open_case(
        CODE,
        ctx.actor,
        [("buyer", inquiry.buyer_id), ("supplier", inquiry.supplier_id)],
        product.name,
        refs=[("inquiry", ctx.case.number), *product.event_refs()],
        parent=ctx.case,
    )
    snapshot = _snapshot(case.number, inquiry, quotation, answers or {}, checked)
    terms, plan = agreed(snapshot)
    sha256, sm3_hex = digests(snapshot)
    return Contract.objects.create(
        number=case.number,
        case=case,
        inquiry=inquiry,
        product=product,
        buyer=inquiry.buyer,
        supplier=inquiry.supplier,
        snapshot=snapshot,
        sha256=sha256,
        sm3=sm3_hex,
        source=product.source,
        outcomes=offer.outcomes(plan, product.mode),
        plane=product.plane,
        certificate=offer.certificate_for(product.asset, product.supplier),
        valid_until=terms.valid_until,
        drafted_at=clock.now(),
    )


def fill_in(contract: Contract, answers: object) -> None:
    """Freeze the text again with other answers; the caller has made sure that nobody has signed.

    Raises Refusal `invalid_form`.
    """
    if not isinstance(answers, Mapping):
        raise Refusal("invalid_form", Text("合同约定应为一组填写项。", "The answers must be an object."), 422)
    template = templates.load(contract.snapshot["template"]["code"], contract.snapshot["template"]["version"])
    contract.snapshot = {**contract.snapshot, "answers": template.check({**contract.snapshot["answers"], **answers})}
    contract.sha256, contract.sm3 = digests(contract.snapshot)
    contract.save(update_fields=["snapshot", "sha256", "sm3"])
