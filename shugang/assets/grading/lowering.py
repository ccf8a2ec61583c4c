"""Lowering an inherited grade: a declared transformation, approved by a second person of the input's holder."""

from __future__ import annotations

from shugang.kernel import clock
from shugang.kernel.errors import Refusal
from shugang.kernel.forms import Field, Form
from shugang.kernel.models import Material
from shugang.kernel.procedure import Context
from shugang.policy.text import Text

from . import lineage, matrix
from .effects import rules
from .models import Derivation, Lowering

METHODS: dict[str, Text] = {
    "aggregate": Text("汇总统计，每组不少于规定数", "Aggregation, each group of the least size"),
    "mask": Text("脱敏，仍可对应到原记录", "Masking, rows still match the originals"),
    "anonymise": Text("匿名化，不能识别且不能复原", "Anonymisation, beyond recovery"),
}
DECLARATION = Form(
    1,
    (
        Field("source", "text", Text("来源版本", "Input"), Text("例：DS-2026-000001 v1", "Example: DS-2026-000001 v1"), max_length=40),
        Field("version", "text", Text("衍生版本", "Derived version"), max_length=40),
        Field("method", "choice", Text("变换方法", "Transformation"), choices=tuple(METHODS.items())),
        Field("k", "int", Text("最小分组", "Smallest group"), Text("汇总或匿名化后每组最少的记录数。", "The fewest records in any group."),
              required=False, minimum=1, maximum=1_000_000_000),
        Field("to_level", "choice", Text("降至", "Lowered to"), choices=tuple((str(n), matrix.LEVELS[n]) for n in range(1, 6))),
        Field("statement", "textarea", Text("做法与验证", "What was done and how it was checked"),
              Text("写明对哪些字段做了什么，怎样验证不能还原。", "Which columns, what was done, how it was checked that nothing can be recovered."),
              max_length=1000),
        Field("proof", "file", Text("验证材料", "Proof"), required=False),
    ),
)  # fmt: skip


def check(derivation: Derivation, method: str, k: int | None, to_level: int) -> int:
    """The input's level that is lowered. Raises Refusal `source_not_graded`, `lowering_refused`."""
    grading = lineage.in_force(derivation.source_id)
    if grading is None or grading.level is None:
        raise Refusal(
            "source_not_graded",
            Text("来源数据还没有分级，请先为来源分级。", "The input has no grade yet; please grade it first."),
            409,
        )
    try:
        least = matrix.lowest_allowed(method, grading.level, k, rules())
    except ValueError as error:
        raise Refusal("lowering_refused", error.args[0], 422, {"method": error.args[0]}) from error
    if not least <= to_level < grading.level:
        label, lowest = matrix.LEVELS[grading.level], matrix.LEVELS[least]
        message = Text(f"来源为{label.zh}，这种变换最低可降至{lowest.zh}，且须低于来源。",
                       f"The input is “{label.en}”; this transformation may lead down to “{lowest.en}” and must be below the input.")  # fmt: skip
        raise Refusal("lowering_refused", message, 422, {"to_level": message})
    return grading.level


def _numbers(text: str) -> tuple[str, int]:
    number, _, version = text.rpartition(" v")
    return number, int(version) if version.isdigit() else 0


def derivation_of(source: str, version: str) -> Derivation | None:
    """The declared edge between two versions, given as `DS-… v1`."""
    (a, i), (b, j) = _numbers(source), _numbers(version)
    found = Derivation.objects.select_related("version__dataset__party", "source__dataset__party")
    return found.filter(
        source__dataset__number=a, source__version=i, version__dataset__number=b, version__version=j
    ).first()


def _of(ctx: Context) -> Lowering:
    return Lowering.objects.select_related("derivation__version__dataset__party", "derivation__source__dataset").get(
        case=ctx.case
    )


def _refs(derivation: Derivation) -> list[tuple[str, str]]:
    return [("dataset", derivation.version.dataset.number), ("dataset", derivation.source.dataset.number),
            ("party", derivation.version.dataset.party.number)]  # fmt: skip


def declared(ctx: Context) -> None:
    """Tie the case to the edge that `services.declare_lowering` found in the same transaction."""
    derivation = derivation_of(ctx.data["source"], ctx.data["version"])
    if derivation is None or derivation.version.dataset.party_id != ctx.actor.party_id:
        raise ValueError("a lowering is opened by services.declare_lowering only")
    to_level = int(ctx.data["to_level"])
    level = check(derivation, ctx.data["method"], ctx.data.get("k"), to_level)
    Lowering.objects.create(
        case=ctx.case, derivation=derivation, method=ctx.data["method"], k=ctx.data.get("k"), from_level=level, to_level=to_level
    )  # fmt: skip
    if proof := ctx.data.get("proof"):
        Material.objects.visible_to(ctx.actor).filter(pk=proof["material"]).update(case=ctx.case)
    ctx.refs += _refs(derivation)


def still_fits(ctx: Context) -> None:
    """The input may have been graded anew since the declaration."""
    lowering = _of(ctx)
    level = check(lowering.derivation, lowering.method, lowering.k, lowering.to_level)
    if level > lowering.from_level:
        raise Refusal(
            "source_raised",
            Text("申报之后来源的级别升高了，请不予批准并重新申报。", "The input's level rose since; please refuse and have it declared anew."),
            409,
        )  # fmt: skip


def approved(ctx: Context) -> None:
    lowering = _of(ctx)
    lowering.approved_at = clock.now()
    lowering.save(update_fields=["approved_at"])
    ctx.refs += _refs(lowering.derivation)
    ctx.outputs |= {"from": lowering.from_level, "to": lowering.to_level, "method": lowering.method}


def told(ctx: Context) -> None:
    ctx.refs += _refs(_of(ctx).derivation)
