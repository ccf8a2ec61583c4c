"""Tables: authorised operation."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import F, Q

from shugang.kernel.scope import ScopedModel

from ..sharing.models import cases_of


class Operation(ScopedModel):
    """One authorised operation. `content` is the agreement as it is signed (digests over its canonical JSON), `ranking` the
    outcome of the evaluation: [bid number, average in hundredths, security average in hundredths]."""

    case = models.OneToOneField("kernel.Case", on_delete=models.PROTECT, related_name="operation")
    authoriser = models.ForeignKey("parties.Party", on_delete=models.PROTECT, related_name="+")
    implementer = models.ForeignKey("parties.Party", on_delete=models.PROTECT, related_name="+")
    developer = models.ForeignKey("parties.Party", on_delete=models.PROTECT, null=True, related_name="operations")
    resources = models.ManyToManyField("publicdata.PublicResource", related_name="operations")
    plan = models.JSONField()
    ranking = models.JSONField(default=list)
    content = models.JSONField(null=True)
    sha256 = models.CharField(max_length=64, blank=True)
    sm3 = models.CharField(max_length=64, blank=True)
    until = models.DateField(null=True, db_index=True)
    effective_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    planned_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(effective_at__isnull=True)
                | Q(developer__isnull=False, content__isnull=False, until__isnull=False),
                name="operation_in_force_is_agreed",
            ),
            models.CheckConstraint(
                condition=Q(developer__isnull=True) | ~Q(developer=F("implementer")), name="operation_is_not_ones_own"
            ),
        ]

    @classmethod
    def scope(cls, actor: Any) -> Q:
        return Q(case_id__in=cases_of(actor))

    @property
    def number(self) -> str:
        return str(self.case.number)

    @property
    def context(self) -> str:
        """What a signature names besides the digest."""
        return f"operation:{self.number}"

    def event_refs(self) -> list[tuple[str, str]]:
        return [
            ("operation", self.number),
            *(("public_resource", r) for r in self.resources.values_list("number", flat=True)),
        ]


class OperationProduct(ScopedModel):
    """A product of the market that the developer sells as `agreed`, one of the products of the agreement; its cap holds."""

    operation = models.ForeignKey(Operation, on_delete=models.PROTECT, related_name="sold")
    product = models.OneToOneField("market.DataProduct", on_delete=models.PROTECT, related_name="operation_product")
    agreed = models.CharField(max_length=80)
    named_at = models.DateTimeField()

    @classmethod
    def scope(cls, actor: Any) -> Q:
        return Q(operation__case_id__in=cases_of(actor))


class OperationBid(ScopedModel):
    """One application in a call; one a party while it stands."""

    case = models.OneToOneField("kernel.Case", on_delete=models.PROTECT, related_name="operation_bid")
    operation = models.ForeignKey(Operation, on_delete=models.PROTECT, related_name="bids")
    applicant = models.ForeignKey("parties.Party", on_delete=models.PROTECT, related_name="+")
    proposal = models.JSONField()
    living = models.BooleanField(default=True)
    made_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["operation", "applicant"], condition=Q(living=True), name="one_living_bid_a_party"
            )
        ]

    @classmethod
    def scope(cls, actor: Any) -> Q:
        """The applicant's own, and the implementing and authorising bodies' of their operation."""
        party = actor.party_id or 0
        return Q(applicant_id=party) | Q(operation__implementer_id=party) | Q(operation__authoriser_id=party)

    @property
    def number(self) -> str:
        return str(self.case.number)


class BidScore(models.Model):
    """What one scorer gave one bid in one round, by criterion, in whole points."""

    bid = models.ForeignKey(OperationBid, on_delete=models.PROTECT, related_name="scores")
    person_id = models.BigIntegerField()
    round = models.PositiveIntegerField()
    points = models.JSONField()
    total = models.PositiveIntegerField()
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["bid", "person_id", "round"], name="one_score_a_person_a_round"),
            models.CheckConstraint(condition=Q(total__lte=100), name="score_of_at_most_100"),
        ]


class OperationObjection(ScopedModel):
    """What somebody said against the result during the notice; never shown in public."""

    operation = models.ForeignKey(Operation, on_delete=models.PROTECT, related_name="objections")
    party = models.ForeignKey("parties.Party", on_delete=models.PROTECT, related_name="+")
    text = models.CharField(max_length=800)
    filed_at = models.DateTimeField()
    answer = models.CharField(max_length=800, blank=True)

    @classmethod
    def scope(cls, actor: Any) -> Q:
        party = actor.party_id or 0
        return Q(party_id=party) | Q(operation__implementer_id=party) | Q(operation__authoriser_id=party)


class OperationSignature(ScopedModel):
    """One side's signature over the agreement."""

    operation = models.ForeignKey(Operation, on_delete=models.PROTECT, related_name="signatures")
    party = models.ForeignKey("parties.Party", on_delete=models.PROTECT, related_name="+")
    signature = models.JSONField()
    signed_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["operation", "party"], name="operation_signed_once_a_party")]

    @classmethod
    def scope(cls, actor: Any) -> Q:
        return Q(operation__case_id__in=cases_of(actor))
