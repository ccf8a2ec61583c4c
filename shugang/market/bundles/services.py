"""Verbs of projects: begin one with its inquiries, and sign all of its contracts as the buyer, in one transaction."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from shugang.kernel import engine
from shugang.kernel.actors import Actor
from shugang.kernel.errors import Refusal, forbidden, not_found
from shugang.kernel.forms import clean
from shugang.kernel.verbs import verb
from shugang.policy.text import Text

from ..contracts import services as contracts
from ..contracts.models import Contract
from ..products.models import DataProduct
from ..trade import services as trade
from ..trade.models import Inquiry
from .effects import members
from .models import BundleMember, DealBundle
from .process import CODE, PROJECT
from .together import all_at_once

BUNDLE = Text("这个融合开发项目", "project")
MOST = 12


def _invalid(zh: str, en: str) -> Refusal:
    return Refusal("invalid_form", Text(zh, en), 422, {"products": Text(zh, en)})


def _products(said: str) -> list[DataProduct]:
    """Listed products by their numbers, one a supplier. Raises Refusal `invalid_form`."""
    numbers = [n for n in re.split(r"[\s,，、]+", said) if n]
    if not 2 <= len(numbers) <= MOST or len(set(numbers)) != len(numbers):
        raise _invalid(f"请填写2至{MOST}个不同的产品编号。", f"Please give 2 to {MOST} different products.")
    known = {
        p.number: p for p in DataProduct.objects.filter(number__in=numbers, state="listed").select_related("supplier")
    }
    strange = [n for n in numbers if n not in known]
    if strange:
        raise _invalid(f"没有已上架的产品“{strange[0][:20]}”。", f"There is no listed product “{strange[0][:20]}”.")
    found = [known[n] for n in numbers]
    if len({p.supplier_id for p in found}) != len(found):
        raise _invalid("一家供方只能有一个产品。", "Each supplier takes part with one product.")
    return found


@verb
def open_bundle(actor: Actor, form: Mapping[str, Any]) -> DealBundle:
    """Begin a project and inquire of every supplier; `form` answers PROJECT.

    Raises Refusal `forbidden`, `invalid_form`, and what `trade.inquire` says of each product: all or none is opened.
    """
    if not trade.may_inquire(actor):
        raise forbidden(
            "融合开发项目由需方的经办发起。", "A project is begun by a buyer's handler. Please act for a buyer."
        )
    answers = clean(PROJECT, form)
    products = _products(answers["products"])
    parties = [("buyer", actor.party_id or 0), *(("supplier", p.supplier_id) for p in products)]
    case = engine.open_case(CODE, actor, parties, answers["title"], answers)
    bundle = DealBundle.objects.get(case=case)
    for product in products:
        made = trade.inquire(actor, product.number, {"purpose": answers["purpose"], "need": answers["need"]})
        inquiry = Inquiry.objects.get(case=made)
        BundleMember.objects.create(bundle=bundle, inquiry=inquiry, supplier_id=product.supplier_id)
    return bundle


@verb
def sign_all(actor: Actor, number: str, own_signatures: Mapping[str, str] | None = None) -> DealBundle:
    """The buyer's signature under every contract, once all suppliers have signed theirs: they take effect together.

    `own_signatures`: contract number → signature, where the key is in own custody. Raises Refusal `not_found`,
    `wrong_state`, `suppliers_first`, and what `contracts.sign` says: one refusal and none is signed.
    """
    found = DealBundle.objects.visible_to(actor).filter(case__number=number, buyer_id=actor.party_id or 0).first()
    if found is None:
        raise not_found(BUNDLE)
    case = engine.lock(number)
    if case.state != "signing":
        raise Refusal("wrong_state", Text("项目当前不在签约阶段。", "The project is not being signed now."), 409)
    rows = [Contract.objects.get(inquiry_id=m.inquiry_id) for m in members(found)]
    unsigned = [c.number for c in rows if not c.signatures.filter(side="supplier").exists()]
    if unsigned:
        raise Refusal(
            "suppliers_first",
            Text(f"还有供方未签署：{'、'.join(unsigned)}。全部签署后由需方一并签署。",
                 f"Suppliers have yet to sign: {', '.join(unsigned)}. You sign all of them together after that."),
            409,
        )  # fmt: skip
    with all_at_once():
        for contract in rows:
            contracts.sign(actor, contract.number, (own_signatures or {}).get(contract.number, ""))
    engine.fire(number, "conclude")
    return DealBundle.objects.get(pk=found.pk)
