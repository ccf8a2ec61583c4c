"""The statement of deletion, as signed. Never edited."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q

from shugang.kernel.scope import ScopedModel


class DeletionStatement(ScopedModel):
    """`statement` is what `signature` is over, by its SHA-256 (RFC 8785)."""

    grant = models.OneToOneField("delivery.Grant", on_delete=models.PROTECT, related_name="deletion")
    statement = models.JSONField()
    sha256 = models.CharField(max_length=64)
    signature = models.JSONField()
    person_id = models.BigIntegerField()
    signed_at = models.DateTimeField()

    @classmethod
    def scope(cls, actor: Any) -> Q:
        party = actor.party_id or 0
        return Q(grant__grantee_id=party) | Q(grant__supplier_id=party)


class DeletionDemand(ScopedModel):
    """A decision (`reference`: a dispute's number) that asks for the statement where the terms do not, or sooner."""

    grant = models.OneToOneField("delivery.Grant", on_delete=models.PROTECT, related_name="deletion_demand")
    reference = models.CharField(max_length=40)
    days = models.PositiveSmallIntegerField()
    demanded_at = models.DateTimeField()

    @classmethod
    def scope(cls, actor: Any) -> Q:
        party = actor.party_id or 0
        return Q(grant__grantee_id=party) | Q(grant__supplier_id=party)
