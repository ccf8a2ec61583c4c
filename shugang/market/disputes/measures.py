"""Interim measures: access and funds are frozen as decided, by the mediator or the arbitrators, and end with the dispute."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shugang.assets.thirdparty.guards import apart
from shugang.delivery.grants.services import resume_grant, suspend_grant
from shugang.delivery.models import Grant
from shugang.kernel import clock, engine, permissions
from shugang.kernel.actors import Actor
from shugang.kernel.errors import Refusal, forbidden, not_found
from shugang.kernel.events import emit
from shugang.kernel.forms import clean
from shugang.kernel.procedure import Context, Transition
from shugang.kernel.verbs import verb
from shugang.policy.text import Text

from . import money
from .forms import MEASURE, MEASURES
from .models import Dispute, DisputeMeasure

HOLD = "dispute"
FREEZABLE = ("filed", "negotiating", "mediating", "unsettled", "requested", "hearing", "executing")


def may_order(actor: Actor, dispute: Dispute) -> bool:
    """The venue's reviewer until arbitrators hear the case; their signer from then on (as 仲裁法 leaves it to them)."""
    held = {c for c, p in permissions.members(dispute.case) if p == actor.party_id}
    if dispute.case.state == "hearing":
        return "arbitrator" in held and "signer" in actor.duties
    return "operator" in held and "reviewer" in actor.duties


def _checked(actor: Actor, dispute: Dispute) -> None:
    if not may_order(actor, dispute):
        raise forbidden("临时措施由调解方的复核岗位决定；仲裁审理中由仲裁机构的签署岗位决定。",
                        "Measures are decided by the mediator's reviewer; before arbitrators, by their signer.")  # fmt: skip
    if not actor.second_factor:
        raise forbidden(
            "这一步需要第二因素认证，请重新登录。", "This step needs a second factor.", "second_factor_required"
        )
    apart(
        Context(dispute.case, actor, {}, Transition("measure", Text("临时措施", "Measure"), (), dispute.case.state, ()))
    )
    if dispute.case.state not in FREEZABLE:
        raise over(dispute)


def over(dispute: Dispute) -> Refusal:
    return Refusal(
        "dispute_closed",
        Text("争议已经结束，不能再办理。", "The dispute is over; nothing more can be done in it."),
        409,
    )


def locked(actor: Actor, number: str) -> Dispute:
    """The dispute with its case under the row lock. Raises Refusal `not_found`, also where the actor takes no part."""
    dispute = Dispute.objects.visible_to(actor).filter(case__number=number).first()
    if dispute is None:
        raise not_found(Text("这项争议", "dispute"))
    case = engine.lock(number)
    found = Dispute.objects.select_related("contract__grant", "contract__product", "contract__inquiry__case").get(
        pk=dispute.pk
    )
    found.case = case
    return found


@verb
def order(actor: Actor, number: str, form: Mapping[str, Any]) -> DisputeMeasure:
    """Freeze access or funds. Raises Refusal `not_found`, `forbidden`, `conflict_of_interest`, `dispute_closed`,
    `already_done`, `nothing_to_freeze`, `invalid_form`."""
    dispute = locked(actor, number)
    _checked(actor, dispute)
    said = clean(MEASURE, form)
    if dispute.measures.filter(kind=said["kind"], lifted_at=None).exists():
        raise Refusal("already_done", Text("这项措施已在执行。", "This measure stands already."), 409)
    if said["kind"] == "access":
        grant = _living_grant(dispute)
        suspend_grant(actor, grant.number, said["reason"], HOLD, dispute.number)
    else:
        money.hold(actor, dispute.contract.number, dispute.number, said["reason"])
    row = DisputeMeasure.objects.create(
        dispute=dispute, kind=said["kind"], reason=said["reason"], party_id=actor.party_id or 0, ordered_at=clock.now()
    )
    emit(
        "dispute.measure_ordered",
        actor,
        dispute.event_refs(),
        {"measure": row.kind, "reason": row.reason},
        dispute.case,
    )
    return row


def _living_grant(dispute: Dispute) -> Grant:
    grant = dispute.contract.grant
    if grant is None or grant.state == Grant.State.ENDED:
        raise Refusal(
            "nothing_to_freeze",
            Text("合同的授权已经终止，没有可暂停的访问。", "The grant has ended; no access is left to freeze."),
            409,
        )
    return grant


@verb
def lift(actor: Actor, number: str, kind: str, reason: str) -> DisputeMeasure:
    """End one measure. Raises Refusal `not_found`, `forbidden`, `reason_required`, `wrong_state`."""
    dispute = locked(actor, number)
    _checked(actor, dispute)
    if not 1 <= len(reason.strip()) <= 400:
        message = Text("请写明理由，最多400字。", "Please give the reason, at most 400 characters.")
        raise Refusal("invalid_form", message, 422, {"reason": message})
    row = dispute.measures.filter(kind=kind, lifted_at=None).first() if kind in MEASURES else None
    if row is None:
        raise Refusal("wrong_state", Text("没有正在执行的这项措施。", "No such measure stands."), 409)
    _lift(actor, dispute, row, reason.strip())
    return row


def lift_all(actor: Actor, dispute: Dispute, reason: str) -> None:
    for row in dispute.measures.filter(lifted_at=None).order_by("pk"):
        _lift(actor, dispute, row, reason)


def _lift(actor: Actor, dispute: Dispute, row: DisputeMeasure, reason: str) -> None:
    if row.kind == "access":
        grant = dispute.contract.grant
        standing = (
            grant is not None and grant.holds.filter(kind=HOLD, reference=dispute.number, lifted_at=None).exists()
        )
        if grant is not None and standing and grant.state != Grant.State.ENDED:
            resume_grant(actor, grant.number, HOLD, dispute.number)
    else:
        money.release(actor, dispute.contract.number, dispute.number)
    row.lifted_at, row.lifted_because = clock.now(), reason[:400]
    row.save(update_fields=["lifted_at", "lifted_because"])
    emit(
        "dispute.measure_lifted",
        actor,
        dispute.event_refs(),
        {"measure": row.kind, "reason": reason[:400]},
        dispute.case,
    )
