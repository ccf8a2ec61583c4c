"""Objection after the issue (核发后的异议): notify the holder, who agrees or contests; then a conclusion, or arbitration and court.

国数综政策〔2026〕35号: complete file → notify the registrant within five working days → he agrees (变更、注销) or contests → conclusion →
arbitration or court; the registrar acts on the effective judgment (`revoke` with rule `judgment`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shugang.kernel import engine
from shugang.kernel.actors import Actor
from shugang.kernel.errors import Refusal, forbidden, not_found
from shugang.kernel.forms import Field, Form, clean
from shugang.kernel.models import Case, Event, EventRef, Material
from shugang.kernel.procedure import TIMER, ClockSpec, Context, Procedure, Role, State, Transition, register
from shugang.kernel.reactions import on
from shugang.kernel.verbs import verb
from shugang.policy.text import Text

from . import amending, burdens
from .guards import independent
from .models import Certificate
from .objections import OBJECTION
from .process import RESOLVE, WHY

OBJECTOR = (Role("objector", "handler"),)
HOLDER = (Role("holder", "handler"),)
EXAMINER = (Role("registrar", "examiner"),)
REVIEWER = (Role("registrar", "reviewer"),)
CODE = "assets.dispute"
AGREE = Form(
    1,
    (
        Field("outcome", "choice", Text("处理方式", "What follows"),
              choices=(("change", Text("同意，将申请变更登记", "I agree and will apply for a change")),
                       ("cancel", Text("同意，注销凭证", "I agree: cancel the certificate")))),
        Field("statement", "textarea", Text("说明", "Statement"), Text("登记机构和异议人会看到。", "Registrar and objector will read it.")),
    ),
)  # fmt: skip


def _certificate(case: Case) -> Certificate:
    """The certificate that the first event of the case names."""
    number = (
        EventRef.objects.filter(event__case=case, kind="certificate")
        .order_by("event_id")
        .values_list("key", flat=True)[0]
    )
    return Certificate.objects.select_related("asset", "case").get(number=number)


@verb
def dispute(actor: Actor, certificate_number: str, form: Mapping[str, Any]) -> Case:
    """Object to a certificate that stands; anybody who acts for a party may, but its holder and its registrar.

    Raises Refusal `sign_in_required`, `forbidden`, `not_found`, `wrong_state`, `conflict_of_interest`, `already_done`, `invalid_form`.
    """
    if actor.person_id is None:
        raise forbidden("请先登录，再提出异议。", "Please sign in to object.", "sign_in_required")
    found = Certificate.objects.select_related(
        "asset__dataset_version__dataset", "asset__party", "registration__case__profile"
    )
    certificate = found.filter(number=certificate_number).first()
    if certificate is None:
        raise not_found(amending.CERTIFICATE)
    if actor.party_id in {certificate.party_id, certificate.registrar_id}:
        raise Refusal("conflict_of_interest", Text(
            "权利人和登记机构不能对自己的凭证提出异议。权利人可以变更或注销，登记机构可以暂停或撤销。",
            "Holder and registrar cannot object here: the holder may change or cancel, the registrar may suspend or revoke.",
        ), 403)  # fmt: skip
    if certificate.state not in ("valid", "suspended"):
        raise Refusal(
            "wrong_state", Text("凭证已失效，不需要再提出异议。", "The certificate is no longer in force."), 409
        )
    mine = Case.objects.filter(procedure=CODE, closed_at__isnull=True, parties__party_id=actor.party_id or 0, parties__capacity="objector",
                               events__refs__kind="certificate", events__refs__key=certificate.number)  # fmt: skip
    if mine.exists():
        raise Refusal("already_done", Text("您的异议正在处理。", "Your objection is being dealt with."), 409)
    data = clean(OBJECTION, form)
    asset = certificate.asset
    case = engine.open_case(
        CODE, actor,
        [("objector", actor.party_id or 0), ("holder", certificate.party_id), ("registrar", certificate.registrar_id)],
        f"异议：{asset.name}"[:200], data,
        refs=[("certificate", certificate.number), ("asset", asset.number), ("dataset", asset.dataset_version.dataset.number),
              ("party", asset.party.number)],
        profile=amending.rules_of(certificate)[0].code,
    )  # fmt: skip
    if "evidence" in data:
        mine_files = Material.objects.visible_to(actor).filter(
            pk=data["evidence"]["material"], party_id=actor.party_id or 0
        )
        if not mine_files.update(case=case):
            raise not_found(Text("这份材料", "material"))
    return case


def may_agree(ctx: Context) -> None:
    if ctx.data["outcome"] == "cancel":
        certificate = _certificate(ctx.case)
        burdens.require_free(certificate.asset, set(certificate.content["rights"]), Text("注销", "cancelling"))


def agreed(ctx: Context) -> None:
    certificate = _certificate(ctx.case)
    ctx.refs.append(("certificate", certificate.number))
    if ctx.data["outcome"] == "cancel" and certificate.state in ("valid", "suspended"):
        engine.fire(certificate.case.number, "cancel")


def told(ctx: Context) -> None:
    ctx.refs.append(("certificate", _certificate(ctx.case).number))


def without_object(event: Event) -> None:
    """What was disputed has ended for another reason: nothing is left to decide."""
    number = next(r.key for r in event.refs.all() if r.kind == "certificate")
    rows = Case.objects.filter(
        procedure=CODE, closed_at__isnull=True, events__refs__kind="certificate", events__refs__key=number
    )
    for case in rows.exclude(pk=event.case_id or 0).distinct().order_by("pk"):
        engine.fire(case.number, "lose_object")


OPEN = ("filed", "notified", "contested")
DISPUTE = register(
    Procedure(
        code=CODE,
        label=Text("凭证异议", "Objection to a certificate"),
        number_prefix="YY",
        opening=Transition("file", Text("提出异议", "Object"), (), "filed", OBJECTOR, OBJECTION, starts=("notification",), effect=None),
        states=(
            State("filed", Text("待登记机构处理", "Awaiting the registrar")),
            State("notified", Text("待权利人答复", "Awaiting the holder"), "warn"),
            State("contested", Text("权利人不同意，待结论", "Contested, awaiting a conclusion"), "warn"),
            State("agreed", Text("权利人同意", "The holder agreed"), "ok", True),
            State("dismissed", Text("异议不成立", "Dismissed"), "off", True),
            State("referred", Text("争议未解决，告知仲裁或诉讼", "Unresolved: arbitration or court"), "bad", True),
            State("not_accepted", Text("不予受理", "Not accepted"), "off", True),
            State("withdrawn", Text("已撤回", "Withdrawn"), "off", True),
            State("moot", Text("凭证已终止", "The certificate has ended"), "off", True),
        ),
        transitions=(
            Transition("notify", Text("材料齐全，通知权利人", "Complete: notify the holder"), ("filed",), "notified", EXAMINER,
                       stops=("notification",), starts=("answer",), guard=independent, effect=told),
            Transition("not_accept", Text("不予受理", "Decline"), ("filed",), "not_accepted", EXAMINER, WHY, guard=independent, danger=True),
            Transition("agree", Text("同意异议", "Agree"), ("notified",), "agreed", HOLDER, AGREE, guard=may_agree, effect=agreed),
            Transition("contest", Text("不同意", "Contest"), ("notified",), "contested", HOLDER, RESOLVE, stops=("answer",),
                       starts=("objection",), effect=told),
            Transition("unanswered", Text("逾期未答复", "Not answered in time"), ("notified",), "contested", (TIMER,), starts=("objection",),
                       effect=told),
            Transition("dismiss", Text("异议不成立", "Dismiss"), ("contested",), "dismissed", REVIEWER, RESOLVE, distinct_from=("notify",),
                       guard=independent, effect=told, danger=True),
            Transition("refer", Text("告知仲裁或诉讼", "Refer to arbitration or court"), ("contested",), "referred", REVIEWER, RESOLVE,
                       distinct_from=("notify",), guard=independent, effect=told),
            Transition("withdraw", Text("撤回异议", "Withdraw"), OPEN, "withdrawn", OBJECTOR, WHY, danger=True, optional=True),
            Transition("lose_object", Text("凭证已终止", "The certificate has ended"), OPEN, "moot", (TIMER,)),
        ),
        clocks=(
            ClockSpec("notification", Text("通知期限", "Notification"), "notification"),
            ClockSpec("answer", Text("答复期限", "Answer"), "answer", on_expiry="unanswered"),
            ClockSpec("objection", Text("结论期限", "Conclusion"), "objection"),
        ),
        profile="registration-local",
        capacities=(("objector", Text("异议人", "Objector")), ("holder", Text("权利人", "Holder")), ("registrar", Text("登记机构", "Registrar"))),
    )
)  # fmt: skip
for _kind in ("certificate.cancelled", "certificate.revoked", "certificate.lapsed", "certificate.transferred"):
    on(_kind)(without_object)
