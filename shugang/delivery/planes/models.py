"""Data planes as control knows them: a key, a journal's head, the revision of their grants."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q

from shugang.kernel.scope import ScopedModel

GENESIS = "0" * 64


class Plane(ScopedModel):
    """`party` null: the platform's own. `revision` rises with every change of what the plane may serve."""

    class State(models.TextChoices):
        WAITING = "waiting"
        ACTIVE = "active"
        SUSPENDED = "suspended"

    number = models.CharField(max_length=12, unique=True)
    name = models.CharField(max_length=80)
    party = models.ForeignKey("parties.Party", on_delete=models.PROTECT, null=True, related_name="planes")
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    public_key = models.CharField(max_length=64, blank=True)
    enrol_digest = models.CharField(max_length=64, blank=True, db_index=True)
    enrol_until = models.DateTimeField(null=True)
    url = models.CharField(max_length=200, blank=True)
    lease_seconds = models.FloatField()
    revision = models.BigIntegerField(default=1)
    journal_seq = models.BigIntegerField(default=0)
    journal_head = models.CharField(max_length=64, default=GENESIS)
    last_seen = models.DateTimeField(null=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["public_key"], condition=~Q(public_key=""), name="plane_key_once")
        ]

    @classmethod
    def scope(cls, actor: Any) -> Q:
        """One's own; for the operator also the platform's, and those that wait for him to be resumed."""
        own = Q(party_id=actor.party_id or 0)
        resumable = Q(party__isnull=True) | Q(state=cls.State.SUSPENDED)
        return own | resumable if "operator" in actor.roles else own

    def __str__(self) -> str:
        return f"{self.number} {self.name}"


class PlaneNonce(models.Model):
    """A nonce that a plane has spent; kept until its timestamp could no longer be accepted."""

    plane = models.ForeignKey(Plane, on_delete=models.CASCADE)
    nonce = models.CharField(max_length=36)
    at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["plane", "nonce"], name="plane_nonce_once")]
