"""Drawing up a contract: the canonical text that both sides sign, and its digests."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from shugang.evidence.hashing import sm3
from shugang.kernel import clock, engine
from shugang.kernel.events import iso
from shugang.kernel.procedure import Context
from shugang.parties.models import Party
from shugang.policy.codec import canonical
from shugang.policy.terms import describe, digest

from ..pricing.splits import shares_of
from ..products import offer
from .clauses import CLAUSES
from .models import Contract

if TYPE_CHECKING:
    from ..trade.models import Inquiry, Quotation

CODE = "market.contract"


def digests(snapshot: dict[str, Any]) -> tuple[str, str]:
    """(SHA-256, SM3) in hex of the snapshot's RFC 8785 bytes."""
    data = canonical(snapshot)
    return hashlib.sha256(data).hexdigest(), sm3(data).hex()


def _party(party: Party) -> dict[str, str]:
    return {"number": party.number, "name": party.name, "uscc": party.uscc}


def _outputs(contract_number: str, inquiry: Inquiry, quotation: Quotation) -> dict[str, Any]:
    """The snapshot: everything that the parties agree, and nothing that could change later."""
    product = inquiry.product
    version, certificate = product.dataset_version, offer.certificate_for(product.asset, product.supplier)
    terms, plan = quotation.read_terms(), quotation.read_plan()
    assert certificate.event is not None
    return {
        "kind": "shugang-contract-v1",
        "number": contract_number,
        "buyer": _party(inquiry.buyer),
        "supplier": _party(inquiry.supplier),
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
        "terms": terms.to_json(),
        "terms_digest": digest(terms),
        "guarantees": [
            {"term": line.key, "label": line.label.zh, "value": line.value.zh, "guarantee": line.guarantee}
            for line in describe(terms, product.mode)
        ],
        "plan": plan.to_json(),
        **({"shares": [list(share) for share in shares]} if (shares := inquiry.shares or shares_of(product)) else {}),
        "clauses": [{"title": title.to_json(), "text": text.to_json()} for title, text in CLAUSES],
        "drafted_at": iso(clock.now()),
    }


def draft(ctx: Context, inquiry: Inquiry, quotation: Quotation) -> Contract:
    """Open the contract's case and freeze its text. Runs in the transaction of the acceptance."""
    case = engine.open_case(
        CODE,
        ctx.actor,
        [("buyer", inquiry.buyer_id), ("supplier", inquiry.supplier_id)],
        inquiry.product.name,
        refs=[("inquiry", ctx.case.number), *inquiry.product.event_refs()],
        parent=ctx.case,
    )
    snapshot = _outputs(case.number, inquiry, quotation)
    sha256, sm3_hex = digests(snapshot)
    product = inquiry.product
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
        outcomes=offer.outcomes(quotation.read_plan(), product.mode),
        plane=product.plane,
        certificate=offer.certificate_for(product.asset, product.supplier),
        valid_until=quotation.read_terms().valid_until,
        drafted_at=clock.now(),
    )
