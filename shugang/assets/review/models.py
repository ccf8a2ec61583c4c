"""Security reviews and checks of anonymity."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q

from shugang.kernel.models import CaseParty
from shugang.kernel.scope import ScopedModel


def _cases_of(actor: Any) -> Any:
    return CaseParty.objects.filter(party_id=actor.party_id or 0).values("case_id")


class SecurityReview(ScopedModel):
    """The review of one version. `level` and `personal` (column names) are what it was passed on: a grade that goes
    beyond them re-opens it. `summary` is what the reviewer saw of the grading, `valid_until` ends with the risk
    assessment, if there is one."""

    class State(models.TextChoices):
        OPEN = "open"
        PASSED = "passed"
        REOPENED = "reopened"
        CLOSED = "closed"

    case = models.OneToOneField("kernel.Case", on_delete=models.PROTECT, related_name="security_review")
    version = models.ForeignKey("delivery.DatasetVersion", on_delete=models.PROTECT, related_name="security_reviews")
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN, db_index=True)
    form = models.JSONField()
    summary = models.JSONField(default=dict)
    level = models.PositiveSmallIntegerField(null=True)
    personal = models.JSONField(default=list)
    passed_at = models.DateTimeField(null=True)
    valid_until = models.DateTimeField(null=True, db_index=True)
    reason = models.CharField(max_length=400, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["version"], condition=~Q(state="closed"), name="one_live_security_review_a_version"
            ),
            models.CheckConstraint(
                condition=~Q(state="passed") | Q(level__isnull=False, level__lte=5, passed_at__isnull=False),
                name="passed_review_is_not_of_core_data",
            ),
        ]

    @classmethod
    def scope(cls, actor: Any) -> Q:
        return Q(case_id__in=_cases_of(actor))

    def event_refs(self) -> list[tuple[str, str]]:
        dataset = self.version.dataset
        return [("case", self.case.number), ("dataset", dataset.number), ("party", dataset.party.number)]


class BasisWithdrawal(ScopedModel):
    """The basis of personal information of a data set, taken back: `batch` "" as a whole. `evidence` (SHA-256 of the file)
    and `text` are what it rested on; neither may carry a review again. Never edited."""

    dataset = models.ForeignKey("delivery.Dataset", on_delete=models.PROTECT, related_name="basis_withdrawals")
    review = models.ForeignKey(SecurityReview, on_delete=models.PROTECT, related_name="withdrawals")
    basis = models.CharField(max_length=20)
    batch = models.CharField(max_length=120, blank=True)
    reason = models.CharField(max_length=300)
    evidence = models.CharField(max_length=64, blank=True)
    text = models.TextField(blank=True)
    at = models.DateTimeField()

    @classmethod
    def scope(cls, actor: Any) -> Q:
        return Q(review__case_id__in=_cases_of(actor))


class AnonymityCheck(ScopedModel):
    """k-anonymity of a version over the columns by which a person could be found again. `smallest` is k."""

    version = models.ForeignKey("delivery.DatasetVersion", on_delete=models.PROTECT, related_name="anonymity_checks")
    columns = models.JSONField()
    rows = models.BigIntegerField()
    groups = models.BigIntegerField()
    smallest = models.BigIntegerField()
    below = models.BigIntegerField()
    threshold = models.PositiveIntegerField()
    material = models.ForeignKey("kernel.Material", on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField()

    @classmethod
    def scope(cls, actor: Any) -> Q:
        return Q(version__dataset__party_id=actor.party_id or 0)
