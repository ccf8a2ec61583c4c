"""Reads of projects. Every participant sees who takes part and how far each is; terms and price only of his own part."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet

from shugang.kernel.actors import Actor, sees_every_record
from shugang.kernel.errors import not_found
from shugang.kernel.events import iso
from shugang.policy.text import Text
from shugang.ui.formats import percent

from ..trade.process import TRADE
from .models import BundleMember, DealBundle
from .process import BUNDLE as PROCEDURE
from .process import METHODS
from .services import BUNDLE

STATES = {s.name: (s.label, s.tone) for s in PROCEDURE.states}
_TRADE = {s.name: (s.label, s.tone) for s in TRADE.states}


def bundles(actor: Actor, state: str = "") -> QuerySet[DealBundle]:
    rows = DealBundle.objects.visible_to(actor).select_related("case", "buyer")
    return rows.filter(case__state=state) if state else rows


def get_bundle(actor: Actor, number: str) -> DealBundle:
    found = bundles(actor).filter(case__number=number).first()
    if found is None:
        raise not_found(BUNDLE)
    return found


def parts(actor: Actor, bundle: DealBundle) -> list[dict[str, Any]]:
    """One row a supplier; `inquiry` and `contract` are "" where they are not the reader's to see."""
    shares = dict(bundle.shares or [])
    rows = BundleMember.objects.visible_to(actor).filter(bundle=bundle)
    found = []
    for m in rows.select_related("supplier", "inquiry__case", "inquiry__product", "inquiry__contract").order_by("pk"):
        mine = sees_every_record(actor) or actor.party_id in (bundle.buyer_id, m.supplier_id)
        contract = getattr(m.inquiry, "contract", None)
        signed = set(contract.signatures.values_list("side", flat=True)) if contract else set()
        share = shares.get(m.supplier.number)
        found.append({
            "supplier": m.supplier, "product": m.inquiry.product, "consented_at": m.consented_at,
            "inquiry": m.inquiry.case.number if mine else "", "negotiation": _TRADE[m.inquiry.case.state],
            "contract": contract.number if contract and mine else "", "signed": "supplier" in signed,
            "share": share, "percent": percent(share / 1_000_000, 4) if share is not None else "",
            "mine": actor.party_id == m.supplier_id,
        })  # fmt: skip
    return found


def how(bundle: DealBundle) -> Text | None:
    return METHODS[bundle.basis["method"]] if bundle.basis else None


def bundle_json(actor: Actor, bundle: DealBundle) -> dict[str, Any]:
    return {
        "number": bundle.number, "title": bundle.title, "buyer": bundle.buyer.number, "purpose": bundle.purpose,
        "need": bundle.need, "state": bundle.case.state, "revision": bundle.case.revision, "opened_at": iso(bundle.opened_at),
        "shares": bundle.shares, "basis": bundle.basis,
        "parts": [
            {"supplier": p["supplier"].number, "product": p["product"].number, "negotiation": p["negotiation"][0].en,
             "consented": p["consented_at"] is not None, "share": p["share"], "signed": p["signed"],
             "inquiry": p["inquiry"] or None, "contract": p["contract"] or None}
            for p in parts(actor, bundle)
        ],
    }  # fmt: skip
