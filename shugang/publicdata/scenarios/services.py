"""Verbs of scenarios; the steps themselves are taken through the case."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shugang.kernel import clock, engine
from shugang.kernel.actors import Actor
from shugang.kernel.errors import Refusal, forbidden, not_found
from shugang.kernel.events import emit
from shugang.kernel.forms import clean
from shugang.kernel.verbs import verb
from shugang.market.bundles.models import DealBundle
from shugang.parties.models import Party
from shugang.policy.text import Text

from ..granting import wrong
from . import guards
from .forms import ANSWER, CALL, CLASS, PROPOSAL, USE, read_fields
from .models import ClassApproval, ScenarioCall, ScenarioProposal, ScenarioUse
from .process import APPROVAL, CALLING, PROVIDERS, USING

CALLED = Text("这项征集", "call")
CLASS_TEXT = Text("这项场景审定", "approval of a class")


def require_office(actor: Actor) -> int:
    """Raises Refusal `forbidden`."""
    if "data_office" not in actor.roles or actor.party_id is None:
        raise forbidden("由公共数据主管部门办理。", "This belongs to the data office.")
    return actor.party_id


@verb
def publish_call(actor: Actor, form: Mapping[str, Any]) -> ScenarioCall:
    """Raises Refusal `forbidden`, `invalid_form`."""
    office = require_office(actor)
    data = clean(CALL, form)
    case = engine.open_case(CALLING.code, actor, [("office", office)], data["title"], data)
    return ScenarioCall.objects.get(case=case)


@verb
def propose(actor: Actor, number: str, form: Mapping[str, Any]) -> ScenarioProposal:
    """Anybody who acts for a party answers a call. Raises Refusal `forbidden`, `not_found`, `call_over`, `invalid_form`,
    `already_asked`."""
    if actor.party_id is None:
        raise forbidden("请先切换到一家机构再应征。", "Please act for a party to answer a call.")
    call = ScenarioCall.objects.select_related("case").filter(case__number=number).first()
    if call is None:
        raise not_found(CALLED)
    case = engine.lock(number)
    if case.state != "open":
        raise Refusal("call_over", Text("征集已经截止。", "The call is closed."), 409)
    data = clean(PROPOSAL, form)
    if call.proposals.filter(party_id=actor.party_id, title=data["title"]).exists():
        raise Refusal(
            "already_asked", Text("同名场景已经提交过。", "A scenario of that name was proposed already."), 409
        )
    row = ScenarioProposal.objects.create(
        call=call,
        party=Party.objects.get(pk=actor.party_id),
        title=data["title"],
        text=data["text"],
        made_at=clock.now(),
    )
    emit("scenario.proposed", actor, [("case", number)], {"proposal": row.pk, "title": row.title}, case)
    return row


@verb
def answer(actor: Actor, pk: int, form: Mapping[str, Any]) -> ScenarioProposal:
    """Raises Refusal `forbidden`, `not_found`, `already_done`, `invalid_form`."""
    office = require_office(actor)
    if not actor.duties & {"handler", "reviewer"}:
        raise forbidden("由经办或复核答复。", "A handler or reviewer answers.")
    row = ScenarioProposal.objects.select_for_update(of=("self",)).filter(pk=pk, call__office_id=office).first()
    if row is None:
        raise not_found(Text("这项应征", "proposal"))
    if row.adopted is not None:
        raise Refusal("already_done", Text("这项应征已经答复。", "It has been answered."), 409)
    data = clean(ANSWER, form)
    row.adopted, row.answer = bool(data["adopted"]), data["answer"]
    row.save(update_fields=["adopted", "answer"])
    emit(
        "scenario.answered",
        actor,
        [("case", row.call.number)],
        {"proposal": row.pk, "adopted": row.adopted},
        row.call.case,
    )
    return row


@verb
def propose_class(actor: Actor, form: Mapping[str, Any]) -> ClassApproval:
    """The data office proposes one approval for one class. Raises Refusal `forbidden`, `invalid_form`,
    `resource_not_published`."""
    office = require_office(actor)
    data = clean(CLASS, form)
    guards.check_class(data)
    rows, _ = read_fields(data["resources"])
    departments = sorted({r.department_id for r in rows})
    members = [("office", office), *zip(PROVIDERS, departments, strict=False)]
    case = engine.open_case(APPROVAL.code, actor, members, data["title"], data)
    return ClassApproval.objects.get(case=case)


@verb
def apply(actor: Actor, form: Mapping[str, Any]) -> ScenarioUse:
    """A secondary developer asks to use the data of an approved class for one application.

    Raises Refusal `forbidden`, `invalid_form`, `not_found`, `class_not_in_force`, `outside_class` (the rule named)."""
    if actor.party_id is None or not actor.roles & {"supplier", "buyer"}:
        raise forbidden(
            "二级开发主体须是已入驻的供方或需方。", "A secondary developer is an admitted supplier or buyer."
        )
    data = clean(USE, form)
    approval = ClassApproval.objects.select_related("case").filter(case__number=data["approval"]).first()
    if approval is None or approval.approved_at is None:
        raise not_found(CLASS_TEXT)
    # Under the class's lock: a use is never asked for while its class is being revoked.
    approval.case = engine.lock(approval.case.number)
    party = Party.objects.get(pk=actor.party_id)
    fields = read_fields(data["resources"])[1] if data.get("resources") else dict(approval.fields)
    guards.check_inside(approval, party, data["scenario_class"], fields, int(data["days"]))
    if data.get("bundle") and not DealBundle.objects.filter(case__number=data["bundle"], buyer=party).exists():
        raise wrong("bundle", "没有这个由本机构发起的融合开发项目。", "There is no such project of yours.")
    members = [("applicant", party.pk), ("office", approval.office_id)]
    case = engine.open_case(USING.code, actor, members, data["title"], data)
    return ScenarioUse.objects.get(case=case)
