"""Verbs of listing: apply; and the standing of a listed product afterwards (suspend, resume, take down)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shugang.assets.review.queries import require_standing
from shugang.kernel import clock, engine
from shugang.kernel.actors import Actor, sees_every_record
from shugang.kernel.errors import Refusal, forbidden, not_found
from shugang.kernel.events import emit
from shugang.kernel.forms import clean
from shugang.kernel.models import Case
from shugang.kernel.verbs import verb
from shugang.parties.models import Party
from shugang.policy.text import Text

from ..products import offer
from ..products.models import DataProduct
from ..products.services import PRODUCT, own_product, require_supply
from ..search import index
from .checklist import APPLICATION
from .guards import check_application, check_proof
from .process import LISTING
from .standing import (  # noqa: F401  the names that other rooms know
    BASIS,
    CHANGED,
    LICENCE,
    OPINION,
    ORDER,
    REVIEW,
    has_opinion,
    hold,
    needs_review,
    release,
)


def _office(party: Party | str, role: str, what: Text) -> Party:
    found = Party.objects.filter(number=party).first() if isinstance(party, str) else party
    if found is None or role not in found.roles:
        raise not_found(what)
    return found


@verb
def apply_listing(
    actor: Actor, product_number: str, operator: Party | str, reviewer: Party | str, form: Mapping[str, Any]
) -> Case:
    """Apply for the listing of a draft product, or for the new review of one that was listed; `form` answers
    checklist.APPLICATION.

    Raises Refusal `forbidden`, `not_found`, `wrong_state`, `already_open`, `invalid_form`, `no_certificate`, `no_right`,
    `beyond_certificate`, `not_graded`, `core_data`, `no_security_review`.
    """
    require_supply(actor)
    product = own_product(actor, product_number, lock=True)
    venue = _office(operator, "operator", Text("这个运营机构", "operator"))
    third = _office(reviewer, "reviewer", Text("这个第三方服务机构", "third-party reviewer"))
    if product.state != DataProduct.State.DRAFT and not needs_review(product):
        raise Refusal(
            "wrong_state",
            Text("只有未上架、须重新审查，或下架后许可到期的产品可以申请。", "Only a draft, a product to be reviewed again, or one taken down whose licence ended, can apply."),
            409,
        )  # fmt: skip
    if open_listing(product):
        raise Refusal("already_open", Text("这件产品的上架申请正在办理。", "An application for it is under way."), 409)
    checked = clean(APPLICATION, form)
    check_proof(checked, actor)
    check_application(product, checked)
    require_standing(product.dataset_version)
    return engine.open_case(
        LISTING.code,
        actor,
        [("supplier", product.supplier_id), ("operator", venue.pk), ("reviewer", third.pk)],
        product.name,
        checked,
        refs=product.event_refs(),
    )


def _locked(number: str) -> DataProduct:
    found = DataProduct.objects.select_for_update(of=("self",)).filter(number=number).first()
    if found is None:
        raise not_found(PRODUCT)
    return found


def may_order(actor: Actor) -> bool:
    """The venue's reviewer and the regulator's supervisor may stop a product or a contract."""
    return ("operator" in actor.roles and "reviewer" in actor.duties) or sees_every_record(actor)


def require_order(actor: Actor, reason: str) -> None:
    if not may_order(actor):
        raise forbidden(
            "责令暂停由运营机构复核岗位或监管方办理。",
            "Only the operator's reviewer or the regulator may order a suspension.",
        )
    if not actor.second_factor:
        raise forbidden(
            "这一步需要第二因素认证，请重新登录。", "This step needs a second factor.", "second_factor_required"
        )
    if not reason.strip():
        raise Refusal(
            "reason_required",
            Text("请写明理由，供需双方看到的就是这段文字。", "Please give the reason; both parties read exactly this."),
            422,
            {"reason": Text("请写明理由。", "Please give the reason.")},
        )


@verb
def suspend_listing(actor: Actor, number: str, reason: str) -> DataProduct:
    """Stop new deals by order. Running contracts go on until they are suspended themselves.

    Raises Refusal `forbidden`, `reason_required`, `not_found`, `wrong_state`.
    """
    require_order(actor, reason)
    product = _locked(number)
    if product.state not in {DataProduct.State.LISTED, DataProduct.State.SUSPENDED}:
        raise _wrong(product)
    hold(product, ORDER, reason)
    emit("listing.suspended", actor, product.event_refs(), {"reason": reason, "held_by": ORDER})
    return product


@verb
def resume_listing(actor: Actor, number: str, reason: str) -> DataProduct:
    """Lift an order; the certificate has to be valid again.

    Raises Refusal `forbidden`, `reason_required`, `not_found`, `wrong_state`, `no_certificate`, `no_right`,
    `no_security_review`, `no_opinion`, `review_reopened`.
    """
    require_order(actor, reason)
    product = _locked(number)
    if product.state != DataProduct.State.SUSPENDED or product.held_by != ORDER:
        raise _wrong(product)
    offer.certificate_for(product.asset, product.supplier)
    require_standing(product.dataset_version)
    if product.reopened:
        raise Refusal(
            "review_reopened",
            Text(
                "许可或权利已变更，须供方重新申请上架、审查通过后再解除。",
                "Licence or rights have changed: the supplier has to have it reviewed again before the order is lifted.",
            ),
            409,
        )
    if not has_opinion(product):
        raise Refusal(
            "no_opinion",
            Text(
                "合规意见已撤回，须重新申请上架。",
                "The compliance opinion was withdrawn; the product has to be listed anew.",
            ),
            409,
        )
    release(product)
    emit("listing.resumed", actor, product.event_refs(), {"reason": reason})
    return product


@verb
def delist(actor: Actor, number: str, reason: str) -> DataProduct:
    """The supplier takes his product down; contracts in force are performed to their end.

    Raises Refusal `forbidden`, `not_found`, `wrong_state`.
    """
    require_supply(actor)
    product = own_product(actor, number, lock=True)
    if product.state not in {DataProduct.State.LISTED, DataProduct.State.SUSPENDED}:
        raise _wrong(product)
    product.state, product.held_by, product.state_reason = DataProduct.State.DELISTED, "", reason[:400]
    product.delisted_at = clock.now()
    product.save(update_fields=["state", "held_by", "state_reason", "delisted_at"])
    index.remove(product)
    emit("listing.ended", actor, product.event_refs(), {"reason": reason})
    return product


def open_listing(product: DataProduct) -> bool:
    closed = [s.name for s in LISTING.states if s.final]
    return bool(product.listings.exclude(case__state__in=closed).exists())


def _wrong(product: DataProduct) -> Refusal:
    from ..products.kinds import STATES

    label, _ = STATES[product.state]
    return Refusal(
        "wrong_state",
        Text(f"产品当前“{label.zh}”，不能办理这一步。", f"The product is “{label.en}”; this step is not possible."),
        409,
    )
