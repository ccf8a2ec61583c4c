"""Mandates: who may act for whom, in what, up to how much, until when."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import F, Q

from shugang.kernel import clock
from shugang.kernel.scope import ScopedModel
from shugang.policy.text import Text


class Mandate(ScopedModel):
    """`content` is what the principal's `signature` covers (`digest`: SHA-256 of its canonical JSON). Days are inclusive,
    `limit_fen` bounds one act, empty `products` means all. `both_sides`: the principal agrees that the broker also acts for
    the other side of a deal."""

    number = models.CharField(max_length=20, unique=True)
    principal = models.ForeignKey("parties.Party", on_delete=models.PROTECT, related_name="mandates_given")
    broker = models.ForeignKey("parties.Party", on_delete=models.PROTECT, related_name="mandates_held")
    acts = models.JSONField()
    products = models.JSONField(default=list)
    limit_fen = models.PositiveBigIntegerField(null=True)
    both_sides = models.BooleanField(default=False)
    valid_from = models.DateField()
    valid_until = models.DateField()
    content = models.JSONField()
    digest = models.CharField(max_length=64)
    signature = models.JSONField(null=True)
    created_at = models.DateTimeField()
    signed_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=400, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(principal=F("broker")), name="nobody_mandates_himself"),
            models.CheckConstraint(condition=Q(valid_until__gte=F("valid_from")), name="mandate_has_a_life"),
            models.CheckConstraint(
                condition=Q(signed_at__isnull=True, signature__isnull=True)
                | Q(signed_at__isnull=False, signature__isnull=False),
                name="signed_mandate_has_its_signature",
            ),
        ]

    @classmethod
    def scope(cls, actor: Any) -> Q:
        party = actor.party_id or 0
        return Q(principal_id=party) | Q(broker_id=party, signed_at__isnull=False)

    @property
    def context(self) -> str:
        """What a signature names besides the digest."""
        return f"mandate:{self.number}"

    @property
    def state(self) -> tuple[str, Text]:
        """(tone, word) of today."""
        today = clock.today()
        if self.revoked_at is not None:
            return "off", Text("已撤销", "Revoked")
        if self.signed_at is None:
            return "warn", Text("待签署", "To be signed")
        if today > self.valid_until:
            return "off", Text("已到期", "Expired")
        return ("run", Text("尚未开始", "Not begun")) if today < self.valid_from else ("ok", Text("有效", "In force"))

    @property
    def in_force(self) -> bool:
        return self.state[0] == "ok"
