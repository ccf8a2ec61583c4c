"""A party's registered store or database, and what the plane said of it."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q

from shugang.kernel.scope import ScopedModel


class Connection(ScopedModel):
    """`sealed` opens with the plane's key alone; "" when removed or when no account is needed. `checks` counts the tests
    asked for; `check_code` is "" while it answers. `schedule`: when new versions are pushed to a destination without
    being asked for (`policy.pushes`), "" for never."""

    class State(models.TextChoices):
        WAITING = "waiting"
        ACTIVE = "active"
        REMOVED = "removed"

    number = models.CharField(max_length=12, unique=True)
    party = models.ForeignKey("parties.Party", on_delete=models.PROTECT, related_name="connections")
    plane = models.ForeignKey("delivery.Plane", on_delete=models.PROTECT, related_name="connections")
    purpose = models.CharField(max_length=6)
    name = models.CharField(max_length=80)
    url = models.CharField(max_length=600)
    tables = models.JSONField(default=dict)
    sealed = models.TextField(blank=True)
    schedule = models.CharField(max_length=20, blank=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    checks = models.PositiveIntegerField(default=0)
    checked = models.PositiveIntegerField(default=0)
    checked_at = models.DateTimeField(null=True)
    check_code = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(purpose__in=("source", "target")), name="connection_purpose_known"),
            models.CheckConstraint(
                condition=~Q(state="removed") | Q(sealed=""), name="removed_connection_keeps_no_account"
            ),
            models.CheckConstraint(condition=Q(purpose="target") | Q(schedule=""), name="only_destinations_follow"),
        ]

    @classmethod
    def scope(cls, actor: Any) -> Q:
        """One's own; the operator sees those that were not removed, to approve their addresses."""
        own = Q(party_id=actor.party_id or 0)
        return own | ~Q(state=cls.State.REMOVED) if "operator" in actor.roles else own

    def __str__(self) -> str:
        return f"{self.number} {self.name}"
