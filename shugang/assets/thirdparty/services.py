"""Verbs that the procedures' tables cannot say: applying, ordering, publishing and withdrawing a report, lapsing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shugang.kernel import clock, engine
from shugang.kernel.actors import Actor, sees_every_record
from shugang.kernel.errors import Refusal, forbidden, not_found
from shugang.kernel.events import emit
from shugang.kernel.forms import clean
from shugang.kernel.models import Case
from shugang.kernel.verbs import verb
from shugang.parties.organisations.queries import the_operator
from shugang.policy.text import Text

from . import guards, objects, order_guards, signing
from .forms import OFFER, ORDER
from .models import ServiceOffer, ServiceOrder, SignedReport
from .order_process import ENGAGEMENT
from .process import SERVICE

OFFER_NAME = Text("这项服务", "service")
REPORT_NAME = Text("这份报告", "report")


def require_agency(actor: Actor) -> int:
    """The party id of an admitted third party. Raises Refusal `forbidden`."""
    if "reviewer" not in actor.roles or actor.party_id is None:
        raise forbidden(
            "只有入驻的第三方服务机构可以公开服务。请先申请入驻为第三方服务机构。",
            "Only an admitted third party may list services. Please apply for admission as one.",
        )
    return actor.party_id


def require_client(actor: Actor) -> int:
    """The party id of any admitted organisation. Raises Refusal `forbidden`."""
    if actor.party_id is None or not actor.roles:
        raise forbidden(
            "请以在册机构的经办人身份委托。贵机构尚未入驻，或已被暂停。",
            "Please order as an admitted organisation. Yours is not admitted, or is suspended.",
        )
    return actor.party_id


@verb
def apply_offer(actor: Actor, form: Mapping[str, Any]) -> Case:
    """An agency applies to list one kind of service; `form` answers forms.OFFER.

    Raises Refusal `forbidden`, `invalid_form`, `already_offered`.
    """
    agency = require_agency(actor)
    checked = clean(OFFER, form)
    guards.check_offer(checked, actor)
    live = ServiceOffer.objects.filter(agency_id=agency, kind=checked["kind"])
    if live.exclude(state=ServiceOffer.State.ENDED).exists():
        raise Refusal(
            "already_offered",
            Text("贵机构已公开或正在申请这类服务。一类服务只公开一项，请修改原有的。",
                 "Your organisation offers this kind already, or applies for it. One offer a kind: please change that one."),
            409,
        )  # fmt: skip
    parties = [("agency", agency), ("operator", the_operator().pk)]
    return engine.open_case(SERVICE.code, actor, parties, checked["title"], form)  # cleaned there: once, for money


@verb
def place_order(actor: Actor, offer_number: str, form: Mapping[str, Any]) -> Case:
    """Order a listed service; `form` answers forms.ORDER.

    Raises Refusal `forbidden`, `not_found`, `invalid_form`, `offer_not_standing`, `conflict_of_interest`, `rotation`.
    """
    client = require_client(actor)
    offer = ServiceOffer.objects.select_related("agency", "case").filter(case__number=offer_number).first()
    if offer is None or offer.listed_at is None:
        raise not_found(OFFER_NAME)
    checked = clean(ORDER, form)
    guards.wrong(guards.own_files(checked, actor) | _object_answers(checked))
    order_guards.standing_offer(offer)
    if offer.agency_id == client:
        raise Refusal(
            "conflict_of_interest",
            Text("不能委托自己的机构。", "An agency does not serve itself. Please choose another."),
            403,
        )
    parties = [("client", client), ("agency", offer.agency_id)]
    title = f"{offer.title}：{checked['purpose']}"[:200]
    return engine.open_case(ENGAGEMENT.code, actor, parties, title, form, refs=[("service", offer_number)])


def _object_answers(form: Mapping[str, Any]) -> dict[str, Text]:
    kind, number = form.get("object_kind", ""), form.get("object_number", "")
    if kind and kind not in objects.labels():
        return {
            "object_kind": Text(
                "没有这种对象，请从列表中选择。", "There is no such object. Please choose one of the list."
            )
        }
    if kind and not number:
        return {"object_number": Text("请填写对象编号。", "Please give the number of the object.")}
    if number and not kind:
        return {"object_kind": Text("请选择对象的种类。", "Please say what kind of object it is.")}
    return {}


def _lock(report: SignedReport) -> SignedReport:
    rows = SignedReport.objects.select_for_update(of=("self",)).select_related("agency", "case", "version__dataset")
    locked: SignedReport = rows.get(pk=report.pk)
    return locked


def _own_report(actor: Actor, number: str) -> SignedReport:
    """A report of a case in which the actor takes part. Raises Refusal `not_found`."""
    report: SignedReport | None = SignedReport.objects.visible_to(actor).filter(number=number).first()
    if report is None:
        raise not_found(REPORT_NAME)
    return report


def report_of_client(actor: Actor, number: str) -> SignedReport:
    """Raises Refusal `not_found`, or `forbidden` to anybody but the client's handler."""
    report = _own_report(actor, number)
    if report.client_id != actor.party_id or "handler" not in actor.duties:
        raise forbidden("公开报告由委托方经办办理。", "A report is published by the client's handler.")
    return report


def require_withdrawal(actor: Actor, number: str) -> SignedReport:
    """The agency's signer, the operator's reviewer or the regulator. Raises Refusal `not_found`, `forbidden`."""
    if may_order_withdrawal(actor):
        report: SignedReport | None = SignedReport.objects.filter(number=number).first()
        if report is None:
            raise not_found(REPORT_NAME)
        return report
    report = _own_report(actor, number)
    if report.agency_id != actor.party_id or "signer" not in actor.duties:
        raise forbidden(
            "撤回报告由出具机构的签署人办理。", "A report is withdrawn by a signer of the agency that gave it."
        )
    return report


@verb
def publish_report(actor: Actor, number: str, public: bool) -> SignedReport:
    """The client shows a standing report to everybody, or no longer; a listing's opinion is always public.

    Raises Refusal `not_found`, `forbidden`, `wrong_state`.
    """
    report = _lock(report_of_client(actor, number))
    if report.state != SignedReport.State.STANDING or not ServiceOrder.objects.filter(case=report.case).exists():
        raise Refusal(
            "wrong_state",
            Text(
                "只有验收后有效的报告可以公开或取消公开。",
                "Only an accepted report that stands can be published or withheld.",
            ),
            409,
        )
    report.public = public
    report.save(update_fields=["public"])
    emit("report.published" if public else "report.withheld", actor, report.event_refs(), {"kind": report.kind})
    return report


@verb
def withdraw_report(actor: Actor, number: str, reason: str) -> SignedReport:
    """Take back a report that stood: by the agency's signer, or by order of the operator's reviewer or the regulator.

    Raises Refusal `not_found`, `forbidden`, `second_factor_required`, `reason_required`, `wrong_state`.
    """
    report = _lock(require_withdrawal(actor, number))
    if not actor.second_factor:
        raise forbidden(
            "这一步需要第二因素认证，请重新登录。", "This step needs a second factor.", "second_factor_required"
        )
    if not reason.strip():
        wrong = Text(
            "请写明理由，委托方和采用这份报告的程序都会看到。",
            "Please give the reason; the client and every procedure that uses it read it.",
        )
        raise Refusal("reason_required", wrong, 422, {"reason": wrong})
    if report.state != SignedReport.State.STANDING:
        raise Refusal(
            "wrong_state", Text("只有有效的报告可以撤回。", "Only a report that stands can be withdrawn."), 409
        )
    signing.end(report, SignedReport.State.WITHDRAWN, reason.strip(), actor)
    return report


def may_order_withdrawal(actor: Actor) -> bool:
    return ("operator" in actor.roles and "reviewer" in actor.duties) or sees_every_record(actor)


def suspend_lapsed() -> int:
    """Suspend every listed offer whose qualification is no longer in force. Returns how many; quick when there is none."""
    day = clock.today()
    fine = guards.Qualification.objects.filter(checked_at__isnull=False, valid_from__lte=day, valid_until__gte=day)
    rows = ServiceOffer.objects.filter(state=ServiceOffer.State.LISTED).exclude(pk__in=fine.values("offer_id"))
    numbers = list(rows.order_by("pk").values_list("case__number", flat=True)[:200])
    for number in numbers:
        engine.fire(number, "qualification_lapsed")
    return len(numbers)
