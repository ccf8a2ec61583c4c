"""Uploads on their way: a row while a large file arrives, waits and is converted."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q

from shugang.kernel.scope import ScopedModel


class Upload(ScopedModel):
    """One large file of a supplier, sent in pieces (tus 1.0.0), converted by the worker.

    `key` names it to its owner and its folder below `vault/.incoming`. `offset`: bytes that are durable, the only ones
    that count. `wishes`: what the supplier said of the file, as `services.Wishes`. `refusal`: `{code, message, status}`
    of why it was not taken, or why it waits. A row leaves a week after its end; the version is the record.
    """

    class State(models.TextChoices):
        RECEIVING = "receiving"
        WAITING = "waiting"
        CONVERTING = "converting"
        STORED = "stored"
        REFUSED = "refused"
        CANCELLED = "cancelled"
        EXPIRED = "expired"

    key = models.CharField(max_length=32, unique=True)
    dataset = models.ForeignKey("delivery.Dataset", on_delete=models.PROTECT, related_name="uploads")
    party = models.ForeignKey("parties.Party", on_delete=models.PROTECT, related_name="uploads")
    person = models.ForeignKey("parties.Person", on_delete=models.PROTECT, related_name="uploads")
    name = models.CharField(max_length=200)
    size = models.BigIntegerField()
    offset = models.BigIntegerField(default=0)
    sha256 = models.CharField(max_length=64, blank=True)
    wishes = models.JSONField(default=dict)
    state = models.CharField(max_length=10, choices=State.choices, default=State.RECEIVING)
    stage = models.CharField(max_length=10, blank=True)
    done = models.BigIntegerField(default=0)
    total = models.BigIntegerField(default=0)
    rows = models.BigIntegerField(default=0)
    attempts = models.PositiveIntegerField(default=0)
    worker = models.CharField(max_length=32, blank=True)
    refusal = models.JSONField(null=True)
    version = models.ForeignKey("delivery.DatasetVersion", on_delete=models.PROTECT, null=True, related_name="uploads")
    created_at = models.DateTimeField()
    seen_at = models.DateTimeField()
    not_before = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(offset__gte=0) & Q(offset__lte=models.F("size")) & Q(size__gt=0), name="upload_within_size"
            )
        ]
        indexes = [models.Index(fields=["state", "seen_at"], name="upload_by_state")]

    @classmethod
    def scope(cls, actor: Any) -> Q:
        return Q(party_id=actor.party_id or 0)

    @property
    def active(self) -> bool:
        return self.state in ACTIVE

    def __str__(self) -> str:
        return f"{self.key} {self.name}"


ACTIVE = (Upload.State.RECEIVING, Upload.State.WAITING, Upload.State.CONVERTING)
ENDED = (Upload.State.STORED, Upload.State.REFUSED, Upload.State.CANCELLED, Upload.State.EXPIRED)
