"""One acceptance a contract, and the statements of delivery that both sides sign."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q

from shugang.kernel.scope import ScopedModel


def _sides(actor: Any, prefix: str) -> Q:
    if "operator" in actor.roles and "reviewer" in actor.duties:
        return Q()
    party = actor.party_id or 0
    return Q(**{f"{prefix}contract__buyer_id": party}) | Q(**{f"{prefix}contract__supplier_id": party})


class Acceptance(ScopedModel):
    """`rule` as the contract states it; `delivered_by` says what confirmed the delivery of this round.

    `outcome` says how it ended: accepted as delivered, at a lower price, or the contract ended with it.
    """

    class Outcome(models.TextChoices):
        ACCEPTED = "accepted"
        REDUCED = "reduced"
        ENDED = "ended"

    case = models.OneToOneField("kernel.Case", on_delete=models.PROTECT, related_name="acceptance")
    contract = models.OneToOneField("market.Contract", on_delete=models.PROTECT, related_name="acceptance")
    rule = models.CharField(max_length=10)
    round = models.PositiveSmallIntegerField(default=1)
    delivered_at = models.DateTimeField(null=True)
    delivered_by = models.CharField(max_length=10, blank=True)
    outcome = models.CharField(max_length=10, choices=Outcome.choices, blank=True)
    decided_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(rule__in=["express", "silence", "use"]), name="acceptance_rule_known"),
            models.CheckConstraint(
                condition=Q(delivered_at__isnull=True, delivered_by="")
                | Q(delivered_at__isnull=False, delivered_by__in=["meter", "statement", "redelivery"]),
                name="delivery_says_what_confirmed_it",
            ),
            models.CheckConstraint(
                condition=Q(outcome="", decided_at__isnull=True) | (~Q(outcome="") & Q(decided_at__isnull=False)),
                name="acceptance_says_when_decided",
            ),
        ]

    @classmethod
    def scope(cls, actor: Any) -> Q:
        return _sides(actor, "")

    @property
    def number(self) -> str:
        return str(self.case.number)

    def event_refs(self) -> list[tuple[str, str]]:
        return [("acceptance", self.number), *self.contract.event_refs()]


class DeliveryStatement(ScopedModel):
    """What was delivered off the platform: `files` are [{name, sha256, bytes}]; both signatures cover `sha256`."""

    acceptance = models.ForeignKey(Acceptance, on_delete=models.PROTECT, related_name="statements")
    number = models.PositiveSmallIntegerField()
    content = models.JSONField()
    sha256 = models.CharField(max_length=64)
    supplier_signature = models.JSONField()
    buyer_signature = models.JSONField(null=True)
    refused = models.CharField(max_length=800, blank=True)
    declared_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["acceptance", "number"], name="statement_number_once"),
            models.CheckConstraint(
                condition=Q(answered_at__isnull=True, buyer_signature__isnull=True, refused="")
                | Q(answered_at__isnull=False),
                name="statement_answered_says_when",
            ),
        ]

    @classmethod
    def scope(cls, actor: Any) -> Q:
        return _sides(actor, "acceptance__")

    @property
    def context(self) -> str:
        """What a signature names besides the digest."""
        return f"delivery:{self.acceptance.number}/{self.number}"
