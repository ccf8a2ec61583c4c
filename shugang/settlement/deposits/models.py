"""Deposits (保证金): what a party pays the custodian so that it may take part, and what became of it. Amounts in 分."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import F, Q

from shugang.kernel.scope import ScopedModel

from ..gates import is_operator_finance
from ..ledger.models import Transfer


class Deposit(ScopedModel):
    """One party's deposit under one `key` (an auction's number, say). `number` is the reference to pay with.

    `held` is the ledger's hold of the receipt; `beneficiary` and `forfeited_fen` stand once it is forfeited.
    """

    class State(models.TextChoices):
        REQUIRED = "required"
        HELD = "held"
        RETURNING = "returning"
        RETURNED = "returned"
        FORFEITING = "forfeiting"
        FORFEITED = "forfeited"
        CANCELLED = "cancelled"

    number = models.CharField(max_length=40, unique=True)
    party = models.ForeignKey("parties.Party", on_delete=models.PROTECT, related_name="+")
    key = models.CharField(max_length=60)
    title = models.CharField(max_length=200, default="")
    amount_fen = models.BigIntegerField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.REQUIRED)
    held = models.OneToOneField(Transfer, on_delete=models.PROTECT, null=True, related_name="deposit")
    beneficiary = models.ForeignKey("parties.Party", on_delete=models.PROTECT, null=True, related_name="+")
    forfeited_fen = models.BigIntegerField(default=0)
    reason = models.CharField(max_length=400, default="")
    refs = models.JSONField(default=list)
    asked_at = models.DateTimeField()
    paid_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["party", "key"], name="one_deposit_a_party_and_key"),
            models.CheckConstraint(condition=Q(amount_fen__gt=0), name="deposit_amount_positive"),
            models.CheckConstraint(
                condition=Q(forfeited_fen__gte=0, forfeited_fen__lte=F("amount_fen")),
                name="deposit_forfeits_at_most_itself",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["required", "cancelled"], held__isnull=True)
                | (~Q(state__in=["required", "cancelled"]) & Q(held__isnull=False)),
                name="deposit_held_when_paid",
            ),
        ]

    @classmethod
    def scope(cls, actor: Any) -> Q:
        """The payer; whom it fell to; the operator's finance."""
        party = actor.party_id or 0
        return Q() if is_operator_finance(actor) else Q(party_id=party) | Q(beneficiary_id=party)

    def event_refs(self) -> list[tuple[str, str]]:
        return [("deposit", self.number), ("party", self.party.number), *((kind, key) for kind, key in self.refs)]
