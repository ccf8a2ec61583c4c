"""Verbs of grading that the procedure's table cannot say: start, decide columns, state facts, declare inputs."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from shugang.delivery.models import Dataset, DatasetVersion, Grant
from shugang.kernel import clock, engine
from shugang.kernel.actors import Actor
from shugang.kernel.errors import Refusal, forbidden, not_found
from shugang.kernel.events import emit
from shugang.kernel.forms import Field, Form, clean
from shugang.kernel.models import Case
from shugang.kernel.verbs import verb
from shugang.policy.text import Text

from . import lowering, matrix, pi
from .effects import rules
from .models import ColumnGrade, Derivation, Grading
from .process import GRADING, LOWERING

DATASET = Text("这个数据集，或它的这个版本", "dataset, or this version of it")
COLUMN = Text("这个字段", "column")
DECISION = Form(
    1,
    (
        Field("object", "choice", Text("影响对象", "What would be harmed"), choices=tuple(matrix.OBJECTS.items())),
        Field("degree", "choice", Text("影响程度", "How badly"), choices=tuple(matrix.DEGREES.items())),
        Field("pi_class", "choice", Text("个人信息类别", "Class of personal information"),
              Text("不是个人信息则不选。", "Leave it empty when it is none."), required=False, choices=tuple(pi.CLASSES.items())),
        Field("sensitive", "bool", Text("敏感个人信息", "Sensitive personal information"), required=False),
        Field("reason", "textarea", Text("理由", "Reason"),
              Text("写明依据，复核人看到的就是这段文字。", "State the ground; the reviewer reads exactly this.")),
    ),
)  # fmt: skip
FACTS = Form(
    1,
    (
        Field("scale", "int", Text("规模（人数或记录数）", "Scale (people or rows)"), minimum=0, maximum=10**13),
        Field("precision_m", "int", Text("位置精度（米）", "Precision of places (metres)"),
              Text("没有位置信息则不填。", "Leave it empty without places."), required=False, minimum=0, maximum=1_000_000),
    ),
)  # fmt: skip
INPUT = Form(
    1,
    (
        Field("dataset", "text", Text("来源数据集", "Input dataset"), Text("例：DS-2026-000001", "Example: DS-2026-000001"), max_length=20),
        Field("version", "int", Text("来源版本", "Its version"), minimum=1),
        Field("how", "textarea", Text("如何得来", "How it was made"),
              Text("例：按站点和日期求均值。", "Example: means by station and day.")),
    ),
)  # fmt: skip


def require_handler(actor: Actor) -> int:
    """The acting holder's party id. Raises Refusal `forbidden`."""
    if actor.party_id is None or "handler" not in actor.duties:
        raise forbidden("分级由持有方的经办办理。请切换机构，或联系本机构管理员分配岗位。",
                        "Grading is done by the holder's handler. Please switch the organisation or ask your manager.")  # fmt: skip
    return actor.party_id


def own_version(actor: Actor, dataset: str, version: int | None = None) -> DatasetVersion:
    """A version of the acting party's own dataset, the newest by default. Raises Refusal `not_found`, `no_version`."""
    found = Dataset.objects.visible_to(actor).filter(number=dataset, party_id=actor.party_id or 0).first()
    if found is None:
        raise not_found(DATASET)
    rows = found.versions.select_related("dataset__party")
    row = (rows.filter(version=version) if version else rows.order_by("-version")).first()
    if row is not None:
        return row
    if version:
        raise not_found(DATASET)
    raise Refusal("no_version", Text("这个数据集还没有数据版本，请先上传或连接数据。",
                                     "This dataset has no version yet. Please upload or connect data first."), 409)  # fmt: skip


@verb
def open_grading(actor: Actor, dataset: str, version: int | None = None) -> Case:
    """Start grading a version, the newest by default; also when it is graded already (重新分级).

    Raises Refusal `forbidden`, `not_found`, `no_version`, `already_open`.
    """
    require_handler(actor)
    row = own_version(actor, dataset, version)
    standing = Grading.objects.filter(version=row, state=Grading.State.OPEN).select_related("case").first()
    if standing is not None:
        raise Refusal(
            "already_open",
            Text(f"这一版正在分级，编号{standing.case.number}。请继续办理。",
                 f"This version is being graded as {standing.case.number}. Please go on there."),
            409,
        )  # fmt: skip
    return engine.open_case(
        GRADING.code, actor, [("holder", row.dataset.party_id)], f"{row.dataset.name} v{row.version}",
        {"dataset": row.dataset.number, "version": row.version},
    )  # fmt: skip


def editable(actor: Actor, number: str) -> Grading:
    """The acting holder's grading that stands to be confirmed, under the case's lock. Raises Refusal."""
    party = require_handler(actor)
    case = engine.lock(number)
    found = Grading.objects.select_related("case", "version__dataset__party").filter(case=case).first()
    if found is None or found.version.dataset.party_id != party:
        raise not_found(engine.CASE)
    if case.state != "confirming":
        label = GRADING.state(case.state).label
        raise Refusal(
            "wrong_state",
            Text(f"当前“{label.zh}”，字段只在待确认时可以改。", f"It is “{label.en}”; columns change only while they are to be confirmed."),
            409,
        )  # fmt: skip
    return found


def _level(answers: Mapping[str, Any]) -> int:
    """The matrix's level of a decision. Raises Refusal `grade_too_low` below the floor for personal information."""
    settings = rules()
    level = matrix.grade(answers["object"], answers["degree"], settings).level
    kind = "sensitive" if answers["sensitive"] else "personal" if answers.get("pi_class") else ""
    floor = int(settings["floors"].get(kind, 1))
    if level < floor:
        what = (
            Text("敏感个人信息", "Sensitive personal information")
            if kind == "sensitive"
            else Text("个人信息", "Personal information")
        )
        message = Text(f"{what.zh}不低于{matrix.LEVELS[floor].zh}，请提高影响程度。",
                       f"{what.en} is at least “{matrix.LEVELS[floor].en}”; please choose a graver harm.")  # fmt: skip
        raise Refusal("grade_too_low", message, 422, {"degree": message})
    return level


def _decide(row: ColumnGrade, answers: Mapping[str, Any], actor: Actor, batch: str = "") -> None:
    if answers["sensitive"] and not answers.get("pi_class"):
        message = Text("敏感个人信息须选个人信息类别。", "Sensitive personal information needs its class.")
        raise Refusal("invalid_form", message, 422, {"pi_class": message})
    row.level = _level(answers)
    row.object, row.degree = answers["object"], answers["degree"]
    row.pi_class, row.sensitive = answers.get("pi_class", ""), bool(answers["sensitive"])
    row.reason, row.carried, row.batch = answers["reason"], False, batch
    row.decided_by, row.decided_at = actor.person_id, clock.now()
    row.save()


@verb
def decide_column(actor: Actor, number: str, column: str, answers: Mapping[str, Any]) -> ColumnGrade:
    """Confirm or change one column, with the reason. Raises Refusal `invalid_form`, `grade_too_low`, `wrong_state`."""
    grading = editable(actor, number)
    row = grading.columns.select_related("column").filter(column__name=column).first()
    if row is None:
        raise not_found(COLUMN)
    given = clean(DECISION, answers)
    before = row.level
    _decide(row, given, actor)
    payload = {"column": column, "before": before, "level": row.level, **given}
    emit("grading.column_decided", actor, grading.event_refs(), payload, grading.case)
    return row


def proposed(row: ColumnGrade) -> dict[str, Any] | None:
    """The decision that a proposal amounts to; None when nothing was proposed."""
    said = row.proposal.get("cell")
    return dict(said) if said else None


@verb
def accept_all(actor: Actor, number: str, column: str = "") -> str:
    """Accept every proposal that is not decided yet (or that of one column); returns the batch by which it can be undone.

    Raises Refusal `nothing_proposed`, `wrong_state`.
    """
    grading = editable(actor, number)
    open_rows = grading.columns.filter(level=None).select_related("column")
    chosen = open_rows.filter(column__name=column) if column else open_rows
    rows = [(row, said) for row in chosen if (said := proposed(row))]
    if not rows:
        message = Text("没有可采纳的建议，请逐个确认。", "There is no proposal to accept; please decide one by one.")
        raise Refusal("nothing_proposed", message, 409)
    batch = str(uuid.uuid4())
    for row, said in rows:
        _decide(row, {**said, "reason": row.proposal["words"]["zh"][:400]}, actor, batch)
    names = [[row.column.name, row.level] for row, _ in rows]
    emit("grading.proposals_accepted", actor, grading.event_refs(), {"batch": batch, "columns": names}, grading.case)
    return batch


@verb
def undo_acceptance(actor: Actor, number: str, batch: str) -> int:
    """Take a bulk acceptance back, but for what was decided anew since. Raises Refusal `nothing_to_undo`, `wrong_state`."""
    grading = editable(actor, number)
    rows = grading.columns.filter(batch=batch) if batch else grading.columns.none()
    names = list(rows.values_list("column__name", flat=True))
    if not names:
        raise Refusal("nothing_to_undo", Text("没有可撤销的采纳。", "There is nothing to undo."), 409)
    rows.update(
        object="", degree="", pi_class="", sensitive=False, level=None, reason="", batch="", decided_by=None, decided_at=None
    )  # fmt: skip
    emit("grading.acceptance_undone", actor, grading.event_refs(), {"batch": batch, "columns": names}, grading.case)
    return len(names)


@verb
def state_facts(actor: Actor, number: str, answers: Mapping[str, Any]) -> Grading:
    """Scale and precision, for the effect of the whole. Raises Refusal `scale_is_zero`, `invalid_form`, `wrong_state`."""
    grading = editable(actor, number)
    given = clean(FACTS, answers)
    if not given["scale"] and grading.version.rows:
        message = Text("数据不是空的，规模不能为0。", "The data are not empty, so the scale is not 0.")
        raise Refusal("scale_is_zero", message, 422, {"scale": message})
    grading.scale, grading.precision_m = given["scale"], given.get("precision_m")
    grading.save(update_fields=["scale", "precision_m"])
    emit("grading.facts_stated", actor, grading.event_refs(), given, grading.case)
    return grading


@verb
def declare_input(actor: Actor, dataset: str, version: int | None, answers: Mapping[str, Any]) -> Derivation:
    """Declare what a version was made from: own data, or data that the party holds a grant on.

    Raises Refusal `not_found`, `source_not_older`, `already_declared`, `invalid_form`.
    """
    require_handler(actor)
    derived = own_version(actor, dataset, version)
    given = clean(INPUT, answers)
    source = DatasetVersion.objects.select_related("dataset").filter(
        dataset__number=given["dataset"], version=given["version"]
    ).first()  # fmt: skip
    held = Grant.objects.filter(grantee_id=actor.party_id, source__dataset=given["dataset"])
    if source is None or (source.dataset.party_id != actor.party_id and not held.exists()):
        raise not_found(Text("这个来源数据集，或贵机构没有它的授权", "such input, or you hold no grant on it"))
    if source.pk >= derived.pk:
        message = Text("来源须早于衍生数据。", "An input has to be older than what was made of it.")
        raise Refusal("source_not_older", message, 422, {"dataset": message})
    if derived.derived_from.filter(source=source).exists():
        message = Text("这个来源已经申报过。", "This input is declared already.")
        raise Refusal("already_declared", message, 409, {"dataset": message})
    row = Derivation.objects.create(
        version=derived, source=source, how=given["how"], declared_at=clock.now(), declared_by=actor.person_id
    )
    refs = [
        ("dataset", derived.dataset.number),
        ("dataset", source.dataset.number),
        ("party", derived.dataset.party.number),
    ]
    emit(
        "grading.input_declared",
        actor,
        refs,
        {"version": derived.version, "source": source.version, "how": given["how"]},
    )
    _raise_at_once(derived)
    return row


def _raise_at_once(derived: DatasetVersion) -> None:
    """An input declared after the derived data were graded counts at once."""
    from . import lineage

    for derivation in derived.derived_from.all():
        source = lineage.in_force(derivation.source_id)
        if source is not None:
            lineage.spread(source)


@verb
def declare_lowering(actor: Actor, answers: Mapping[str, Any]) -> Case:
    """Declare a transformation by which a declared input counts for less; `answers` fill lowering.DECLARATION.

    Raises Refusal `not_found`, `source_not_graded`, `lowering_refused`, `invalid_form`.
    """
    party = require_handler(actor)
    given = clean(lowering.DECLARATION, answers)
    derivation = lowering.derivation_of(given["source"], given["version"])
    if derivation is None or derivation.version.dataset.party_id != party:
        raise not_found(Text("这项衍生关系，请先申报来源", "such derivation; please declare the input first"))
    lowering.check(derivation, given["method"], given.get("k"), int(given["to_level"]))
    parties = [("holder", party), ("source", derivation.source.dataset.party_id)]
    return engine.open_case(LOWERING.code, actor, parties, f"{given['version']} ← {given['source']}"[:200], given)
