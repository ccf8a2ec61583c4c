"""Verbs of the invitation to quote."""

from __future__ import annotations

from shugang.kernel import engine, permissions
from shugang.kernel.actors import Actor, PlainActor
from shugang.kernel.errors import Refusal, not_found
from shugang.kernel.events import emit
from shugang.kernel.models import Case
from shugang.kernel.verbs import verb
from shugang.parties.models import Party
from shugang.parties.organisations.queries import the_operator
from shugang.policy.text import Text

from . import broking, guards, queries
from .invitations import INVITATION
from .models import Demand, QuoteInvitation
from .services import require_demander


def _demand(actor: Actor, number: str) -> Demand:
    """The actor's own published demand, its case locked."""
    demand = queries.get_demand(actor, number)
    if demand.party_id != actor.party_id:
        raise not_found(queries.DEMAND)
    demand.case = engine.lock(number)
    if demand.state != "published":
        raise Refusal(
            "not_published",
            Text("需求发布后才能邀请供方。", "Suppliers are invited once the demand is published."),
            409,
        )
    return demand


@verb
def invite(actor: Actor, demand_number: str, supplier_number: str, message: str = "", mandate: str = "") -> Case:
    """Invite an admitted supplier to answer a published demand; a broker names its mandate.

    Raises Refusal `forbidden`, `not_found`, `not_published`, `buyer_not_active`, `supplier_not_active`, `own_demand`,
    `already_invited`, `too_many_invitations`, `invalid_form`, `not_a_broker`, `beyond_mandate`, `both_sides`.
    """
    actor = broking.acting(actor, mandate, "invite")
    require_demander(actor)
    demand = _demand(actor, demand_number)
    guards.check_buyer(demand.party)
    supplier = Party.objects.filter(number=supplier_number).first()
    if supplier is None or "supplier" not in supplier.roles:
        raise Refusal("supplier_not_active", Text("没有这个在营供方，请核对机构编号。", "There is no such active supplier. Please check the number."), 422,
                      {"supplier": Text("请选择在营供方。", "Please choose an active supplier.")})  # fmt: skip
    if supplier.pk == demand.party_id:
        raise Refusal("own_demand", Text("不能邀请本机构。", "You cannot invite yourself."), 409)
    broking.within_amount(actor, demand.content.get("budget_high"))
    broking.one_side(actor, supplier.pk)
    _room_for(demand, supplier)
    parties = [("demander", demand.party_id), ("supplier", supplier.pk)]
    if demand.anonymous:
        return _pass_on(actor, demand, supplier, message)
    return engine.open_case(
        INVITATION.code, actor, parties, demand.title, {"message": message}, refs=[("demand", demand.number)]
    )


def _room_for(demand: Demand, supplier: Party) -> None:
    living = demand.invitations.filter(living=True)
    if living.filter(supplier=supplier).exists():
        raise Refusal(
            "already_invited",
            Text(f"已邀请过“{supplier.name}”，请等它答复。", f"“{supplier.name}” is invited already."),
            409,
        )
    most = int(demand.case.profile.data["open_invitations"]) if demand.case.profile else 0
    if living.filter(answered_at__isnull=True).count() >= most:
        raise Refusal(
            "too_many_invitations",
            Text(f"一项需求最多同时有{most}个未答复的邀请。", f"At most {most} invitations of a demand may be open."),
            409,
        )


def _pass_on(actor: Actor, demand: Demand, supplier: Party, message: str) -> Case:
    """The venue passes the invitation on; who asked is told of the demand, which the supplier cannot read."""
    venue = the_operator()
    herald = PlainActor(None, venue.pk, venue.roles, frozenset({"handler"}), label=f"{venue.name} · 代匿名需方转交")
    case = engine.open_case(INVITATION.code, herald, [("operator", venue.pk), ("supplier", supplier.pk)], demand.title, {"message": message},
                            refs=[("demand", demand.number)])  # fmt: skip
    emit("demand.invited", actor, [("demand", demand.number)], {"invitation": case.number}, demand.case)
    return case


@verb
def answer(
    actor: Actor, number: str, product: str, message: str = "", revision: int | None = None, mandate: str = ""
) -> Case:
    """The supplier answers with one of its listed products; an inquiry stands when this returns. A broker names its mandate.

    Raises Refusal `invalid_form`, `demand_over`, `not_a_broker`, `beyond_mandate`, `both_sides`, what `trade.services.inquire`
    and `engine.act` say.
    """
    acting = broking.acting(actor, mandate, "answer", product=product)
    if mandate:
        demand = queries.get_invitation(acting, number).demand
        broking.one_side(acting, demand.party_id, demand.mandate)
    return engine.act(number, "answer", acting, {"product": product, "message": message}, revision)


@verb
def cancel(actor: Actor, number: str) -> Case:
    """The demander takes an unanswered invitation back. Raises Refusal `not_found`, `forbidden`, `wrong_state`."""
    require_demander(actor)
    row = (
        QuoteInvitation.objects.visible_to(actor)
        .select_related("case", "demand__case")
        .filter(case__number=number)
        .first()
    )
    if row is None or row.demand.party_id != actor.party_id:
        raise not_found(queries.INVITATION)
    if permissions.takes_part(row.case, actor):
        return engine.act(number, "cancel", actor)
    case = engine.fire(number, "cancel")
    emit("demand.invitation_cancelled", actor, [("demand", row.demand.number)], {"invitation": number}, row.demand.case)
    return case
