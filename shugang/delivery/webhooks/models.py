"""Endpoints of parties, what is to be delivered to them, and each attempt."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q

from shugang.kernel.scope import ScopedModel


class WebhookEndpoint(ScopedModel):
    """An https address of a party. Secrets are sealed; the former one signs along until `former_until`.

    `types`: codes of rules, [] for all. `failing_since`: first failure after the last success.
    """

    class State(models.TextChoices):
        ACTIVE = "active"
        DISABLED = "disabled"
        REMOVED = "removed"

    number = models.CharField(max_length=20, unique=True)
    party = models.ForeignKey("parties.Party", on_delete=models.PROTECT, related_name="webhooks")
    label = models.CharField(max_length=80)
    url = models.CharField(max_length=400)
    types = models.JSONField(default=list)
    state = models.CharField(max_length=8, choices=State.choices, default=State.ACTIVE)
    reason = models.CharField(max_length=80, blank=True)
    sealed_secret = models.BinaryField()
    former_secret = models.BinaryField(null=True)
    former_until = models.DateTimeField(null=True)
    failing_since = models.DateTimeField(null=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(url__startswith="https://"), name="webhook_is_https"),
            models.CheckConstraint(
                condition=Q(former_secret__isnull=True, former_until__isnull=True)
                | Q(former_secret__isnull=False, former_until__isnull=False),
                name="former_secret_has_an_end",
            ),
        ]

    @classmethod
    def scope(cls, actor: Any) -> Q:
        return Q(party_id=actor.party_id or 0)

    @property
    def bound_to(self) -> str:
        return f"delivery.WebhookEndpoint:{self.number}"


class WebhookMessage(ScopedModel):
    """One message for one endpoint: written in the transaction of the event, `message_id` the same at every attempt."""

    class State(models.TextChoices):
        PENDING = "pending"
        DELIVERED = "delivered"
        FAILED = "failed"
        DROPPED = "dropped"

    endpoint = models.ForeignKey(WebhookEndpoint, on_delete=models.PROTECT, related_name="messages")
    message_id = models.CharField(max_length=40, unique=True)
    code = models.CharField(max_length=80)
    ref_kind = models.CharField(max_length=30, blank=True)
    ref_key = models.CharField(max_length=80, blank=True)
    event_id = models.BigIntegerField(null=True)
    at = models.DateTimeField()
    state = models.CharField(max_length=9, choices=State.choices, default=State.PENDING)
    tries = models.PositiveIntegerField(default=0)
    next_at = models.DateTimeField()
    delivered_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["next_at"], name="webhook_due", condition=Q(state="pending"))]

    @classmethod
    def scope(cls, actor: Any) -> Q:
        return Q(endpoint__party_id=actor.party_id or 0)


class WebhookAttempt(models.Model):
    """`status` is the answer's, 0 when there was none; `error` a word of ours, never what the other end said."""

    message = models.ForeignKey(WebhookMessage, on_delete=models.CASCADE, related_name="attempts")
    at = models.DateTimeField()
    status = models.PositiveIntegerField()
    error = models.CharField(max_length=80, blank=True)
    milliseconds = models.PositiveIntegerField()
