"""Rule sets, assessments, and what an assessment found by rule and by dimension."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import F, Q

from shugang.kernel.scope import ScopedModel

from .dimensions import DIMENSIONS
from .rules import digest


class RuleSet(ScopedModel):
    """Rules for the data of one data set, as a version of a numbered set. A published version never changes: `digest` is
    that of its document, also told to the log; another wording is the next version."""

    class State(models.TextChoices):
        DRAFT = "draft"
        PUBLISHED = "published"
        RETIRED = "retired"

    number = models.CharField(max_length=20)
    version = models.PositiveIntegerField(default=1)
    party = models.ForeignKey("parties.Party", on_delete=models.PROTECT, related_name="quality_rules")
    dataset = models.ForeignKey("delivery.Dataset", on_delete=models.PROTECT, related_name="quality_rules")
    name = models.CharField(max_length=80)
    document = models.JSONField()
    digest = models.CharField(max_length=64, blank=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.DRAFT)
    created_at = models.DateTimeField()
    published_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["number", "version"], name="quality_rules_version_once"),
            models.UniqueConstraint(fields=["number"], condition=Q(state="draft"), name="one_quality_draft"),
            models.CheckConstraint(
                condition=(Q(state="draft") & Q(published_at__isnull=True) & Q(digest=""))
                | (~Q(state="draft") & Q(published_at__isnull=False) & ~Q(digest="")),
                name="published_quality_rules_are_sealed",
            ),
        ]

    @classmethod
    def scope(cls, actor: Any) -> Q:
        party = actor.party_id or 0
        return Q(party_id=party) | (Q(dataset__party_id=party) & ~Q(state="draft"))

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Raises ValueError where the document of a published version was touched."""
        if self.state != self.State.DRAFT and digest(self.document) != self.digest:
            raise ValueError("the document of a published rule set never changes")
        super().save(*args, **kwargs)

    def __str__(self) -> str:
        return f"{self.number} v{self.version}"


class Assessment(ScopedModel):
    """One counting of a rule set over one version of the data, ordered by its holder or under a grant.

    `counts` is the mergeable state (`states.State`); `after`: the assessment of the version before, whose rows this one
    did not read again. `references`: data set number → version that foreign keys looked into. `refusal`: why it ended
    without a result.
    """

    class State(models.TextChoices):
        WAITING = "waiting"
        RUNNING = "running"
        DONE = "done"
        CONFIRMED = "confirmed"
        FAILED = "failed"
        STOPPED = "stopped"

    number = models.CharField(max_length=20, unique=True)
    rules = models.ForeignKey(RuleSet, on_delete=models.PROTECT, related_name="assessments")
    dataset_version = models.ForeignKey("delivery.DatasetVersion", on_delete=models.PROTECT, related_name="assessments")
    party = models.ForeignKey("parties.Party", on_delete=models.PROTECT, related_name="assessments")
    person = models.ForeignKey("parties.Person", on_delete=models.PROTECT, related_name="+")
    grant = models.ForeignKey("delivery.Grant", on_delete=models.PROTECT, null=True, related_name="assessments")
    references = models.JSONField(default=dict)
    after = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="+")
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    stage = models.CharField(max_length=10, blank=True)
    done = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0)
    attempts = models.PositiveIntegerField(default=0)
    worker = models.CharField(max_length=32, blank=True)
    seen_at = models.DateTimeField()
    refusal = models.JSONField(null=True)
    ordered_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    counts = models.JSONField(null=True)
    report = models.JSONField(null=True)
    digest = models.CharField(max_length=64, blank=True)
    score = models.PositiveIntegerField(null=True)
    confirmed_at = models.DateTimeField(null=True)
    signature = models.JSONField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=(Q(state__in=["done", "confirmed"]) & Q(report__isnull=False) & ~Q(digest=""))
                | (~Q(state__in=["done", "confirmed"]) & Q(report__isnull=True) & Q(digest="")),
                name="finished_assessment_has_a_report",
            ),
            models.CheckConstraint(
                condition=Q(state="confirmed", signature__isnull=False, confirmed_at__isnull=False)
                | (~Q(state="confirmed") & Q(signature__isnull=True) & Q(confirmed_at__isnull=True)),
                name="confirmed_assessment_is_signed",
            ),
            models.CheckConstraint(
                condition=Q(score__isnull=True) | Q(score__lte=10_000), name="quality_score_percent"
            ),
        ]
        indexes = [models.Index(fields=["state", "seen_at"], name="assessment_by_state")]

    @classmethod
    def scope(cls, actor: Any) -> Q:
        """Who ordered it; and the data's holder once it is confirmed."""
        party = actor.party_id or 0
        return Q(party_id=party) | Q(dataset_version__dataset__party_id=party, state="confirmed")

    @property
    def active(self) -> bool:
        return self.state in (self.State.WAITING, self.State.RUNNING)

    def __str__(self) -> str:
        return self.number


class RuleResult(ScopedModel):
    """X = A/B of one rule. `value` in hundredths of a percent, None where it is not assessable."""

    assessment = models.ForeignKey(Assessment, on_delete=models.PROTECT, related_name="rule_results")
    rule = models.CharField(max_length=40)
    indicator = models.CharField(max_length=12)
    a = models.BigIntegerField()
    b = models.BigIntegerField()
    value = models.PositiveIntegerField(null=True)
    passed = models.BooleanField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["assessment", "rule"], name="rule_result_once"),
            models.CheckConstraint(condition=Q(a__gte=0) & Q(a__lte=F("b")), name="a_of_b"),
            models.CheckConstraint(
                condition=Q(b=0, value__isnull=True) | Q(b__gt=0, value__lte=10_000), name="no_basis_no_value"
            ),
        ]

    @classmethod
    def scope(cls, actor: Any) -> Q:
        return Q(assessment__in=Assessment.objects.filter(Assessment.scope(actor)))


class DimensionResult(ScopedModel):
    """The score of one dimension; None where no rule gives it a basis."""

    assessment = models.ForeignKey(Assessment, on_delete=models.PROTECT, related_name="dimension_results")
    dimension = models.CharField(max_length=12)
    score = models.PositiveIntegerField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["assessment", "dimension"], name="dimension_result_once"),
            models.CheckConstraint(condition=Q(dimension__in=list(DIMENSIONS)), name="dimension_known"),
            models.CheckConstraint(condition=Q(score__isnull=True) | Q(score__lte=10_000), name="dimension_percent"),
        ]

    @classmethod
    def scope(cls, actor: Any) -> Q:
        return Q(assessment__in=Assessment.objects.filter(Assessment.scope(actor)))
