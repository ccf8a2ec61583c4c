"""The charge agreement: what a contract's use costs, frozen when the contract takes effect."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import F, Q

from shugang.kernel.scope import ScopedModel
from shugang.policy.priceplan import PricePlan

from ..gates import is_operator_finance


class ChargeAgreement(ScopedModel):
    """`number` is the contract's. `plan` is policy.priceplan JSON; rates are basis points; days inclusive.

    `supply` is the kind of supply in the profile's table of VAT rates; with `vat_by_date` each line takes the rate in force
    at its service period, otherwise `vat_bp`. `commission_vat_bp` (null: `vat_bp`) is frozen at signature. For
    `reserve_days` after a split its parts stay with the custodian. `shares` divides the supplier's part of every bill:
    [[party number, weight]], empty when it is the supplier's alone.
    `broker`, where the supplier's mandate promised one a fee: `broker_bp` of each bill or `broker_fen` a contract, tax at
    `broker_vat_bp` included, out of the supplier's part.
    `held_for` says what it waits for before anything is billed (an acceptance); "" when it waits for nothing. A contract
    has a further agreement, named among the `refs` and numbered behind its own, for each change of its price.
    """

    class State(models.TextChoices):
        ACTIVE = "active"
        ENDED = "ended"

    number = models.CharField(max_length=40, unique=True)
    buyer = models.ForeignKey("parties.Party", on_delete=models.PROTECT, related_name="+")
    supplier = models.ForeignKey("parties.Party", on_delete=models.PROTECT, related_name="+")
    grant = models.CharField(max_length=40, db_index=True)
    title = models.CharField(max_length=200, default="")
    plan = models.JSONField()
    plan_digest = models.CharField(max_length=64)
    commission_bp = models.PositiveIntegerField()
    vat_bp = models.PositiveIntegerField()
    supply = models.CharField(max_length=24, default="data_service")
    vat_by_date = models.BooleanField(default=False)
    commission_vat_bp = models.PositiveIntegerField(null=True)
    reserve_days = models.PositiveIntegerField(default=0)
    profile = models.ForeignKey("kernel.RuleProfile", on_delete=models.PROTECT)
    starts_on = models.DateField()
    ends_on = models.DateField()
    state = models.CharField(max_length=8, choices=State.choices, default=State.ACTIVE)
    refs = models.JSONField(default=list)
    shares = models.JSONField(default=list)
    held_for = models.CharField(max_length=20, blank=True, default="")
    broker = models.ForeignKey("parties.Party", on_delete=models.PROTECT, related_name="+", null=True)
    broker_bp = models.PositiveIntegerField(default=0)
    broker_fen = models.PositiveBigIntegerField(default=0)
    broker_vat_bp = models.PositiveIntegerField(default=0)
    registered_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(buyer=F("supplier")), name="charge_between_two_parties"),
            models.CheckConstraint(condition=Q(ends_on__gte=F("starts_on")), name="charge_ends_after_start"),
            models.CheckConstraint(condition=Q(commission_bp__lte=10_000), name="commission_at_most_all"),
            models.CheckConstraint(
                condition=Q(broker__isnull=True, broker_bp=0, broker_fen=0)
                | Q(broker_fen=0, broker_bp__gt=0, broker_bp__lte=10_000 - F("commission_bp"))
                | Q(broker_bp=0, broker_fen__gt=0),
                name="broker_has_one_kind_of_fee",
            ),
            models.CheckConstraint(
                condition=Q(broker__isnull=True) | ~Q(broker=F("supplier")) & ~Q(broker=F("buyer")),
                name="broker_is_no_side",
            ),
        ]

    @classmethod
    def scope(cls, actor: Any) -> Q:
        party = actor.party_id or 0
        return Q() if is_operator_finance(actor) else Q(buyer_id=party) | Q(supplier_id=party)

    @property
    def commission_tax_bp(self) -> int:
        return self.vat_bp if self.commission_vat_bp is None else self.commission_vat_bp

    @property
    def price_plan(self) -> PricePlan:
        return PricePlan.from_json(self.plan)

    @property
    def contract(self) -> str:
        """The contract's number: this agreement's own, unless it is a further one of the contract."""
        return next((key for kind, key in self.refs if kind == "contract"), self.number)

    def event_refs(self) -> list[tuple[str, str]]:
        """Every numbered object upstream of this agreement: a contract and its grant, or the order of a service."""
        own = [("party", self.buyer.number), ("party", self.supplier.number)]
        if self.grant:
            own += [("contract", self.contract), ("grant", self.grant)]
        return own + [(kind, key) for kind, key in self.refs]


class RevenueReport(ScopedModel):
    """What the buyer states that he earned with the data in one service period, in 分; the latest one counts."""

    agreement = models.ForeignKey(ChargeAgreement, on_delete=models.PROTECT, related_name="revenues")
    period_from = models.DateField()
    period_to = models.DateField()
    revenue_fen = models.BigIntegerField()
    basis = models.CharField(max_length=400)
    person_id = models.BigIntegerField(null=True)
    reported_at = models.DateTimeField()

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(revenue_fen__gte=0), name="revenue_not_negative")]

    @classmethod
    def scope(cls, actor: Any) -> Q:
        return Q(agreement__in=ChargeAgreement.objects.visible_to(actor))
