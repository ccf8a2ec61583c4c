"""Demands, every version of them, and invitations to quote; `responses` has those who answer uninvited."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q

from shugang.kernel.models import CaseParty
from shugang.kernel.scope import ScopedModel

from ..products.kinds import SECTORS


def _cases_of(actor: Any) -> Any:
    return CaseParty.objects.filter(party_id=actor.party_id or 0).values("case_id")


class Demand(ScopedModel):
    """What a buyer looks for. `content` is the newest version's; the columns beside it are what lists filter by.

    `mandate`: the one under which a broker posted it. Who is invited sees a demand through `queries.public_demand`, never through this scope.
    """

    case = models.OneToOneField("kernel.Case", on_delete=models.PROTECT, related_name="demand")
    party = models.ForeignKey("parties.Party", on_delete=models.PROTECT, related_name="demands")
    mandate = models.ForeignKey("parties.Mandate", on_delete=models.PROTECT, null=True, related_name="demands")
    version = models.PositiveIntegerField(default=1)
    title = models.CharField(max_length=80)
    sector = models.CharField(max_length=1, choices=[(k, t.zh) for k, t in SECTORS.items()], db_index=True)
    purpose = models.CharField(max_length=40)
    visibility = models.CharField(max_length=10, db_index=True)
    content = models.JSONField()
    created_at = models.DateTimeField()
    published_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(visibility__in=["public", "anonymous", "invited"]), name="demand_visibility_known"
            )
        ]

    @classmethod
    def scope(cls, actor: Any) -> Q:
        return Q(party_id=actor.party_id or 0) | Q(case_id__in=_cases_of(actor))

    @property
    def number(self) -> str:
        return str(self.case.number)

    @property
    def state(self) -> str:
        return str(self.case.state)

    @property
    def anonymous(self) -> bool:
        return self.visibility == "anonymous"

    def __str__(self) -> str:
        return self.title


class DemandVersion(ScopedModel):
    """One version as it was put down. Never edited; `digest` is SHA-256 of its canonical JSON."""

    demand = models.ForeignKey(Demand, on_delete=models.PROTECT, related_name="versions")
    version = models.PositiveIntegerField()
    content = models.JSONField()
    digest = models.CharField(max_length=64)
    person_id = models.BigIntegerField(null=True)
    made_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["demand", "version"], name="demand_version_once")]

    @classmethod
    def scope(cls, actor: Any) -> Q:
        return Q(demand__party_id=actor.party_id or 0) | Q(demand__case_id__in=_cases_of(actor))


class QuoteInvitation(ScopedModel):
    """A supplier asked to answer a demand with one of its products. `inquiry` is what the answer opened,
    `mandate` the one under which a broker answered."""

    case = models.OneToOneField("kernel.Case", on_delete=models.PROTECT, related_name="invitation")
    demand = models.ForeignKey(Demand, on_delete=models.PROTECT, related_name="invitations")
    supplier = models.ForeignKey("parties.Party", on_delete=models.PROTECT, related_name="invitations")
    message = models.CharField(max_length=800, blank=True)
    mandate = models.ForeignKey("parties.Mandate", on_delete=models.PROTECT, null=True, related_name="answers")
    living = models.BooleanField(default=True)
    product = models.ForeignKey("market.DataProduct", on_delete=models.PROTECT, null=True, related_name="invitations")
    inquiry = models.OneToOneField("market.Inquiry", on_delete=models.PROTECT, null=True, related_name="invitation")
    invited_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["demand", "supplier"], condition=Q(living=True), name="one_living_invitation_a_supplier"
            ),
            models.CheckConstraint(
                condition=Q(answered_at__isnull=True, product__isnull=True, inquiry__isnull=True)
                | Q(answered_at__isnull=False, product__isnull=False, inquiry__isnull=False),
                name="answered_invitation_has_its_inquiry",
            ),
        ]

    @classmethod
    def scope(cls, actor: Any) -> Q:
        party = actor.party_id or 0
        return Q(supplier_id=party) | Q(demand__party_id=party) | Q(case_id__in=_cases_of(actor))

    @property
    def number(self) -> str:
        return str(self.case.number)


class ViewCount(models.Model):
    """How often the public page of a product or a demand was looked at on one day. Nobody is recorded."""

    kind = models.CharField(max_length=10, choices=[("product", "product"), ("demand", "demand")])
    number = models.CharField(max_length=20)
    day = models.DateField()
    views = models.PositiveBigIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "number", "day"], name="view_count_a_day")]
