"""The buyer's acknowledgement: what he signed, over which records. Never edited."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import F, Q

from shugang.kernel.scope import ScopedModel

from ..gates import sees_all_deliveries


class Acknowledgement(ScopedModel):
    """`statement` is the buyer's (see `statement.py`); its SHA-256 is what `signature` is over."""

    number = models.CharField(max_length=20, unique=True)
    grant = models.ForeignKey("delivery.Grant", on_delete=models.PROTECT, related_name="acknowledgements")
    first_seq = models.BigIntegerField()
    last_seq = models.BigIntegerField()
    statement = models.JSONField()
    sha256 = models.CharField(max_length=64)
    signature = models.JSONField()
    person_id = models.BigIntegerField()
    signed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["grant", "first_seq"], name="acknowledged_once"),
            models.CheckConstraint(
                condition=Q(first_seq__gte=1, last_seq__gte=F("first_seq")), name="acknowledged_range"
            ),
        ]

    @classmethod
    def scope(cls, actor: Any) -> Q:
        if sees_all_deliveries(actor):
            return Q()
        party = actor.party_id or 0
        return Q(grant__grantee_id=party) | Q(grant__supplier_id=party)

    @property
    def context(self) -> str:
        return context(self.grant.number, self.first_seq)


def context(grant: str, first_seq: int) -> str:
    """What a signature names besides the digest, so that it serves no other statement."""
    return f"acknowledgement:{grant}:{first_seq}"
