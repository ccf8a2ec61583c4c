"""Verbs of authorised operation; the steps themselves are taken through the case."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shugang.kernel import clock, engine
from shugang.kernel.actors import Actor
from shugang.kernel.errors import Refusal, forbidden, not_found
from shugang.kernel.events import emit
from shugang.kernel.forms import clean
from shugang.kernel.profiles import current_profile
from shugang.kernel.verbs import verb
from shugang.parties.models import Party
from shugang.policy.text import Text

from ..bodies import the_data_office
from ..granting import wrong
from . import guards
from .forms import BID, OBJECTION, PLAN
from .models import Operation, OperationBid, OperationObjection
from .process import BIDDING, OPERATION

CALL = Text("这项征集", "call")


@verb
def plan(actor: Actor, form: Mapping[str, Any]) -> Operation:
    """An implementing body (a department, or the data office) submits its plan. Raises Refusal `forbidden`, `invalid_form`,
    `resource_not_published`."""
    if not actor.roles & {"department", "data_office"} or actor.party_id is None:
        raise forbidden(
            "实施方案由实施机构（政务部门或公共数据主管部门）提出。",
            "A plan is submitted by a department or the data office.",
        )
    data = clean(PLAN, form)
    guards.check_plan(data, current_profile("operation", clock.today()))
    members = [("implementer", actor.party_id), ("authoriser", the_data_office().pk)]
    case = engine.open_case(OPERATION.code, actor, members, data["title"], data)
    return Operation.objects.get(case=case)


def _calling(number: str) -> Operation:
    """The operation under its case's lock. Raises Refusal `not_found`, `call_over`."""
    row = Operation.objects.select_related("case", "implementer").filter(case__number=number).first()
    if row is None or row.case.state in ("reviewing", "planning"):
        raise not_found(CALL)
    row.case = engine.lock(number)
    if row.case.state != "calling":
        raise Refusal("call_over", Text("征集已经截止。", "The call is closed."), 409)
    return row


@verb
def bid(actor: Actor, number: str, form: Mapping[str, Any]) -> OperationBid:
    """Apply in a call. Raises Refusal `forbidden`, `not_found`, `call_over`, `invalid_form`, `already_asked`."""
    if actor.party_id is None or not actor.roles & {"supplier", "buyer"}:
        raise forbidden("申请人须是已入驻的供方或需方。", "Only an admitted supplier or buyer may bid.")
    row = _calling(number)
    data = clean(BID, form)
    if not data["declaration"]:
        raise wrong("declaration", "请确认声明。", "Please confirm the declaration.")
    if row.bids.filter(applicant_id=actor.party_id, living=True).exists():
        raise Refusal("already_asked", Text("本机构已经提交过申请。", "Your organisation has bid already."), 409)
    members = [("applicant", actor.party_id), ("implementer", row.implementer_id)]
    case = engine.open_case(BIDDING.code, actor, members, row.case.title, data, [("operation", number)])
    return OperationBid.objects.create(
        case=case, operation=row, applicant_id=actor.party_id, proposal=data, made_at=clock.now()
    )


@verb
def object_to(actor: Actor, number: str, form: Mapping[str, Any]) -> OperationObjection:
    """Anybody who acts for a party may object to the result during its notice, which stops meanwhile.

    Raises Refusal `forbidden`, `not_found`, `notice_over`, `invalid_form`."""
    if actor.party_id is None:
        raise forbidden("请先切换到一家机构再提异议。", "Please act for a party to object.")
    row = Operation.objects.select_related("case").filter(case__number=number).first()
    if row is None or not row.ranking:
        raise not_found(CALL)
    case = engine.lock(number)
    if case.state not in ("notice", "objected"):
        raise Refusal(
            "notice_over",
            Text("不在公示期内，不能提出异议。", "No notice is running, so no objection can be made."),
            409,
        )
    data = clean(OBJECTION, form)
    made = OperationObjection.objects.create(
        operation=row, party=Party.objects.get(pk=actor.party_id), text=data["text"], filed_at=clock.now()
    )
    emit("operation.objected", actor, row.event_refs(), {"objection": made.pk}, case)
    if case.state == "notice":
        engine.fire(number, "hold")
    return made


def expire_due() -> int:
    """End agreements whose last day has passed. Returns how many."""
    due = Operation.objects.filter(case__state__in=["in_force", "suspended"], until__lt=clock.today()).order_by("id")
    numbers = list(due.values_list("case__number", flat=True)[:200])
    for number in numbers:
        engine.fire(number, "expire")
    return len(numbers)
