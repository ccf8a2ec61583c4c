"""Verbs of uninvited answers."""

from __future__ import annotations

from shugang.kernel import engine, permissions
from shugang.kernel.actors import Actor
from shugang.kernel.errors import Refusal, forbidden, not_found
from shugang.kernel.events import emit
from shugang.kernel.models import Case, CaseParty
from shugang.kernel.verbs import verb
from shugang.parties.models import Party
from shugang.policy.text import Text

from ..demand.invitations import offered_product
from ..demand.services import require_demander
from ..products.services import require_supply
from . import checking, queries
from .models import DemandResponse
from .process import RESPONSE


def may_offer(actor: Actor) -> bool:
    return actor.party_id is not None and "supplier" in actor.roles and "handler" in actor.duties


@verb
def offer(actor: Actor, demand_number: str, product_number: str, message: str = "") -> Case:
    """A supplier offers one of its listed products to a published demand that nobody invited it to.

    Raises Refusal `forbidden`, `not_found`, `own_demand`, `demand_over`, `not_public`, `already_invited`, `related_parties`,
    `invalid_form`, `already_offered`, `declined_before`, `too_many_offers`.
    """
    require_supply(actor)
    supplier = Party.objects.get(pk=actor.party_id or 0)
    demand = queries.answerable_demand(actor, demand_number)
    demand.case = engine.lock(demand.number)
    checking.check_demand(demand, supplier)
    product = offered_product(demand, supplier.pk, product_number)
    checking.check_room(demand, product)
    parties = [("supplier", supplier.pk)] + ([] if demand.anonymous else [("demander", demand.party_id)])
    case = engine.open_case(
        RESPONSE.code, actor, parties, demand.title, {"product": product.number, "message": message},
        refs=[("demand", demand.number), *product.event_refs()],
    )  # fmt: skip
    if demand.anonymous:
        emit("demand.answered_uninvited", actor, [("demand", demand.number)], {"response": case.number}, demand.case)
    return case


def may_handle(actor: Actor) -> bool:
    return actor.party_id is not None and "buyer" in actor.roles and "handler" in actor.duties


def for_supplier(actor: Actor, number: str) -> DemandResponse:
    """Of the actor's own party. Raises Refusal `forbidden`, `not_found`."""
    if not may_offer(actor):
        raise forbidden("应答由供方的经办办理。", "Answers are handled by the supplier's handler.")
    row = queries.get_response(actor, number)
    if row.supplier_id != actor.party_id:
        raise not_found(queries.RESPONSE)
    return row


def for_demander(actor: Actor, number: str) -> DemandResponse:
    """Of the actor's own demand. Raises Refusal `forbidden`, `not_found`."""
    require_demander(actor)
    row = queries.get_response(actor, number)
    if row.demand.party_id != actor.party_id:
        raise not_found(queries.RESPONSE)
    return row


@verb
def inquire(actor: Actor, number: str, revision: int | None = None) -> Case:
    """The demander inquires about what was offered; the inquiry stands when this returns, and names him.

    Raises Refusal `forbidden`, `not_found`, `demand_over`, what `engine.act` and `trade.services.inquire` say.
    """
    row = for_demander(actor, number)
    CaseParty.objects.get_or_create(case=row.case, party_id=row.demand.party_id, capacity="demander")
    return engine.act(number, "inquire", actor, {}, revision)


@verb
def decline(actor: Actor, number: str, reason: str) -> Case:
    """The demander declines; an anonymous one stays unnamed. Raises Refusal `forbidden`, `not_found`, `invalid_form`."""
    row = for_demander(actor, number)
    if permissions.takes_part(row.case, actor):
        return engine.act(number, "decline", actor, {"reason": reason})
    if not 1 <= len(reason.strip()) <= 400:
        text = Text(
            "请写明理由（400字以内），供方看得到。",
            "Please give a reason of at most 400 characters; the supplier reads it.",
        )
        raise Refusal("invalid_form", text, 422, {"reason": text})
    case = engine.fire(number, "decline")
    DemandResponse.objects.filter(pk=row.pk).update(reason=reason.strip())
    emit("demand.answer_declined", actor, [("demand", row.demand.number)], {"response": number}, row.demand.case)
    return case


@verb
def withdraw(actor: Actor, number: str) -> Case:
    """The supplier takes a waiting answer back. Raises Refusal `forbidden`, `not_found`, `wrong_state`."""
    for_supplier(actor, number)
    return engine.act(number, "withdraw", actor)
