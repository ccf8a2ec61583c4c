"""Tables of price guidance. Asks, warnings, estimates, reports and splits are written once; the newest counts."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import F, Q

from shugang.kernel.scope import ScopedModel
from shugang.policy.priceplan import PricePlan
from shugang.policy.text import Text

from ..products.kinds import SECTORS, TYPES
from .allowance import Allowance
from .definition import Definition, define

BASES: dict[str, Text] = {
    "unit": Text("每次、每行等一个计量单位", "One unit, such as a call or a row"),
    "whole": Text("整个产品，一次性", "The whole product, once"),
    "month": Text("每月", "A month"),
    "year": Text("每年", "A year"),
}


class AskPrice(ScopedModel):
    """A price that the supplier asked for his product, as it was put down; never changed, the next is a new row."""

    product = models.ForeignKey("market.DataProduct", on_delete=models.PROTECT, related_name="asks")
    plan = models.JSONField()
    at = models.DateTimeField()
    person_id = models.BigIntegerField(null=True)

    @classmethod
    def scope(cls, actor: Any) -> Q:
        return Q(product__supplier_id=actor.party_id or 0) | Q(product__state__in=["listed", "suspended", "delisted"])

    def read_plan(self) -> PricePlan:
        return PricePlan.from_json(self.plan)


class PriceWarning(ScopedModel):
    """Findings of the arbitrage check that the supplier read and accepted, with his reason; `digest` is of what he saw."""

    product = models.ForeignKey("market.DataProduct", on_delete=models.PROTECT, related_name="price_warnings")
    digest = models.CharField(max_length=64)
    findings = models.JSONField()
    reason = models.CharField(max_length=400)
    person_id = models.BigIntegerField(null=True)
    accepted_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["product", "digest"], name="warning_accepted_once")]

    @classmethod
    def scope(cls, actor: Any) -> Q:
        return Q() if "operator" in actor.roles else Q(product__supplier_id=actor.party_id or 0)


class PricingModel(ScopedModel):
    """A version of a pricing model. Its case tells draft, review, published, superseded, withdrawn; `state` repeats it."""

    PUBLIC = ("published", "superseded", "withdrawn")

    case = models.OneToOneField("kernel.Case", on_delete=models.PROTECT, related_name="pricing_model")
    owner = models.ForeignKey("parties.Party", on_delete=models.PROTECT, related_name="pricing_models")
    replaces = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="later")
    version = models.PositiveIntegerField(default=1)
    title = models.CharField(max_length=120)
    sector = models.CharField(max_length=1, choices=[(k, t.zh) for k, t in SECTORS.items()])
    type = models.CharField(max_length=20, choices=[(k, t.zh) for k, t in TYPES.items()])
    scenario = models.CharField(max_length=80)
    basis = models.CharField(max_length=8)
    factors = models.JSONField()
    formula = models.CharField(max_length=1000)
    spread = models.PositiveIntegerField()
    examples = models.JSONField()
    valid_from = models.DateField()
    valid_until = models.DateField()
    notes = models.TextField(blank=True)
    state = models.CharField(max_length=12, db_index=True)
    published_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(valid_until__gte=F("valid_from")), name="model_valid_forward"),
            models.CheckConstraint(condition=Q(spread__lte=90), name="model_spread_at_most_90"),
            models.CheckConstraint(condition=Q(basis__in=list(BASES)), name="model_basis_known"),
            models.CheckConstraint(
                condition=~Q(state__in=["published", "superseded", "withdrawn"]) | Q(published_at__isnull=False),
                name="published_model_says_when",
            ),
            models.UniqueConstraint(
                fields=["replaces"], condition=Q(state__in=["published", "superseded", "withdrawn"]),
                name="one_published_successor",
            ),
        ]  # fmt: skip

    @classmethod
    def scope(cls, actor: Any) -> Q:
        own = Q(owner_id=actor.party_id or 0) | Q(state__in=cls.PUBLIC)
        return Q() if "operator" in actor.roles and "reviewer" in actor.duties else own

    @property
    def number(self) -> str:
        return self.case.number

    @property
    def definition(self) -> Definition:
        return define(self.factors, self.formula, self.spread, self.examples)

    def event_refs(self) -> list[tuple[str, str]]:
        refs = [("pricing_model", self.number), ("party", self.owner.number)]
        return [*refs, ("pricing_model", self.replaces.number)] if self.replaces else refs


class Estimate(ScopedModel):
    """What a published model gives for a product: a range in 1e-8 元 with inputs and working. Never overwritten."""

    product = models.ForeignKey("market.DataProduct", on_delete=models.PROTECT, related_name="estimates")
    model = models.ForeignKey(PricingModel, on_delete=models.PROTECT, related_name="estimates")
    inputs = models.JSONField()
    grounds = models.CharField(max_length=400)
    low_e8 = models.BigIntegerField()
    mid_e8 = models.BigIntegerField()
    high_e8 = models.BigIntegerField()
    working = models.JSONField()
    public = models.BooleanField(default=False)
    person_id = models.BigIntegerField(null=True)
    made_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(low_e8__gte=0, mid_e8__gte=F("low_e8"), high_e8__gte=F("mid_e8")),
                name="estimate_is_a_range",
            )
        ]

    @classmethod
    def scope(cls, actor: Any) -> Q:
        return Q(product__supplier_id=actor.party_id or 0) | Q(
            public=True, product__state__in=["listed", "suspended", "delisted"]
        )


class FeeAllowance(ScopedModel):
    """最高准许收入 of an operator of public data for one period, as decided; amounts in 分, days inclusive."""

    number = models.CharField(max_length=20, unique=True)
    holder = models.ForeignKey("parties.Party", on_delete=models.PROTECT, related_name="fee_allowances")
    authority = models.ForeignKey("parties.Party", on_delete=models.PROTECT, related_name="+")
    field = models.CharField(max_length=80)
    document = models.CharField(max_length=120)
    period_from = models.DateField()
    period_to = models.DateField()
    trial = models.BooleanField()
    cost_fen = models.BigIntegerField()
    profit_fen = models.BigIntegerField()
    tax_fen = models.BigIntegerField()
    deducted_fen = models.BigIntegerField(default=0)
    previous = models.OneToOneField("self", on_delete=models.PROTECT, null=True, related_name="following")
    person_id = models.BigIntegerField(null=True)
    decided_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(cost_fen__gte=0, profit_fen__gte=0, tax_fen__gte=0, deducted_fen__gte=0),
                name="allowance_parts_not_negative",
            ),
            models.CheckConstraint(condition=Q(period_to__gte=F("period_from")), name="allowance_period_forward"),
            models.UniqueConstraint(fields=["holder", "field", "period_from"], name="allowance_period_once"),
        ]

    @classmethod
    def scope(cls, actor: Any) -> Q:
        return Q()  # published by the rule itself

    @property
    def terms(self) -> Allowance:
        return Allowance(self.cost_fen, self.profit_fen, self.tax_fen, self.deducted_fen)

    def event_refs(self) -> list[tuple[str, str]]:
        return [("fee_allowance", self.number), ("party", self.holder.number)]


class FeeCap(ScopedModel):
    """上限收费标准 of one product within an allowance: a price plan that no price may exceed. The newest row counts."""

    allowance = models.ForeignKey(FeeAllowance, on_delete=models.PROTECT, related_name="caps")
    product = models.ForeignKey("market.DataProduct", on_delete=models.PROTECT, related_name="fee_caps")
    plan = models.JSONField()
    remark = models.CharField(max_length=400, blank=True)
    person_id = models.BigIntegerField(null=True)
    set_at = models.DateTimeField()

    @classmethod
    def scope(cls, actor: Any) -> Q:
        return Q()  # tariffs are published

    def read_plan(self) -> PricePlan:
        return PricePlan.from_json(self.plan)


class FeeReport(ScopedModel):
    """The operator's yearly report under an allowance; `billed_fen` is what the platform billed, `surplus_fen` goes on."""

    allowance = models.OneToOneField(FeeAllowance, on_delete=models.PROTECT, related_name="report")
    revenue_fen = models.BigIntegerField()
    cost_fen = models.BigIntegerField()
    billed_fen = models.BigIntegerField()
    surplus_fen = models.BigIntegerField()
    remark = models.CharField(max_length=400)
    person_id = models.BigIntegerField(null=True)
    reported_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(revenue_fen__gte=0, cost_fen__gte=0, surplus_fen__gte=0), name="fee_report_not_negative"
            )
        ]

    @classmethod
    def scope(cls, actor: Any) -> Q:
        return Q()  # reports are published


class ContributionSplit(ScopedModel):
    """Providers of a fused product and what each contributes. The newest is what a new contract freezes.

    `players`: [[party number, name]]; `values`: fractions as text, of `worth`; `shares`: whole millionths that sum to one.
    """

    product = models.ForeignKey("market.DataProduct", on_delete=models.PROTECT, related_name="splits")
    method = models.CharField(max_length=10)
    players = models.JSONField()
    basis = models.JSONField()
    values = models.JSONField()
    shares = models.JSONField()
    worth = models.BigIntegerField()
    error = models.CharField(max_length=40)
    samples = models.PositiveIntegerField()
    seed = models.BigIntegerField()
    remark = models.CharField(max_length=400)
    person_id = models.BigIntegerField(null=True)
    made_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(method__in=["exact", "sampled", "metered"]), name="split_method_known")
        ]

    @classmethod
    def scope(cls, actor: Any) -> Q:
        return Q(product__supplier_id=actor.party_id or 0)
