"""Verbs of trade. Each is one step of the procedure `market.trade`; the opening checks the deal first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shugang.kernel import engine
from shugang.kernel.actors import Actor, PlainActor
from shugang.kernel.errors import forbidden, not_found
from shugang.kernel.forms import clean
from shugang.kernel.models import Case
from shugang.kernel.verbs import verb
from shugang.parties.models import Party
from shugang.policy.priceplan import PricePlan
from shugang.policy.terms import Terms

from ..products.models import DataProduct
from ..products.services import PRODUCT
from . import compliance
from .models import Inquiry
from .process import INQUIRY, TRADE


def on_behalf(party: Party) -> PlainActor:
    """The party by its standing word (an announcement, a bid, a project); no person acts, and the record says `system`."""
    return PlainActor(None, party.pk, party.roles, frozenset({"handler"}), label="system")


def may_inquire(actor: Actor) -> bool:
    return actor.party_id is not None and "buyer" in actor.roles and "handler" in actor.duties


@verb
def inquire(actor: Actor, product_number: str, data: Mapping[str, Any]) -> Case:
    """Ask a supplier for a quotation; `data`: {purpose, need}.

    Raises Refusal `forbidden`, `not_found`, `not_listed`, `own_product`, `buyer_not_active`, `invalid_form`,
    `exclusively_reserved`, `purpose_not_offered`, `no_certificate`, `no_right`.
    """
    if not may_inquire(actor):
        raise forbidden(
            "询价由需方的经办办理。请切换到需方机构，或联系本机构管理员分配岗位。",
            "Inquiries are made by a buyer's handler. Please act for a buyer, or ask your manager for the duty.",
        )
    product = DataProduct.objects.select_related("supplier", "asset").filter(number=product_number).first()
    if product is None or product.state in {DataProduct.State.DRAFT, DataProduct.State.REVIEWING}:
        raise not_found(PRODUCT)
    buyer = Party.objects.get(pk=actor.party_id or 0)
    compliance.check_parties(buyer, product.supplier)
    compliance.check_product(product)
    compliance.check_free(product, buyer)
    answers = clean(INQUIRY, data)
    compliance.check_purpose(product, answers["purpose"])
    return engine.open_case(
        TRADE.code, actor, [("buyer", buyer.pk), ("supplier", product.supplier_id)], product.name, answers,
        refs=product.event_refs(),
    )  # fmt: skip


def _json(value: Terms | PricePlan | Mapping[str, Any]) -> Any:
    return value.to_json() if isinstance(value, Terms | PricePlan) else dict(value)


def quote(
    actor: Actor, case_number: str, terms: Terms | Mapping[str, Any], plan: PricePlan | Mapping[str, Any],
    message: str = "", revision: int | None = None,
) -> Case:  # fmt: skip
    """The supplier's quotation. Raises Refusal `exceeds_offer` and what `engine.act` and compliance say."""
    data = {"terms": _json(terms), "plan": _json(plan), "message": message}
    return engine.act(case_number, "quote", actor, data, revision)


def counter(
    actor: Actor, case_number: str, terms: Terms | Mapping[str, Any], plan: PricePlan | Mapping[str, Any],
    message: str = "", revision: int | None = None,
) -> Case:  # fmt: skip
    """The buyer's counter-offer; the same limits hold."""
    data = {"terms": _json(terms), "plan": _json(plan), "message": message}
    return engine.act(case_number, "counter", actor, data, revision)


def accept(actor: Actor, case_number: str, revision: int | None = None) -> Case:
    """Accept what the other side put forward last; the contract stands in `pending_signature` when this returns."""
    inquiry = Inquiry.objects.visible_to(actor).select_related("case").filter(case__number=case_number).first()
    step = "accept_counter" if inquiry is not None and inquiry.case.state == "countered" else "accept"
    return engine.act(case_number, step, actor, {}, revision)
