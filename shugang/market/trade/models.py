"""An inquiry about a product, and every version of what was offered in answer."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import F, Q

from shugang.kernel.scope import ScopedModel
from shugang.policy.priceplan import PricePlan
from shugang.policy.terms import Terms


class Inquiry(ScopedModel):
    """A buyer's question; `purpose` is the one stated, and no quotation may change it.

    `shares`: [[party number, millionths]] among which a bundle divides the supplier's part; null for the product's own.
    """

    case = models.OneToOneField("kernel.Case", on_delete=models.PROTECT, related_name="inquiry")
    product = models.ForeignKey("market.DataProduct", on_delete=models.PROTECT, related_name="inquiries")
    buyer = models.ForeignKey("parties.Party", on_delete=models.PROTECT, related_name="inquiries")
    supplier = models.ForeignKey("parties.Party", on_delete=models.PROTECT, related_name="+")
    purpose = models.CharField(max_length=40)
    need = models.TextField()
    opened_at = models.DateTimeField()
    shares = models.JSONField(null=True)

    class Meta:
        constraints = [models.CheckConstraint(condition=~Q(buyer=F("supplier")), name="nobody_buys_from_himself")]

    @classmethod
    def scope(cls, actor: Any) -> Q:
        party = actor.party_id or 0
        return Q(buyer_id=party) | Q(supplier_id=party)

    @property
    def number(self) -> str:
        return self.case.number

    @property
    def last(self) -> Quotation | None:
        return self.quotations.order_by("-version").first()


class Quotation(ScopedModel):
    """Version `version` of terms and price, put forward by one side. Never changed; the next answer is a new one.

    `withdrawn_at`: when the supplier took it back before the buyer had answered; it is kept all the same.
    """

    class Side(models.TextChoices):
        SUPPLIER = "supplier"
        BUYER = "buyer"

    inquiry = models.ForeignKey(Inquiry, on_delete=models.PROTECT, related_name="quotations")
    version = models.PositiveIntegerField()
    side = models.CharField(max_length=10, choices=Side.choices)
    terms = models.JSONField()
    plan = models.JSONField()
    message = models.TextField(blank=True)
    digest = models.CharField(max_length=64)
    person_id = models.BigIntegerField(null=True)
    made_at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["inquiry", "version"], name="quotation_version_once"),
            models.CheckConstraint(condition=Q(side__in=["supplier", "buyer"]), name="quotation_side_known"),
        ]

    @classmethod
    def scope(cls, actor: Any) -> Q:
        party = actor.party_id or 0
        return Q(inquiry__buyer_id=party) | Q(inquiry__supplier_id=party)

    def read_terms(self) -> Terms:
        return Terms.from_json(self.terms)

    def read_plan(self) -> PricePlan:
        return PricePlan.from_json(self.plan)


class PartyTie(ScopedModel):
    """`party` controls `other`, or acts for it in trade, on the stated ground; ended, never deleted."""

    party = models.ForeignKey("parties.Party", on_delete=models.PROTECT, related_name="+")
    other = models.ForeignKey("parties.Party", on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=10)
    ground = models.CharField(max_length=400)
    person_id = models.BigIntegerField(null=True)
    recorded_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["party", "other", "kind"], condition=Q(ended_at__isnull=True), name="living_tie_once"
            ),
            models.CheckConstraint(condition=~Q(party=F("other")), name="tie_between_two_parties"),
            models.CheckConstraint(condition=Q(kind__in=["control", "agent"]), name="tie_kind_known"),
        ]

    @classmethod
    def scope(cls, actor: Any) -> Q:
        """The two parties, and the venue's reviewer who verifies them."""
        party = actor.party_id or 0
        venue = "operator" in actor.roles and "reviewer" in actor.duties
        return Q() if venue else Q(party_id=party) | Q(other_id=party)
