"""Results of matching, and what waits to be compared."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q

from shugang.kernel.scope import ScopedModel


class Match(ScopedModel):
    """One product against one version of a demand. `lines`: [{name, value, weight, zh, en}] in basis points; `refusals`:
    [{zh, en}], what keeps it out; `digest`: SHA-256 of all facts and rules that went in. Only `current` ever changes."""

    demand = models.ForeignKey("market.Demand", on_delete=models.PROTECT, related_name="matches")
    product = models.ForeignKey("market.DataProduct", on_delete=models.PROTECT, related_name="matches")
    demand_version = models.PositiveIntegerField()
    score = models.PositiveIntegerField()
    passes = models.BooleanField()
    lines = models.JSONField()
    refusals = models.JSONField()
    digest = models.CharField(max_length=64)
    rules = models.ForeignKey("kernel.RuleProfile", on_delete=models.PROTECT, related_name="+")
    current = models.BooleanField(default=True)
    made_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["demand", "product"], condition=Q(current=True), name="one_current_match"),
            models.CheckConstraint(condition=Q(score__lte=10_000), name="match_score_in_basis_points"),
        ]
        indexes = [models.Index(fields=["demand", "-score"], name="match_best_first")]

    @classmethod
    def scope(cls, actor: Any) -> Q:
        party = actor.party_id or 0
        shown = Q(
            current=True, passes=True, demand__case__state="published", demand__visibility__in=["public", "anonymous"]
        )
        return Q(demand__party_id=party) | Q(shown, product__supplier_id=party)


class MatchTask(models.Model):
    """A demand or a product that waits to be compared; gone once it has been."""

    kind = models.CharField(max_length=10, choices=[("demand", "demand"), ("product", "product")])
    number = models.CharField(max_length=40)
    since = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "number"], name="match_task_once")]
