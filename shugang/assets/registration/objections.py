"""Objections in the public notice: anybody signed in may say why a registration should not be made."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shugang.kernel import clock, engine
from shugang.kernel.actors import Actor
from shugang.kernel.errors import Refusal, forbidden, not_found
from shugang.kernel.events import emit
from shugang.kernel.forms import Field, Form, clean
from shugang.kernel.models import Case, CaseClock, Material
from shugang.kernel.verbs import verb
from shugang.policy.text import Text

from .models import Objection, Registration

OBJECTION = Form(
    1,
    (
        Field(
            "interest", "text", Text("您与这些数据的关系", "Your relation to the data"),
            Text("例：我单位是其中一部分数据的采集方。", "Example: we collected part of this data."), max_length=200,
        ),
        Field(
            "reasons", "textarea", Text("异议理由", "Reasons"),
            Text("写明事实和依据，不超过1000字。登记机构会调查并答复您。",
                 "Facts and grounds, at most 1,000 characters. The registrar will investigate and answer you."),
            max_length=1000,
        ),
        Field(
            "evidence", "file", Text("证明材料", "Evidence"),
            Text("申请人和登记机构会看到这份材料。", "Applicant and registrar will see it."), required=False,
        ),
    ),
)  # fmt: skip
NOTICE = Text("这条公示", "such notice")


@verb
def file_objection(actor: Actor, case_number: str, form: Mapping[str, Any]) -> Objection:
    """Object to a registration in its notice; the first objection stops the notice clock.

    Raises Refusal: `sign_in_required`, `not_found`, `notice_over`, `conflict_of_interest`, `already_done`, `invalid_form`.
    """
    if actor.person_id is None:
        raise forbidden("请先登录，再提出异议。", "Please sign in to object.", "sign_in_required")
    found = Registration.objects.filter(case__number=case_number, notice_from__isnull=False).first()
    if found is None:
        raise not_found(NOTICE)
    case = engine.lock(case_number)
    registration = Registration.objects.select_related("asset", "amends").get(pk=found.pk)
    _may_object(actor, registration)
    _is_open(case)
    answers = clean(OBJECTION, form)
    _not_twice(actor, case)
    if "evidence" in answers:
        _attach(case, answers["evidence"], actor)
    objection = Objection.objects.create(
        case=case, person_id=actor.person_id, party_id=actor.party_id, interest=answers["interest"],
        reasons=answers["reasons"], evidence=answers.get("evidence"), filed_at=clock.now(),
    )  # fmt: skip
    asset = registration.subject
    refs = [
        ("case", case.number),
        ("asset", asset.number),
        ("dataset", asset.dataset_version.dataset.number),
        ("party", asset.party.number),
    ]
    emit("objection.filed", actor, refs, {"objection": objection.pk, "form": answers}, case)
    if case.state == "notice":
        engine.fire(case.number, "object")
    return objection


def why_not(actor: Actor, case_number: str) -> Text | None:
    """Why this person cannot object (now), for the page; None when he can, or has only to sign in."""
    registration = Registration.objects.select_related("asset", "amends", "case").get(case__number=case_number)
    try:
        _may_object(actor, registration)
        _is_open(registration.case)
        _not_twice(actor, registration.case)
    except Refusal as refusal:
        return refusal.message
    return None


def _not_twice(actor: Actor, case: Case) -> None:
    mine = Objection.objects.filter(case=case, person_id=actor.person_id or 0, state=Objection.State.OPEN)
    if mine.exists():
        raise Refusal(
            "already_done",
            Text("您已提出异议，登记机构正在处理。", "You have objected already; the registrar is looking into it."),
            409,
        )


def _may_object(actor: Actor, registration: Registration) -> None:
    if actor.party_id is not None and actor.party_id in {registration.subject.party_id, registration.registrar_id}:
        raise Refusal(
            "conflict_of_interest",
            Text(
                "申请人和登记机构不能对自己的登记提出异议。申请人可以撤回申请，登记机构可以在审查中作出决定。",
                "Applicant and registrar cannot object here: the applicant may withdraw, the registrar decides in the case.",
            ),
            403,
        )


def _is_open(case: Case) -> None:
    """Open while the notice runs, and while another objection is looked into."""
    running = case.clocks.filter(name="notice", state=CaseClock.State.RUNNING, due_at__gte=clock.now()).exists()
    if (case.state == "notice" and running) or case.state == "objection":
        return
    raise Refusal(
        "notice_over",
        Text(
            "公示已经结束，不能再在这里提出异议。对已核发的凭证有异议的，请向登记机构提出。",
            "The notice has ended. Against a certificate already issued, please turn to the registrar.",
        ),
        409,
    )


def _attach(case: Case, evidence: Mapping[str, Any], actor: Actor) -> None:
    if not Material.objects.visible_to(actor).filter(pk=evidence["material"]).update(case=case):
        raise not_found(Text("这份材料", "material"))
