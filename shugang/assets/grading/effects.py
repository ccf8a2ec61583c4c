"""What the steps of a grading bring about; each runs in the transaction of its step."""

from __future__ import annotations

from typing import Any

from shugang.delivery.models import Column, DatasetVersion
from shugang.kernel import clock, engine
from shugang.kernel.events import emit
from shugang.kernel.procedure import Context
from shugang.kernel.profiles import current_profile

from . import lineage, matrix
from .models import ColumnGrade, Derivation, Grading

PROFILE = "grading"


def rules() -> dict[str, Any]:
    """The grading rules of today."""
    data: dict[str, Any] = current_profile(PROFILE, clock.today()).data
    return data


def locked(ctx: Context) -> Grading:
    return (
        Grading.objects.select_for_update(of=("self",))
        .select_related("case", "version__dataset__party")
        .get(case=ctx.case)
    )


def last_grading(version: DatasetVersion) -> Grading | None:
    """The newest grading in force of this version or of an earlier one of the same dataset."""
    found = Grading.objects.filter(
        state=Grading.State.IN_FORCE, version__dataset_id=version.dataset_id, version__version__lte=version.version
    )
    return found.order_by("-version__version").first()


def opened(ctx: Context) -> None:
    """A row for each column. What is unchanged since the version before is taken over; what is graded anew starts open."""
    version = DatasetVersion.objects.select_related("dataset__party").get(
        dataset__number=ctx.data["dataset"], version=ctx.data["version"]
    )
    last = last_grading(version)
    later = last is not None and last.version_id != version.pk
    scale = version.rows or 0
    if last is not None:
        scale = max(scale, last.scale if last.scale != (last.version.rows or 0) else 0)
    grading = Grading.objects.create(
        case=ctx.case, version=version, scale=scale, precision_m=last.precision_m if last else None,
        carries=last if later else None,
    )  # fmt: skip
    kept = {(g.column.name, g.column.type): g for g in last.columns.select_related("column")} if last else {}
    ColumnGrade.objects.bulk_create(
        _row(grading, column, kept.get((column.name, column.type)), later)
        for column in version.columns.order_by("position")
    )
    if last is not None and later:
        _same_sources(last.version, version, ctx)
    ctx.refs += [ref for ref in grading.event_refs() if ref not in ctx.refs]


def _row(grading: Grading, column: Column, before: ColumnGrade | None, later: bool) -> ColumnGrade:
    row = ColumnGrade(grading=grading, column=column)
    if before is None:
        return row
    cell = {
        "object": before.object,
        "degree": before.degree,
        "pi_class": before.pi_class,
        "sensitive": before.sensitive,
    }
    if not later:
        row.proposal = {"previous": {**cell, "level": before.level, "reason": before.reason}}
        return row
    for name, value in cell.items():
        setattr(row, name, value)
    row.level, row.reason, row.carried = before.level, before.reason, True
    row.decided_by, row.decided_at = before.decided_by, before.decided_at
    return row


def _same_sources(before: DatasetVersion, version: DatasetVersion, ctx: Context) -> None:
    """A new version is taken to come from the inputs of the one before; its lowerings have to be declared anew."""
    known = set(version.derived_from.values_list("source_id", flat=True))
    Derivation.objects.bulk_create(
        Derivation(
            version=version, source_id=d.source_id, how=d.how, declared_at=clock.now(), declared_by=ctx.actor.person_id
        )
        for d in before.derived_from.all()
        if d.source_id not in known
    )


def told(ctx: Context) -> None:
    ctx.refs += [ref for ref in locked(ctx).event_refs() if ref not in ctx.refs]


def fields_of(grading: Grading) -> list[matrix.Field]:
    """The graded columns as the matrix takes them; those without a decision are left out."""
    rows = grading.columns.select_related("column").order_by("column__position")
    return [matrix.Field(g.column.name, g.level, bool(g.pi_class), g.sensitive) for g in rows if g.level is not None]


def evaluate(grading: Grading) -> list[matrix.Reason]:
    """Why the whole has its level, the strictest first."""
    floor, _ = lineage.inherited(grading.version)
    return matrix.dataset_reasons(fields_of(grading), grading.scale, grading.precision_m, floor, rules())


def in_force(ctx: Context) -> None:
    """The grading counts from now on; the former one of the version ends, and what was derived from it is raised."""
    grading = locked(ctx)
    former = lineage.in_force(grading.version_id)
    if former is not None:
        engine.fire(former.case.number, "supersede")
    before = former.level if former else grading.carries.level if grading.carries else None
    reasons = evaluate(grading)
    grading.level = reasons[0].level
    grading.reasons = [{"level": r.level, "assumed": r.assumed, **r.text.to_json()} for r in reasons]
    grading.state, grading.effective_at = Grading.State.IN_FORCE, clock.now()
    grading.whole = ctx.transition.name == "carry"
    grading.save()
    personal = [f.name for f in fields_of(grading) if f.personal]
    Column.objects.filter(version=grading.version, name__in=personal).update(personal=True)
    payload = {
        "version": grading.version.version, "level": grading.level, "before": before,
        "columns": [[f.name, f.level] for f in fields_of(grading)], "personal": personal,
    }  # fmt: skip
    ctx.refs += [ref for ref in grading.event_refs() if ref not in ctx.refs]
    ctx.outputs["level"] = grading.level
    emit("grading.in_force", ctx.actor, grading.event_refs(), payload, ctx.case)
    lineage.spread(grading)


def superseded(ctx: Context) -> None:
    _ends(ctx, Grading.State.SUPERSEDED)


def withdrawn(ctx: Context) -> None:
    _ends(ctx, Grading.State.WITHDRAWN)


def _ends(ctx: Context, state: str) -> None:
    grading = locked(ctx)
    grading.state = state
    grading.save(update_fields=["state"])
    ctx.refs += [ref for ref in grading.event_refs() if ref not in ctx.refs]
