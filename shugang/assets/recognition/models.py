"""What was submitted for recognition, what the checks said, and what it became."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q

from shugang.kernel.models import CaseParty
from shugang.kernel.scope import ScopedModel


class Recognition(ScopedModel):
    """A foreign certificate in one case. `facts` is what it says (proved, or as typed); `checks` what was found."""

    class Method(models.TextChoices):
        RECEIPT = "receipt"
        CODE = "code"
        PDF = "pdf"
        PAPER = "paper"

    case = models.OneToOneField("kernel.Case", on_delete=models.PROTECT, related_name="recognition")
    party = models.ForeignKey("parties.Party", on_delete=models.PROTECT, related_name="recognitions")
    registrar = models.ForeignKey("parties.Party", on_delete=models.PROTECT, related_name="+")
    dataset_version = models.ForeignKey(
        "delivery.DatasetVersion", on_delete=models.PROTECT, related_name="recognitions"
    )
    method = models.CharField(max_length=10, choices=Method.choices)
    number = models.CharField(max_length=40)
    issuer = models.CharField(max_length=120)
    origin = models.CharField(max_length=200, blank=True)
    log_index = models.BigIntegerField(null=True)
    proved = models.BooleanField(default=False)
    facts = models.JSONField()
    checks = models.JSONField(default=list)
    certificate = models.OneToOneField(
        "assets.Certificate", on_delete=models.PROTECT, null=True, related_name="recognition"
    )
    open = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["issuer", "number", "dataset_version"], condition=Q(open=True) | Q(certificate__isnull=False),
                name="recognised_once",
            ),
            models.CheckConstraint(condition=Q(method__in=["receipt", "code", "pdf", "paper"]), name="recognition_method_known"),
        ]  # fmt: skip

    @classmethod
    def scope(cls, actor: Any) -> Q:
        return Q(case_id__in=CaseParty.objects.filter(party_id=actor.party_id or 0).values("case_id"))
