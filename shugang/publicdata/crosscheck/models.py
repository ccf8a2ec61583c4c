"""Tables: declared checks, their runs, and the lines that a run found. A run changes nothing of the data."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q

from shugang.kernel.scope import ScopedModel


class CrossCheck(ScopedModel):
    """A declared check; its document (`plan`) never changes. `datasets`: source → number of its data set."""

    number = models.CharField(max_length=20, unique=True)
    name = models.CharField(max_length=80)
    party = models.ForeignKey("parties.Party", on_delete=models.PROTECT, related_name="cross_checks")
    person = models.ForeignKey("parties.Person", on_delete=models.PROTECT, related_name="+")
    document = models.JSONField()
    datasets = models.JSONField()
    digest = models.CharField(max_length=64)
    created_at = models.DateTimeField()

    @classmethod
    def scope(cls, actor: Any) -> Q:
        return Q(party_id=actor.party_id or 0)

    def __str__(self) -> str:
        return f"{self.number} {self.name}"


class CheckRun(ScopedModel):
    """One run over one version of each source. `result`: counts, always whole; its lines are bounded."""

    class State(models.TextChoices):
        WAITING = "waiting"
        RUNNING = "running"
        DONE = "done"
        FAILED = "failed"
        STOPPED = "stopped"

    number = models.CharField(max_length=20, unique=True)
    check_of = models.ForeignKey(CrossCheck, on_delete=models.PROTECT, related_name="runs")
    person = models.ForeignKey("parties.Person", on_delete=models.PROTECT, related_name="+")
    versions = models.JSONField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    stage = models.CharField(max_length=12, blank=True)
    done = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0)
    attempts = models.PositiveIntegerField(default=0)
    worker = models.CharField(max_length=32, blank=True)
    seen_at = models.DateTimeField()
    refusal = models.JSONField(null=True)
    result = models.JSONField(null=True)
    digest = models.CharField(max_length=64, blank=True)
    ordered_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(state="done", result__isnull=False) & ~Q(digest="")
                | (~Q(state="done") & Q(result__isnull=True, digest="")),
                name="finished_run_has_a_result",
            ),
            models.UniqueConstraint(
                fields=["check_of"], condition=Q(state__in=["waiting", "running"]), name="one_run_of_a_check_at_once"
            ),
        ]
        indexes = [models.Index(fields=["state", "seen_at"], name="check_run_by_state")]

    @classmethod
    def scope(cls, actor: Any) -> Q:
        return Q(check_of__party_id=actor.party_id or 0)

    @property
    def active(self) -> bool:
        return self.state in (self.State.WAITING, self.State.RUNNING)

    def __str__(self) -> str:
        return self.number


class Discrepancy(ScopedModel):
    """One line of a run: `values` and `rows` by source as they may be shown, `stands` the source whose value stands,
    `blamed` the sources asked to look. The ticket is of the first of them."""

    run = models.ForeignKey(CheckRun, on_delete=models.PROTECT, related_name="lines")
    position = models.PositiveIntegerField()
    kind = models.CharField(max_length=12)
    element = models.CharField(max_length=30, blank=True)
    key = models.CharField(max_length=400)
    values = models.JSONField()
    rows = models.JSONField()
    stands = models.CharField(max_length=30, blank=True)
    blamed = models.JSONField(default=list)
    reason = models.JSONField(null=True)
    more = models.JSONField(default=dict)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["run", "position"], name="discrepancy_position_once"),
            models.CheckConstraint(
                condition=Q(kind__in=["absent", "repeated", "invalid", "different", "near", "missing"]),
                name="discrepancy_kind_known",
            ),
        ]
        indexes = [models.Index(fields=["run", "kind", "element"], name="discrepancy_by_kind")]

    @classmethod
    def scope(cls, actor: Any) -> Q:
        return Q(run__check_of__party_id=actor.party_id or 0)
