"""An agreement between parties, and each party's signature over its frozen text."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q

from shugang.kernel.models import CaseParty
from shugang.kernel.scope import ScopedModel


def _cases_of(actor: Any) -> Any:
    return CaseParty.objects.filter(party_id=actor.party_id or 0).values("case_id")


class Agreement(ScopedModel):
    """`content` is the agreement: template, parties, answers, and for processing the terms of its grant."""

    case = models.OneToOneField("kernel.Case", on_delete=models.PROTECT, related_name="agreement")
    template = models.CharField(max_length=20)
    content = models.JSONField()
    sha256 = models.CharField(max_length=64)
    sm3 = models.CharField(max_length=64)
    source = models.JSONField(null=True)
    grant = models.OneToOneField("delivery.Grant", on_delete=models.PROTECT, related_name="+", null=True)
    until = models.DateField(db_index=True)
    drafted_at = models.DateTimeField()
    effective_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(template__in=["processing", "fusion", "brokerage"]), name="agreement_template_known"
            ),
            models.CheckConstraint(
                condition=Q(grant__isnull=True) | Q(template="processing", effective_at__isnull=False),
                name="only_processing_carries_a_grant",
            ),
        ]

    @classmethod
    def scope(cls, actor: Any) -> Q:
        return Q(case_id__in=_cases_of(actor))

    @property
    def number(self) -> str:
        return str(self.case.number)

    @property
    def context(self) -> str:
        """What a signature names besides the digest."""
        return f"agreement:{self.number}"

    def event_refs(self) -> list[tuple[str, str]]:
        refs = [("agreement", self.number), *(("party", p["number"]) for p in self.content["parties"])]
        return [*refs, ("grant", self.grant.number)] if self.grant else refs


class FusedProduct(ScopedModel):
    """A product that parties of a joint development made together: its contracts divide the supplier's part as they agreed."""

    agreement = models.ForeignKey(Agreement, on_delete=models.PROTECT, related_name="fused")
    product = models.OneToOneField("market.DataProduct", on_delete=models.PROTECT, related_name="fused")
    tied_at = models.DateTimeField()

    @classmethod
    def scope(cls, actor: Any) -> Q:
        return Q(agreement__in=Agreement.objects.visible_to(actor)) | Q(product__supplier_id=actor.party_id or 0)


class AgreementSignature(ScopedModel):
    """One party's signature, at most one a party."""

    agreement = models.ForeignKey(Agreement, on_delete=models.PROTECT, related_name="signatures")
    party = models.ForeignKey("parties.Party", on_delete=models.PROTECT, related_name="+")
    signature = models.JSONField()
    signed_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["agreement", "party"], name="one_signature_a_party")]

    @classmethod
    def scope(cls, actor: Any) -> Q:
        return Q(agreement__in=Agreement.objects.visible_to(actor))
