"""Tables: sharing between departments, opening to the public."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q

from shugang.kernel.models import CaseParty
from shugang.kernel.scope import ScopedModel


def cases_of(actor: Any) -> Any:
    return CaseParty.objects.filter(party_id=actor.party_id or 0).values("case_id")


class SharingRequest(ScopedModel):
    """One request for one resource. `items`: names, empty for all that may be shared. `refusal`: rule, reason, digest and
    the chief data officer's signature, once the department refused. `result`: what came of the use, as its user reported."""

    class Kind(models.TextChoices):
        SHARING = "sharing"
        OPENING = "opening"

    case = models.OneToOneField("kernel.Case", on_delete=models.PROTECT, related_name="sharing_request")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    resource = models.ForeignKey("publicdata.PublicResource", on_delete=models.PROTECT, related_name="sharing_requests")
    applicant = models.ForeignKey("parties.Party", on_delete=models.PROTECT, related_name="+")
    provider = models.ForeignKey("parties.Party", on_delete=models.PROTECT, related_name="+")
    items = models.JSONField(default=list)
    purpose = models.CharField(max_length=40)
    task = models.CharField(max_length=800)
    mode = models.CharField(max_length=10)
    key = models.CharField(max_length=120, blank=True)
    condition = models.CharField(max_length=800, blank=True)
    min_group = models.PositiveIntegerField(null=True)
    refusal = models.JSONField(null=True)
    grant = models.OneToOneField("delivery.Grant", on_delete=models.PROTECT, null=True, related_name="+")
    result = models.CharField(max_length=2000, blank=True)
    asked_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=["sharing", "opening"]), name="sharing_kind_known"),
            models.CheckConstraint(condition=Q(mode__in=["sql", "api", "file", "table"]), name="sharing_mode_known"),
        ]

    @classmethod
    def scope(cls, actor: Any) -> Q:
        return Q(case_id__in=cases_of(actor))

    @property
    def number(self) -> str:
        return str(self.case.number)

    def event_refs(self) -> list[tuple[str, str]]:
        refs = [("sharing", self.number), ("public_resource", self.resource.number)]
        return [*refs, ("grant", self.grant.number)] if self.grant else refs


class Opening(ScopedModel):
    """One resource open to everybody. `living` until it ends: a resource is open once at a time."""

    case = models.OneToOneField("kernel.Case", on_delete=models.PROTECT, related_name="opening")
    resource = models.ForeignKey("publicdata.PublicResource", on_delete=models.PROTECT, related_name="openings")
    department = models.ForeignKey("parties.Party", on_delete=models.PROTECT, related_name="+")
    items = models.JSONField(default=list)
    licence = models.CharField(max_length=200)
    attribution = models.CharField(max_length=200)
    grant = models.OneToOneField("delivery.Grant", on_delete=models.PROTECT, null=True, related_name="+")
    living = models.BooleanField(default=True)
    opened_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["resource"], condition=Q(living=True), name="resource_opened_once")
        ]

    @classmethod
    def scope(cls, actor: Any) -> Q:
        return Q(case_id__in=cases_of(actor))

    @property
    def number(self) -> str:
        return str(self.case.number)

    def event_refs(self) -> list[tuple[str, str]]:
        refs = [("opening", self.number), ("public_resource", self.resource.number)]
        return [*refs, ("grant", self.grant.number)] if self.grant else refs
