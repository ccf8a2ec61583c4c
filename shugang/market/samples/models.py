"""A buyer's sample of a product."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q

from shugang.kernel.scope import ScopedModel


class ProductSample(ScopedModel):
    """What a buyer took: `size` rows or calls (`unit`) under `grant`. `ended_at` follows the grant's."""

    product = models.ForeignKey("market.DataProduct", on_delete=models.PROTECT, related_name="samples_taken")
    buyer = models.ForeignKey("parties.Party", on_delete=models.PROTECT, related_name="samples_held")
    grant = models.OneToOneField("delivery.Grant", on_delete=models.PROTECT, related_name="sample")
    person_id = models.BigIntegerField(null=True)
    unit = models.CharField(max_length=8)
    size = models.PositiveIntegerField()
    taken_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["product", "buyer"], condition=Q(ended_at__isnull=True), name="one_running_sample"
            ),
            models.CheckConstraint(condition=Q(unit__in=["rows", "calls"]), name="sample_unit_known"),
            models.CheckConstraint(condition=Q(size__gt=0), name="sample_holds_something"),
        ]

    @classmethod
    def scope(cls, actor: Any) -> Q:
        party = actor.party_id or 0
        return Q(buyer_id=party) | Q(product__supplier_id=party)
