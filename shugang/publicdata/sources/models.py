"""Tables: which department is the one source of an element in a region, since when; who else holds it, and by what reference."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import F, Q

from shugang.kernel.scope import ScopedModel

REGION = "350200"


class SourceOfTruth(ScopedModel):
    """The lead department of an element in a region from one day to another; `valid_until` None while it leads.

    One open row each (partial unique index); periods never overlap (trigger `publicdata_source_periods`, on both databases).
    Public: everybody may know who answers for a datum.
    """

    element = models.CharField(max_length=20)
    name = models.CharField(max_length=120)
    region = models.CharField(max_length=12, default=REGION)
    department = models.ForeignKey("parties.Party", on_delete=models.PROTECT, related_name="sources_of_truth")
    basis = models.CharField(max_length=400)
    valid_from = models.DateField()
    valid_until = models.DateField(null=True)
    ended_because = models.CharField(max_length=400, blank=True)
    case = models.OneToOneField("kernel.Case", on_delete=models.PROTECT, related_name="source_of_truth")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["element", "region"], condition=Q(valid_until__isnull=True), name="one_open_source"
            ),
            models.CheckConstraint(
                condition=Q(valid_until__isnull=True, ended_because="")
                | (Q(valid_until__gte=F("valid_from")) & ~Q(ended_because="")),
                name="source_period_in_order",
            ),
        ]
        indexes = [models.Index(fields=["department", "element"], name="source_by_department")]

    @classmethod
    def scope(cls, actor: Any) -> Q:
        return Q(pk__isnull=False)

    def __str__(self) -> str:
        return f"{self.element} {self.name} {self.region}"


class SourceClaim(ScopedModel):
    """A department's claim in its case; one open claim for an element and region."""

    case = models.OneToOneField("kernel.Case", on_delete=models.PROTECT, related_name="source_claim")
    department = models.ForeignKey("parties.Party", on_delete=models.PROTECT, related_name="source_claims")
    office = models.ForeignKey("parties.Party", on_delete=models.PROTECT, related_name="+")
    element = models.CharField(max_length=20)
    name = models.CharField(max_length=120)
    region = models.CharField(max_length=12)
    valid_from = models.DateField()
    open = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["element", "region"], condition=Q(open=True), name="one_open_source_claim")
        ]

    @classmethod
    def scope(cls, actor: Any) -> Q:
        return Q(department_id=actor.party_id or 0) | Q(office_id=actor.party_id or 0)


class SourceReference(ScopedModel):
    """Another holder: it has the datum from the source, for a purpose, and collects it no more."""

    source = models.ForeignKey(SourceOfTruth, on_delete=models.PROTECT, related_name="references")
    department = models.ForeignKey("parties.Party", on_delete=models.PROTECT, related_name="source_references")
    purpose = models.CharField(max_length=400)
    registered_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["source", "department"], name="source_reference_once"),
        ]

    @classmethod
    def scope(cls, actor: Any) -> Q:
        return Q(pk__isnull=False)


class CollectionRequest(ScopedModel):
    """A department asked to collect a datum itself, and was not pointed to a source: none is designated, or it may not share."""

    class Ground(models.TextChoices):
        NO_SOURCE = "no_source"
        NOT_SHARED = "not_shared"

    number = models.CharField(max_length=20, unique=True)
    department = models.ForeignKey("parties.Party", on_delete=models.PROTECT, related_name="collection_requests")
    element = models.CharField(max_length=20)
    region = models.CharField(max_length=12)
    reason = models.CharField(max_length=400)
    ground = models.CharField(max_length=10, choices=Ground.choices)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(ground__in=["no_source", "not_shared"]), name="collection_ground_known")
        ]

    @classmethod
    def scope(cls, actor: Any) -> Q:
        own = Q(department_id=actor.party_id or 0)
        return Q(pk__isnull=False) if "data_office" in actor.roles else own
