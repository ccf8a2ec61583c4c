"""Grades of a version's columns and of the whole, what a version was derived from, and what lowers an inherited grade."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import F, Q

from shugang.kernel.models import CaseParty
from shugang.kernel.scope import ScopedModel

from .matrix import CORE, DEGREES, OBJECTS


def _cases_of(actor: Any) -> Any:
    return CaseParty.objects.filter(party_id=actor.party_id or 0).values("case_id")


class Grading(ScopedModel):
    """One grading of one version. `level`, `reasons` are settled when it comes into force.

    `scale` (people or rows) and `precision_m` (metres) are facts for the effect of the whole; `progress` counts the
    columns that the detection has looked at; `carries`: the grading of an earlier version that unchanged columns were taken
    from; `whole`: all of it was, by rule and without a person.
    """

    class State(models.TextChoices):
        OPEN = "open"
        IN_FORCE = "in_force"
        SUPERSEDED = "superseded"
        WITHDRAWN = "withdrawn"

    case = models.OneToOneField("kernel.Case", on_delete=models.PROTECT, related_name="grading")
    version = models.ForeignKey("delivery.DatasetVersion", on_delete=models.PROTECT, related_name="gradings")
    state = models.CharField(max_length=12, choices=State.choices, default=State.OPEN, db_index=True)
    scale = models.BigIntegerField(default=0)
    precision_m = models.PositiveIntegerField(null=True)
    progress = models.PositiveIntegerField(default=0)
    fault = models.CharField(max_length=200, blank=True)
    level = models.PositiveSmallIntegerField(null=True)
    reasons = models.JSONField(default=list)
    carries = models.ForeignKey("self", on_delete=models.PROTECT, related_name="carried_by", null=True)
    whole = models.BooleanField(default=False)
    effective_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["version"], condition=Q(state="in_force"), name="one_grading_in_force_a_version"
            ),
            models.UniqueConstraint(fields=["version"], condition=Q(state="open"), name="one_open_grading_a_version"),
            models.CheckConstraint(
                condition=~Q(state="in_force") | Q(level__isnull=False, effective_at__isnull=False),
                name="grading_in_force_has_level",
            ),
            models.CheckConstraint(
                condition=Q(level__isnull=True) | Q(level__gte=1, level__lte=CORE), name="grading_level_known"
            ),
        ]

    @classmethod
    def scope(cls, actor: Any) -> Q:
        return Q(case_id__in=_cases_of(actor))

    def event_refs(self) -> list[tuple[str, str]]:
        dataset = self.version.dataset
        return [("case", self.case.number), ("dataset", dataset.number), ("party", dataset.party.number)]

    def __str__(self) -> str:
        return f"{self.case.number} {self.version}"


class ColumnGrade(ScopedModel):
    """The grade of one column in one grading. `proposal` is what the detection said: evidence in counts, never values.

    `batch` names the bulk acceptance that decided it, so that it can be undone; `carried`: taken over from the version
    before, where the column is the same.
    """

    grading = models.ForeignKey(Grading, on_delete=models.PROTECT, related_name="columns")
    column = models.ForeignKey("delivery.Column", on_delete=models.PROTECT, related_name="grades")
    proposal = models.JSONField(default=dict)
    object = models.CharField(max_length=12, blank=True)
    degree = models.CharField(max_length=8, blank=True)
    pi_class = models.CharField(max_length=20, blank=True)
    sensitive = models.BooleanField(default=False)
    level = models.PositiveSmallIntegerField(null=True)
    reason = models.CharField(max_length=400, blank=True)
    carried = models.BooleanField(default=False)
    batch = models.CharField(max_length=36, blank=True)
    decided_by = models.BigIntegerField(null=True)
    decided_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["grading", "column"], name="column_graded_once"),
            models.CheckConstraint(
                condition=Q(level__isnull=True) | (Q(object__in=list(OBJECTS)) & Q(degree__in=list(DEGREES))),
                name="column_grade_has_its_cell",
            ),
        ]

    @classmethod
    def scope(cls, actor: Any) -> Q:
        return Q(grading__case_id__in=_cases_of(actor))


class Derivation(ScopedModel):
    """`version` was made from `source`: the lineage that grades are inherited along. A source is older than what came of it."""

    version = models.ForeignKey("delivery.DatasetVersion", on_delete=models.PROTECT, related_name="derived_from")
    source = models.ForeignKey("delivery.DatasetVersion", on_delete=models.PROTECT, related_name="derivatives")
    how = models.CharField(max_length=400)
    declared_at = models.DateTimeField()
    declared_by = models.BigIntegerField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["version", "source"], name="derivation_once"),
            models.CheckConstraint(condition=Q(version__gt=F("source")), name="derivation_source_is_older"),
        ]

    @classmethod
    def scope(cls, actor: Any) -> Q:
        return Q(version__dataset__party_id=actor.party_id or 0)


class Lowering(ScopedModel):
    """A declared transformation by which one input counts for less. It holds while the input's level is not above `from_level`."""

    case = models.OneToOneField("kernel.Case", on_delete=models.PROTECT, related_name="lowering")
    derivation = models.ForeignKey(Derivation, on_delete=models.PROTECT, related_name="lowerings")
    method = models.CharField(max_length=12)
    k = models.PositiveIntegerField(null=True)
    from_level = models.PositiveSmallIntegerField()
    to_level = models.PositiveSmallIntegerField()
    approved_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(to_level__gte=1) & Q(to_level__lt=F("from_level")), name="lowering_goes_down"
            )
        ]

    @classmethod
    def scope(cls, actor: Any) -> Q:
        return Q(case_id__in=_cases_of(actor))
