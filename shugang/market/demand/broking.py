"""Brokers on the demand side: acting under a mandate, one side of a deal only, and inquiring for a buyer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from shugang.assets.thirdparty.models import ServiceOffer
from shugang.kernel.actors import Actor
from shugang.kernel.errors import Refusal, forbidden
from shugang.kernel.models import Case
from shugang.kernel.verbs import verb
from shugang.parties.mandates.acting import acts_for, under, within
from shugang.parties.mandates.models import Mandate
from shugang.policy.text import Text

from ..matching.facts import yearly_cost
from ..products.models import DataProduct
from ..trade import services as trade

BROKERAGE = "brokerage"


def require_broker(actor: Actor) -> None:
    """Raises Refusal `not_a_broker` unless the acting party lists the service 数据经纪, its qualification in force."""
    if not ServiceOffer.objects.filter(
        agency_id=actor.party_id or 0, kind=BROKERAGE, state=ServiceOffer.State.LISTED
    ).exists():
        raise forbidden(
            "受托办理须有在列的“数据经纪”服务，请先在“我的服务”申请并提交资质。",
            "Acting for others takes a listed service of data brokerage. Please apply for it with your qualification.",
            "not_a_broker",
        )


def acting(actor: Actor, mandate: str, act: str, **checks: Any) -> Actor:
    """The actor himself without a mandate; under one, the actor for its principal (`parties.mandates.acting.under`)."""
    if not mandate:
        return actor
    require_broker(actor)
    return under(actor, mandate, act, **checks)


def reader(actor: Actor, mandate: str, act: str) -> Actor:
    """The same for a page that only reads."""
    with transaction.atomic():
        return acting(actor, mandate, act)


def within_amount(actor: Actor, amount_fen: int | None) -> None:
    """Raises Refusal `beyond_mandate` where the actor's mandate has a limit that the amount, or its absence, goes beyond."""
    mandate = getattr(actor, "mandate", None)
    if mandate is not None:
        within(mandate, amount_fen, bounded=True)


def one_side(actor: Actor, other: int, theirs: Mandate | None = None) -> None:
    """民法典 §168: nobody acts for both sides of a deal unless both agreed. Raises Refusal `both_sides`.

    `theirs` is the mandate under which the other side has acted in this deal, which counts even when it has ended.
    """
    mandate = getattr(actor, "mandate", None)
    if mandate is None:
        return
    held = acts_for(mandate.broker_id, other)
    if theirs is not None and theirs.broker_id == mandate.broker_id and theirs.principal_id == other:
        held.append(theirs)
    if held and not (mandate.both_sides and all(m.both_sides for m in held)):
        raise Refusal(
            "both_sides",
            Text(
                "您同时受对方委托。同一笔交易代表双方，须双方在委托书中都同意。",
                "The other side has mandated you too. Acting for both sides of a deal takes the consent of both in their mandates.",
            ),
            409,
        )


@verb
def inquire_for(actor: Actor, mandate: str, product_number: str, data: Mapping[str, Any]) -> Case:
    """A broker inquires for its principal, who negotiates on. `data`: {purpose, need}.

    Raises Refusal `not_a_broker`, `beyond_mandate`, `both_sides`, and what `trade.services.inquire` says.
    """
    product = DataProduct.objects.filter(number=product_number).first()
    cost = yearly_cost(product.plan, None) if product is not None else None
    buyer = acting(actor, mandate, "inquire", product=product_number, amount_fen=cost)
    if product is not None:
        one_side(buyer, product.supplier_id)
    return trade.inquire(buyer, product_number, data)
