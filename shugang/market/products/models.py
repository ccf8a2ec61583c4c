"""A data product: one offer of one supplier over one version of registered data."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q

from shugang.kernel.scope import ScopedModel
from shugang.policy.priceplan import PricePlan
from shugang.policy.sources import MODE_NAMES
from shugang.policy.terms import Terms

from .kinds import FIELD_OF_SECTOR, FIELDS, SECTORS, TYPES


class DataProduct(ScopedModel):
    """`offered_terms` are the widest that a deal may get; `purposes` those that may be asked for.

    `source` says what a grant of the product reads (delivery.grants.sources); it names files of the vault and
    is never shown. `sample`, if any, was made under the offered terms and is masked already. `trial_size`: rows or
    calls of the sample that a buyer may take (`samples`), 0 for none. `licence_until`: the last day of
    the source's licence, as the listing stated it. `reopened`: why the listing has to be reviewed again ("licence": its term
    is over or it was ended; "changed": licence or rights are other ones); only a new listing clears it.
    """

    class State(models.TextChoices):
        DRAFT = "draft"
        REVIEWING = "reviewing"
        LISTED = "listed"
        SUSPENDED = "suspended"
        DELISTED = "delisted"

    number = models.CharField(max_length=20, unique=True)
    supplier = models.ForeignKey("parties.Party", on_delete=models.PROTECT, related_name="products")
    asset = models.ForeignKey("assets.DataAsset", on_delete=models.PROTECT, related_name="products")
    dataset_version = models.ForeignKey("delivery.DatasetVersion", on_delete=models.PROTECT, related_name="products")
    certificate = models.ForeignKey("assets.Certificate", on_delete=models.PROTECT, related_name="products", null=True)
    name = models.CharField(max_length=110)
    name_en = models.CharField(max_length=160, blank=True)
    summary = models.CharField(max_length=400)
    summary_en = models.CharField(max_length=600, blank=True)
    type = models.CharField(max_length=20, choices=[(k, t.zh) for k, t in TYPES.items()])
    sector = models.CharField(max_length=1, choices=[(k, t.zh) for k, t in SECTORS.items()])
    field = models.CharField(max_length=12, blank=True, choices=[(k, t.zh) for k, t in FIELDS.items()])
    mode = models.CharField(max_length=10)
    keywords = models.CharField(max_length=200, blank=True)
    purposes = models.JSONField()
    offered_terms = models.JSONField()
    price_plan = models.JSONField()
    price_kind = models.CharField(max_length=12)
    spec = models.JSONField(default=dict)
    source = models.JSONField()
    plane = models.ForeignKey("delivery.Plane", on_delete=models.PROTECT, related_name="+", null=True)
    sample = models.JSONField(null=True)
    trial_size = models.PositiveIntegerField(default=0)
    state = models.CharField(max_length=10, choices=State.choices, default=State.DRAFT, db_index=True)
    state_reason = models.CharField(max_length=400, blank=True)
    held_by = models.CharField(max_length=12, blank=True)
    licence_until = models.DateField(null=True)
    reopened = models.CharField(max_length=10, blank=True)
    created_at = models.DateTimeField()
    listed_at = models.DateTimeField(null=True)
    delisted_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=["draft", "reviewing", "listed", "suspended", "delisted"]),
                name="product_state_known",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["listed", "suspended"]) | Q(listed_at__isnull=False, certificate__isnull=False),
                name="listed_product_has_certificate",
            ),
            models.CheckConstraint(
                condition=Q(state="suspended") | Q(held_by=""), name="only_a_suspended_product_is_held"
            ),
            models.CheckConstraint(condition=Q(mode__in=MODE_NAMES), name="product_mode_known"),
            models.CheckConstraint(condition=Q(reopened__in=["", "licence", "changed"]), name="product_reopened_known"),
            models.CheckConstraint(
                condition=Q(reopened="") | ~Q(state="listed"), name="reopened_product_is_not_listed"
            ),
        ]
        indexes = [
            models.Index(
                fields=["licence_until"],
                name="product_licence_ends",
                condition=Q(licence_until__isnull=False) & ~Q(reopened="licence"),
            )
        ]

    @classmethod
    def scope(cls, actor: Any) -> Q:
        return Q(supplier_id=actor.party_id or 0)

    @property
    def plan_field(self) -> str:
        """The field of the plan, as the supplier named it or as its industry has it."""
        return self.field or FIELD_OF_SECTOR.get(self.sector, "other")

    @property
    def terms(self) -> Terms:
        return Terms.from_json(self.offered_terms)

    @property
    def plan(self) -> PricePlan:
        return PricePlan.from_json(self.price_plan)

    def event_refs(self) -> list[tuple[str, str]]:
        """The product and everything upstream of it."""
        refs = [
            ("product", self.number),
            ("asset", self.asset.number),
            ("dataset", self.dataset_version.dataset.number),
            ("party", self.supplier.number),
        ]
        return [*refs, ("certificate", self.certificate.number)] if self.certificate else refs

    def __str__(self) -> str:
        return f"{self.number} {self.name}"
