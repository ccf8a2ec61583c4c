"""Grades along lineage: derived data inherit the highest level of their inputs, unless an approved transformation lowers it."""

from __future__ import annotations

from shugang.delivery.models import DatasetVersion
from shugang.kernel.actors import SYSTEM
from shugang.kernel.events import emit
from shugang.policy.text import Text

from . import matrix
from .models import Derivation, Grading, Lowering


def in_force(version_id: int) -> Grading | None:
    """The grading by which a version is graded now."""
    return Grading.objects.select_related("case").filter(version_id=version_id, state=Grading.State.IN_FORCE).first()


def lowering_of(derivation: Derivation, level: int) -> Lowering | None:
    """The approved lowering that holds for an input of this level, the lowest first."""
    found = derivation.lowerings.filter(approved_at__isnull=False, from_level__gte=level, to_level__lt=level)
    return found.order_by("to_level").first()


def inherited(version: DatasetVersion) -> tuple[int, list[Derivation]]:
    """The level that the inputs impose (0 without inputs), and the inputs that have no grade yet."""
    level, ungraded = 0, []
    for derivation in version.derived_from.select_related("source__dataset").order_by("source_id"):
        grading = in_force(derivation.source_id)
        if grading is None or grading.level is None:
            ungraded.append(derivation)
            continue
        lowered = lowering_of(derivation, grading.level)
        level = max(level, lowered.to_level if lowered else grading.level)
    return level, ungraded


def spread(source: Grading) -> None:
    """Raise every derived version in force that is graded below what it now inherits; goes on along the lineage.

    Terminates because a source is always older than what came of it.
    """
    for derivation in source.version.derivatives.select_related("version__dataset__party").order_by("version_id"):
        grading = in_force(derivation.version_id)
        if grading is None or grading.level is None:
            continue
        level, _ = inherited(derivation.version)
        if level <= grading.level:
            continue
        before, grading.level = grading.level, level
        label = matrix.LEVELS[level]
        why = Text(
            f"来源数据升为{label.zh}，衍生数据随之升级。", f"An input rose to “{label.en}”; derived data rise with it."
        )
        grading.reasons = [{"level": level, "assumed": False, **why.to_json()}, *grading.reasons]
        grading.save(update_fields=["level", "reasons"])
        payload = {"version": grading.version.version, "level": level, "before": before}
        emit("grading.inherited", SYSTEM, grading.event_refs(), payload)
        spread(grading)
