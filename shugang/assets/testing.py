"""Factories for the tests of this wing and those above, built on the real verbs; and the check of a procedure's table.

office = make_registrar()
certificate = make_certificate(supplier_actor, version, office)
"""

from __future__ import annotations

import hashlib
import io
import itertools
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from shugang.delivery.models import Column, Dataset, DatasetVersion
from shugang.kernel import clock, engine, materials, profiles, sequencer
from shugang.kernel.actors import Actor
from shugang.kernel.models import Case
from shugang.kernel.numbering import yearly_number
from shugang.kernel.procedure import TIMER, Transition
from shugang.kernel.testing import refused, snapshot
from shugang.parties.accounts.actor import PartyActor
from shugang.parties.models import Party
from shugang.parties.testing import make_actor, make_party

from .grading import services as grading
from .grading.models import Grading
from .grading.proposing import run_detection
from .registration import joint, services
from .registration.models import Certificate
from .review.checks import personal_columns
from .review.models import SecurityReview
from .review.services import apply_review

_count = itertools.count(1)


@dataclass(frozen=True)
class Office:
    """A registrar with the three people whom the procedure asks for."""

    party: Party
    accepter: PartyActor
    examiner: PartyActor
    reviewer: PartyActor


def load_profiles() -> None:
    """The wing's rule profiles, as `shugang init` loads them."""
    from pathlib import Path

    profiles.load_profiles(sorted((Path(__file__).parent / "profiles").glob("*.json")))


def make_registrar() -> Office:
    load_profiles()
    party = make_party("registrar")
    return Office(
        party, make_actor(party, ("examiner",)), make_actor(party, ("examiner",)), make_actor(party, ("reviewer",))
    )


def make_version(supplier: Party, rows: int = 100, personal: tuple[str, ...] = ()) -> DatasetVersion:
    """A hosted dataset with one version, its facts recorded without a file."""
    with transaction.atomic():
        dataset = Dataset.objects.create(
            number=yearly_number("DS", clock.today().year), party=supplier, name="空气质量逐时数据", name_en="Air quality",
            description="逐时浓度", origin="UCI Machine Learning Repository 381", licence="CC BY 4.0",
            created_at=clock.now(),
        )  # fmt: skip
    digest = hashlib.sha256(f"{dataset.number}-{rows}".encode()).hexdigest()
    version = DatasetVersion.objects.create(
        dataset=dataset, version=1, sha256=digest, rows=rows, bytes=rows * 40, schema_digest=digest,
        path=f"{dataset.number}/1/data.parquet", source_name="data.csv", created_at=clock.now(),
    )  # fmt: skip
    for position, name in enumerate(("station", "at", "pm25", *personal)):
        Column.objects.create(version=version, position=position, name=name, type="VARCHAR", personal=name in personal)
    return version


def registration_form(**changes: Any) -> dict[str, Any]:
    """A form that every rule allows; `changes` replace answers, None removes one."""
    form: dict[str, Any] = {
        "data_name": "2013至2017年北京市空气质量逐时监测数据集",
        "summary": "12个站点逐时的六项污染物浓度及气象要素，可用于环境研究。",
        "industry": "N",
        "division": "77",
        "region": "北京市12个站点",
        "period": "2013-03-01至2017-02-28",
        "frequency": "none",
        "volume": "420,768行",
        "shape": "table",
        "structure": "structured",
        "source_kind": "collected",
        "source_statement": "由本单位自建站点仪器逐时采集，经校准后入库。",
        "rights": ["HOLD", "USE", "OPERATE"],
        "validity_years": "5",
        "resale": "no",
        "export": "no",
        "declaration": True,
    }
    return {k: v for k, v in {**form, **changes}.items() if v is not None}


def make_material(actor: Actor, text: str = "数据采购协议") -> dict[str, Any]:
    return materials.store(actor, f"材料{next(_count)}.txt", io.BytesIO(text.encode()))


def make_application(
    actor: PartyActor, version: DatasetVersion, office: Office, profile: str = "registration-local", **changes: Any
) -> Case:
    form = registration_form(**changes)
    return services.apply_registration(actor, version.dataset.number, office.party, form, profile=profile)


def finish(case: Case, office: Office, applicant: PartyActor) -> Certificate:
    """Lead an application of any type through the procedure; the certificate that it ends in."""
    to_state(case, office, applicant, "deposited")
    return Certificate.objects.get(registration__case=case, party_id=applicant.party_id or 0)


def offer_form(actor: Actor, **changes: Any) -> dict[str, Any]:
    """What a holder offers to transfer or license."""
    form = {
        "rights": ["HOLD", "USE", "OPERATE"],
        "statement": "双方于2026年签订转让协议。",
        "agreement": make_material(actor),
        **changes,
    }
    return {k: v for k, v in form.items() if v is not None}


def hand_over(
    certificate: Certificate, holder: PartyActor, other: PartyActor, kind: str = "transfer", **changes: Any
) -> Case:
    """The registration that begins when `other` agrees to what `holder` offers on the certificate."""
    assert other.party is not None
    case = joint.offer(holder, certificate.number, kind, other.party.number, offer_form(holder, **changes))
    engine.act(case.number, "agree", other, {"declaration": True})
    return Case.objects.get(registration__previous=certificate, registration__kind=kind, registration__open=True,
                            registration__asset__party_id=other.party_id or 0)  # fmt: skip


def to_state(case: Case, office: Office, applicant: PartyActor, state: str) -> Case:
    """Lead an application to `state` by real steps; the timer's own steps are fired (`t:`), an objection filed (`o:`)."""
    people = {"a": office.accepter, "e": office.examiner, "r": office.reviewer, "p": applicant}
    for path in _PATHS[state]:
        who, step = path.split(":")
        if who == "t":
            engine.fire(case.number, step)
        elif who == "o":
            services.file_objection(make_actor(make_party("buyer")), case.number, OBJECTION)
        else:
            engine.act(case.number, step, people[who], answers_for(step))
    return Case.objects.get(pk=case.pk)


OBJECTION = {"interest": "我单位采集了其中一部分数据", "reasons": "名称与我单位已登记的数据相同。"}
_ANSWERS: dict[str, dict[str, Any]] = {
    "request_correction": {"items": "1. 地域范围过宽，请写到区。"},
    "request_supplement": {"items": "1. 请补充采集方案。"},
    "not_accept": {"reason": "不属于本机构登记范围。"},
    "pass_examination": {"opinion": "描述准确，来源合规，权利清晰。"},
    "reject": {"rule": "source", "reason": "来源证明不能说明取得方式。"},
    "extend": {"reason": "需要向来源方核实。"},
    "dismiss_objection": {"reason": "经核实，两项数据的时段不同。"},
    "uphold_objection": {"reason": "经核实，权属存在争议。"},
    "withdraw": {"reason": "计划调整。"},
    "suspend": {"rule": "inspection", "reason": "核查来源。"},
    "resume": {"reason": "核查无误。"},
    "cancel": {"reason": "不再经营。"},
    "revoke": {"rule": "false", "reason": "材料不实。"},
}
_ACCEPTED = ("a:accept",)
_NOTICE = (*_ACCEPTED, "e:pass_examination")
_PATHS: dict[str, tuple[str, ...]] = {
    "submitted": (),
    "correcting": ("a:request_correction",),
    "accepted": _ACCEPTED,
    "supplementing": (*_ACCEPTED, "e:request_supplement"),
    "notice": _NOTICE,
    "objection": (*_NOTICE, "o:file"),
    "deposited": (*_NOTICE, "t:deposit"),
    "certified": (*_NOTICE, "t:deposit"),
    "not_accepted": ("a:not_accept",),
    "not_filed": ("a:request_correction", "t:deem_not_filed"),
    "rejected": (*_ACCEPTED, "e:reject"),
    "withdrawn": ("p:withdraw",),
}


def answers_for(step: str) -> dict[str, Any]:
    """Form answers that a step accepts."""
    if step in {"resubmit", "supplement"}:
        return registration_form(region="北京市海淀区12个站点")
    return dict(_ANSWERS.get(step, {}))


def make_certificate(
    applicant: PartyActor | None = None,
    version: DatasetVersion | None = None,
    office: Office | None = None,
    **changes: Any,
) -> Certificate:
    """A certificate in effect, through the whole procedure; the notice is ended by firing its timer step."""
    office = office or make_registrar()
    applicant = applicant or make_actor(make_party("supplier"))
    assert applicant.party is not None
    version = version or make_version(applicant.party)
    return finish(make_application(applicant, version, office, **changes), office, applicant)


SECURITY: dict[str, Any] = {
    "measures": "加密存放，按授权访问，留痕，到期删除。",
    "personal_basis": "none",
    "declaration": True,
}


def make_graded(holder: PartyActor, version: DatasetVersion, **cells: dict[str, Any]) -> Grading:
    """A grading in force through the whole procedure: proposals are accepted but for `cells` (column → answers)."""
    assert holder.party is not None
    case = grading.open_grading(holder, version.dataset.number, version.version)
    run_detection(case.grading.pk)
    for name, answers in cells.items():
        grading.decide_column(holder, case.number, name, {"reason": "经核对定级。", **answers})
    if case.grading.columns.filter(level=None).exists():
        grading.accept_all(holder, case.number)
    engine.act(case.number, "submit", holder)
    engine.act(case.number, "approve", make_actor(holder.party, ("reviewer",)))
    return Grading.objects.get(case=case)


def make_reviewed(holder: PartyActor, version: DatasetVersion, **changes: Any) -> SecurityReview:
    """A version that passed its security review by an operator of its own; graded first where it is not."""
    load_profiles()
    standing = Grading.objects.filter(version=version, state=Grading.State.IN_FORCE).first()
    personal = personal_columns(standing or make_graded(holder, version))
    form = {
        **SECURITY,
        **({"personal_basis": "public", "basis_text": "信息已由机构依法公开。"} if personal else {}),
        **changes,
    }
    operator = make_party("operator")
    case = apply_review(holder, version.dataset.number, operator, form, version.version)
    engine.act(case.number, "pass", make_actor(operator, ("reviewer",)), {"opinion": "级别、依据和措施清楚。"})
    return SecurityReview.objects.get(case=case)


def anchor() -> None:
    """Number everything that happened and publish a checkpoint, then issue the papers, as sequencer and worker do."""
    from .valuation.services import issue_reports

    sequencer.run_once()
    services.issue_documents()
    issue_reports()
    sequencer.run_once()


# The table of a procedure, tested cell by cell.


def expected(step: Transition, state: str, who: str, may: dict[str, set[str]]) -> bool:
    """Whether the table allows the step in this state to this actor; `may` maps a step to the actors it names."""
    return state in step.sources and TIMER not in step.by and who in may.get(step.name, set())


def assert_cell(case: Case, step: Transition, actor: Actor, allowed: bool, data: dict[str, Any]) -> None:
    """Take the step: an allowed one moves the case and leaves an event, any other is refused and changes nothing."""
    if not allowed:
        refused(case, step.name, actor, data)
        return
    before = snapshot(case)
    moved = engine.act(case.number, step.name, actor, data)
    after = snapshot(case)
    if moved.state != step.target or after[1] != before[1] + 1 or after[3] <= before[3]:
        raise AssertionError(f"{step.name} by {actor.label} left {before} → {after}")
