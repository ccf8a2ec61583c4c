"""A project that bundles inquiries, and each supplier's part in it."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q

from shugang.kernel.scope import ScopedModel


class DealBundle(ScopedModel):
    """`shares`: [[party number, millionths]] among which every contract's price is divided; null: each keeps his own.

    `basis` is what the shares were computed from (method and rows), so that every supplier can recompute them.
    """

    case = models.OneToOneField("kernel.Case", on_delete=models.PROTECT, related_name="bundle")
    buyer = models.ForeignKey("parties.Party", on_delete=models.PROTECT, related_name="+")
    title = models.CharField(max_length=120)
    need = models.TextField()
    purpose = models.CharField(max_length=40)
    shares = models.JSONField(null=True)
    basis = models.JSONField(null=True)
    reason = models.CharField(max_length=400, blank=True)
    opened_at = models.DateTimeField()

    @classmethod
    def scope(cls, actor: Any) -> Q:
        party = actor.party_id or 0
        return Q(buyer_id=party) | Q(pk__in=BundleMember.objects.filter(supplier_id=party).values("bundle_id"))

    @property
    def number(self) -> str:
        return str(self.case.number)


class BundleMember(ScopedModel):
    """One supplier with one product; `consented_at`: when he agreed to the shares as they stand now."""

    bundle = models.ForeignKey(DealBundle, on_delete=models.PROTECT, related_name="members")
    inquiry = models.OneToOneField("market.Inquiry", on_delete=models.PROTECT, related_name="bundled")
    supplier = models.ForeignKey("parties.Party", on_delete=models.PROTECT, related_name="+")
    consented_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["bundle", "supplier"], name="supplier_once_a_bundle")]

    @classmethod
    def scope(cls, actor: Any) -> Q:
        """The buyer, and every supplier of the project: they know each other, not each other's terms and price."""
        return Q(bundle__in=DealBundle.objects.filter(DealBundle.scope(actor)))
