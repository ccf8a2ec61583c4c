"""Reads of grading, for its pages, its API and the wings above."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Q, QuerySet

from shugang.delivery.models import Dataset, DatasetVersion
from shugang.kernel import clock
from shugang.kernel.actors import Actor
from shugang.kernel.errors import not_found
from shugang.kernel.models import RuleProfile
from shugang.kernel.profiles import current_profile
from shugang.policy.text import Text

from . import effects, lineage, matrix
from .models import ColumnGrade, Derivation, Grading, Lowering

GRADING = Text("这项分级", "grading")


def gradings(actor: Actor, state: str = "") -> QuerySet[Grading]:
    found: QuerySet[Grading] = Grading.objects.visible_to(actor).select_related("case", "version__dataset__party")
    return found.filter(case__state=state) if state else found


def counts(actor: Actor) -> dict[str, int]:
    rows = Grading.objects.visible_to(actor).values("case__state").annotate(n=Count("pk"))
    return {row["case__state"]: row["n"] for row in rows.order_by()}


def level_counts(actor: Actor) -> dict[int, int]:
    """Columns of gradings in force by level."""
    rows = ColumnGrade.objects.visible_to(actor).filter(grading__state=Grading.State.IN_FORCE, level__isnull=False)
    return {int(row["level"] or 0): row["n"] for row in rows.values("level").annotate(n=Count("pk")).order_by()}


def matching(text: str) -> Q:
    return (
        Q(version__dataset__name__icontains=text) | Q(version__dataset__number__icontains=text) | Q(case__number=text)
    )


def get_grading(number: str, actor: Actor) -> Grading:
    """Raises Refusal `not_found`."""
    found = gradings(actor).filter(case__number=number).first()
    if found is None:
        raise not_found(GRADING)
    return found


def columns(grading: Grading, actor: Actor) -> list[ColumnGrade]:
    rows = ColumnGrade.objects.visible_to(actor).filter(grading=grading).select_related("column")
    return list(rows.order_by("column__position"))


def ungraded(actor: Actor) -> list[Dataset]:
    """Own datasets with a version whose newest one has no grading, open or in force."""
    busy = Grading.objects.visible_to(actor).filter(state__in=["open", "in_force"]).values("version_id")
    found = []
    for dataset in Dataset.objects.visible_to(actor).filter(party_id=actor.party_id or 0).order_by("-pk"):
        latest = dataset.latest
        if (
            latest is not None
            and not DatasetVersion.objects.visible_to(actor).filter(pk=latest.pk, pk__in=busy).exists()
        ):
            found.append(dataset)
    return found


def history(grading: Grading, actor: Actor) -> list[Grading]:
    """Gradings of the same dataset, the newest first."""
    return list(gradings(actor).filter(version__dataset_id=grading.version.dataset_id).order_by("-pk")[:20])


@dataclass(frozen=True)
class Input:
    """A declared input with the level that it imposes; `lowering` where an approved transformation counts."""

    derivation: Derivation
    level: int | None
    lowering: Lowering | None


def inputs(version: DatasetVersion, actor: Actor) -> list[Input]:
    found = []
    rows = (
        Derivation.objects.visible_to(actor)
        .filter(version=version)
        .select_related("source__dataset", "version__dataset")
    )
    for derivation in rows.order_by("source_id"):
        grading = lineage.in_force(derivation.source_id)
        level = grading.level if grading else None
        found.append(Input(derivation, level, lineage.lowering_of(derivation, level) if level else None))
    return found


def lowerings(actor: Actor) -> QuerySet[Lowering]:
    rows: QuerySet[Lowering] = Lowering.objects.visible_to(actor)
    return rows.select_related("case", "derivation__version__dataset", "derivation__source__dataset")


def get_derivation(pk: int, actor: Actor) -> Derivation:
    """Raises Refusal `not_found`."""
    rows = Derivation.objects.visible_to(actor).select_related("version__dataset", "source__dataset")
    found = rows.filter(pk=pk).first()
    if found is None:
        raise not_found(Text("这项衍生关系", "derivation"))
    return found


def standing(version: DatasetVersion) -> Grading | None:
    """The grading in force of a version, for guards of this wing and those above."""
    return lineage.in_force(version.pk)


def public_level(version: DatasetVersion) -> tuple[int, Text] | None:
    """The level of a version and its name, as everybody may know it of what is offered."""
    grading = lineage.in_force(version.pk)
    return (grading.level, matrix.LEVELS[grading.level]) if grading and grading.level else None


def public_rules() -> RuleProfile:
    """The grading rules of today with their version."""
    return current_profile(effects.PROFILE, clock.today())


def reasons(grading: Grading) -> list[dict[str, Any]]:
    """Why the whole has its level: as settled, or as it stands while people work on it. Strictest first."""
    if grading.reasons:
        return [{"level": r["level"], "assumed": r["assumed"], "text": Text(r["zh"], r["en"])} for r in grading.reasons]
    return [{"level": r.level, "assumed": r.assumed, "text": r.text} for r in effects.evaluate(grading)]


def as_json(grading: Grading, actor: Actor) -> dict[str, Any]:
    """A grading with its columns: what the API answers and the export holds."""
    why = reasons(grading)
    level = grading.level or (why[0]["level"] if why else None)
    return {
        "number": grading.case.number, "state": grading.case.state,
        "dataset": grading.version.dataset.number, "version": grading.version.version,
        "level": level, "level_label": matrix.LEVELS[level].zh if level else None,
        "scale": grading.scale, "precision_m": grading.precision_m, "progress": grading.progress,
        "effective_at": grading.effective_at.isoformat() if grading.effective_at else None,
        "reasons": [{"level": r["level"], "assumed": r["assumed"], **r["text"].to_json()} for r in why],
        "inputs": [{"source": str(i.derivation.source), "level": i.level, "lowered_to": i.lowering.to_level if i.lowering else None}
                   for i in inputs(grading.version, actor)],
        "columns": [column_json(c) for c in columns(grading, actor)],
    }  # fmt: skip


def column_json(row: ColumnGrade) -> dict[str, Any]:
    return {
        "name": row.column.name, "type": row.column.type, "object": row.object or None, "degree": row.degree or None,
        "level": row.level, "pi_class": row.pi_class or None, "sensitive": row.sensitive, "reason": row.reason or None,
        "carried": row.carried, "proposal": {k: v for k, v in row.proposal.items() if k != "previous"} or None,
    }  # fmt: skip
