"""An uninvited answer to a demand."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q

from shugang.kernel.scope import ScopedModel


class DemandResponse(ScopedModel):
    """One listed product offered to one demand, as its version `demand_version` asks. `inquiry` is what the demander opened
    on it; `reason` says why he declined. `living`: it waits, or an inquiry came of it."""

    case = models.OneToOneField("kernel.Case", on_delete=models.PROTECT, related_name="response")
    demand = models.ForeignKey("market.Demand", on_delete=models.PROTECT, related_name="responses")
    demand_version = models.PositiveIntegerField()
    product = models.ForeignKey("market.DataProduct", on_delete=models.PROTECT, related_name="responses")
    supplier = models.ForeignKey("parties.Party", on_delete=models.PROTECT, related_name="responses")
    message = models.CharField(max_length=800, blank=True)
    reason = models.CharField(max_length=400, blank=True)
    living = models.BooleanField(default=True)
    inquiry = models.OneToOneField("market.Inquiry", on_delete=models.PROTECT, null=True, related_name="response")
    offered_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["demand", "product"], condition=Q(living=True), name="one_living_response_a_product"
            ),
            models.CheckConstraint(
                condition=Q(inquiry__isnull=True) | Q(living=True, answered_at__isnull=False),
                name="inquired_response_lives",
            ),
        ]

    @classmethod
    def scope(cls, actor: Any) -> Q:
        party = actor.party_id or 0
        return Q(supplier_id=party) | Q(demand__party_id=party)

    @property
    def number(self) -> str:
        return str(self.case.number)
