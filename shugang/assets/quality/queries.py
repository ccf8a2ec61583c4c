"""Reads of rule sets and assessments, through the actor's scope."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet

from shugang.kernel.actors import Actor
from shugang.kernel.errors import not_found

from .models import Assessment, DimensionResult, RuleSet
from .services import ASSESSMENT, RULES


def rule_sets(actor: Actor) -> QuerySet[RuleSet]:
    """The newest version of each set that the actor may see."""
    seen = RuleSet.objects.visible_to(actor)
    newest = {number: pk for number, pk in seen.order_by("version").values_list("number", "pk")}
    return seen.filter(pk__in=newest.values()).select_related("dataset", "party")


def rule_versions(actor: Actor, number: str) -> list[RuleSet]:
    """All versions, newest first. Raises Refusal `not_found`."""
    rows = RuleSet.objects.visible_to(actor).filter(number=number).select_related("dataset", "party")
    found = list(rows.order_by("-version"))
    if not found:
        raise not_found(RULES)
    return found


def assessments(actor: Actor, state: str = "", rules: str = "") -> QuerySet[Assessment]:
    rows: QuerySet[Assessment] = Assessment.objects.visible_to(actor).select_related(
        "rules", "dataset_version__dataset", "party", "grant", "person"
    )
    if state:
        rows = rows.filter(state=state)
    return rows.filter(rules__number=rules) if rules else rows


def get_assessment(actor: Actor, number: str) -> Assessment:
    """Raises Refusal `not_found`."""
    found = assessments(actor).select_related("after").filter(number=number).first()
    if found is None:
        raise not_found(ASSESSMENT)
    return found


def trend(actor: Actor, rules: str) -> list[dict[str, Any]]:
    """The last finished assessments by one set, oldest first: number, version of the data, score by dimension."""
    rows = assessments(actor, rules=rules).filter(report__isnull=False).order_by("-pk")[:12]
    by_pk: dict[int, dict[str, int | None]] = {row.pk: {} for row in rows}
    for found in DimensionResult.objects.visible_to(actor).filter(assessment__in=by_pk):
        by_pk[found.assessment_id][found.dimension] = found.score
    return [
        {"number": r.number, "version": r.dataset_version.version, "score": r.score, "dimensions": by_pk[r.pk]}
        for r in list(rows)[::-1]
    ]


def public_dimensions(stated: Any) -> dict[str, int | None] | None:
    """The scores by dimension of the assessment that a signed report names (`thirdparty.assessed.stated`): the report's
    signature covers the assessment's digest, so they are shown to whoever may see the report. None where it names none."""
    if not isinstance(stated, dict):
        return None
    rows = DimensionResult.objects.filter(
        assessment__number=stated.get("number"), assessment__digest=stated.get("digest") or "-",
        assessment__state=Assessment.State.CONFIRMED,
    )  # fmt: skip
    return dict(rows.values_list("dimension", "score")) or None
