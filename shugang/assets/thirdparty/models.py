"""Offers of agencies with their qualifications, orders, and the one table of signed reports."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import F, Q

from shugang.kernel.models import CaseParty
from shugang.kernel.scope import ScopedModel
from shugang.policy.priceplan import PricePlan


def _cases_of(actor: Any) -> Any:
    return CaseParty.objects.filter(party_id=actor.party_id or 0).values("case_id")


class ServiceOffer(ScopedModel):
    """What an agency offers in one kind of service. `price_plan` is policy.priceplan JSON; null means a quotation."""

    class State(models.TextChoices):
        REVIEWING = "reviewing"
        LISTED = "listed"
        SUSPENDED = "suspended"
        ENDED = "ended"

    case = models.OneToOneField("kernel.Case", on_delete=models.PROTECT, related_name="service_offer")
    agency = models.ForeignKey("parties.Party", on_delete=models.PROTECT, related_name="service_offers")
    kind = models.CharField(max_length=20, db_index=True)
    title = models.CharField(max_length=80)
    title_en = models.CharField(max_length=120, blank=True)
    scope_zh = models.CharField(max_length=800)
    scope_en = models.CharField(max_length=1200, blank=True)
    price_plan = models.JSONField(null=True)
    days = models.PositiveSmallIntegerField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.REVIEWING, db_index=True)
    state_reason = models.CharField(max_length=400, blank=True)
    created_at = models.DateTimeField()
    listed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["agency", "kind"],
                condition=Q(state__in=["reviewing", "listed", "suspended"]),
                name="one_live_offer_a_kind",
            ),
            models.CheckConstraint(condition=Q(days__gte=1) & Q(days__lte=365), name="offer_days_in_a_year"),
            models.CheckConstraint(condition=~Q(state="listed") | Q(listed_at__isnull=False), name="listed_offer_when"),
        ]

    @classmethod
    def scope(cls, actor: Any) -> Q:
        return Q(agency_id=actor.party_id or 0) | Q(case_id__in=_cases_of(actor))

    @property
    def number(self) -> str:
        return str(self.case.number)

    @property
    def plan(self) -> PricePlan | None:
        return PricePlan.from_json(self.price_plan) if self.price_plan else None

    def event_refs(self) -> list[tuple[str, str]]:
        return [("service", self.number), ("party", self.agency.number)]


class Qualification(ScopedModel):
    """A document that entitles an agency to a kind of service; days inclusive. Held once the operator has checked it."""

    offer = models.ForeignKey(ServiceOffer, on_delete=models.PROTECT, related_name="qualifications")
    name = models.CharField(max_length=120)
    number = models.CharField(max_length=60)
    issuer = models.CharField(max_length=120)
    valid_from = models.DateField()
    valid_until = models.DateField(db_index=True)
    document = models.JSONField()
    filed_at = models.DateTimeField()
    checked_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(valid_until__gte=F("valid_from")), name="qualification_has_a_life")
        ]

    @classmethod
    def scope(cls, actor: Any) -> Q:
        return Q(offer__agency_id=actor.party_id or 0) | Q(offer__case_id__in=_cases_of(actor))


class ServiceOrder(ScopedModel):
    """One engagement. The object is frozen at the order: a data set's version, an asset, a product, a case, or none.

    `draft` is the report in the making: the very bytes' digest and conclusion that the signer will sign.
    `on_time` is set at the first delivery.
    """

    class State(models.TextChoices):
        OPEN = "open"
        ENGAGED = "engaged"
        COMPLETED = "completed"
        NOT_ENGAGED = "not_engaged"
        TERMINATED = "terminated"

    case = models.OneToOneField("kernel.Case", on_delete=models.PROTECT, related_name="service_order")
    offer = models.ForeignKey(ServiceOffer, on_delete=models.PROTECT, related_name="orders")
    client = models.ForeignKey("parties.Party", on_delete=models.PROTECT, related_name="service_orders")
    agency = models.ForeignKey("parties.Party", on_delete=models.PROTECT, related_name="service_engagements")
    kind = models.CharField(max_length=20)
    object_kind = models.CharField(max_length=20, blank=True)
    object_number = models.CharField(max_length=40, blank=True)
    object_name = models.CharField(max_length=200, blank=True)
    version = models.ForeignKey("delivery.DatasetVersion", on_delete=models.PROTECT, null=True, related_name="+")
    holder = models.ForeignKey("parties.Party", on_delete=models.PROTECT, null=True, related_name="+")
    fee_fen = models.PositiveBigIntegerField(null=True)
    days = models.PositiveSmallIntegerField(null=True)
    state = models.CharField(max_length=12, choices=State.choices, default=State.OPEN, db_index=True)
    engaged_at = models.DateTimeField(null=True)
    delivered_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    on_time = models.BooleanField(null=True)
    objections = models.PositiveSmallIntegerField(default=0)
    upheld = models.PositiveSmallIntegerField(default=0)
    resigned = models.BooleanField(default=False)
    draft = models.JSONField(null=True)
    drafted_by = models.BigIntegerField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(client=F("agency")), name="agency_serves_others"),
            models.CheckConstraint(
                condition=~Q(state__in=["engaged", "completed"])
                | Q(engaged_at__isnull=False, fee_fen__isnull=False, days__isnull=False),
                name="engaged_order_is_agreed",
            ),
            models.CheckConstraint(condition=Q(upheld__lte=F("objections")), name="upheld_objections_were_raised"),
        ]

    @classmethod
    def scope(cls, actor: Any) -> Q:
        return Q(case_id__in=_cases_of(actor))

    @property
    def number(self) -> str:
        return str(self.case.number)

    def event_refs(self) -> list[tuple[str, str]]:
        """The order and everything upstream of it."""
        refs = [("order", self.number), ("service", self.offer.number),
                ("party", self.client.number), ("party", self.agency.number)]  # fmt: skip
        if self.version is not None:
            refs.append(("dataset", self.version.dataset.number))
        if self.object_kind in ("asset", "product"):
            refs.append((self.object_kind, self.object_number))
        return refs


class SignedReport(ScopedModel):
    """What an agency signed, wherever it was signed: an order, or a step of another procedure (a listing's opinion).

    `content` is what `digest` (SHA-256 of its RFC 8785 form) and each of `signatures` (parties.keys) cover, together
    with `context`. `file_sha256` is "" where the content itself is the whole report.
    """

    class State(models.TextChoices):
        DELIVERED = "delivered"
        STANDING = "standing"
        SUPERSEDED = "superseded"
        WITHDRAWN = "withdrawn"

    number = models.CharField(max_length=20, unique=True)
    kind = models.CharField(max_length=20, db_index=True)
    result = models.CharField(max_length=12)
    agency = models.ForeignKey("parties.Party", on_delete=models.PROTECT, related_name="signed_reports")
    client = models.ForeignKey("parties.Party", on_delete=models.PROTECT, related_name="reports_received")
    case = models.ForeignKey("kernel.Case", on_delete=models.PROTECT, related_name="signed_reports")
    version = models.ForeignKey(
        "delivery.DatasetVersion", on_delete=models.PROTECT, null=True, related_name="signed_reports"
    )
    object_kind = models.CharField(max_length=20, blank=True)
    object_number = models.CharField(max_length=40, blank=True)
    content = models.JSONField()
    digest = models.CharField(max_length=64)
    context = models.CharField(max_length=80)
    signatures = models.JSONField()
    file = models.JSONField(null=True)
    file_sha256 = models.CharField(max_length=64, blank=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.DELIVERED, db_index=True)
    state_reason = models.CharField(max_length=400, blank=True)
    public = models.BooleanField(default=False)
    valid_until = models.DateField(null=True)
    signed_at = models.DateTimeField()
    stands_since = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(result__in=["favourable", "qualified", "adverse", "disclaimed"]), name="report_result_known"
            ),
            models.CheckConstraint(
                condition=Q(state__in=["superseded", "withdrawn"], ended_at__isnull=False)
                | (Q(state__in=["delivered", "standing"]) & Q(ended_at__isnull=True)),
                name="ended_report_says_when",
            ),
            models.UniqueConstraint(
                fields=["case", "kind"],
                condition=Q(state__in=["delivered", "standing"]),
                name="one_living_report_a_case",
            ),
        ]

    @classmethod
    def scope(cls, actor: Any) -> Q:
        return Q(case_id__in=_cases_of(actor))

    @property
    def signature(self) -> dict[str, Any]:
        """The first signature, the only one of most reports."""
        return dict(self.signatures[0])

    def event_refs(self) -> list[tuple[str, str]]:
        refs = [("report", self.number), ("case", self.case.number), ("party", self.agency.number)]
        if self.version is not None:
            refs.append(("dataset", self.version.dataset.number))
        return refs
