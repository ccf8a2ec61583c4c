"""Bills, their lines, and the cumulative rating that each rests on. Amounts are 分, prices 1e-8 元, tax included."""

from __future__ import annotations

from typing import Any, NoReturn

from django.db import models
from django.db.models import Q

from shugang.kernel.scope import ScopedModel

from ..charges.models import ChargeAgreement
from ..gates import is_operator_finance


class Immutable(RuntimeError):
    """An issued bill's content was about to change; it is corrected by a credit note only."""


class Bill(ScopedModel):
    """`kind` statement has nothing to pay (0 分); credit_note (红字) negates the bill in `corrects`."""

    class Kind(models.TextChoices):
        BILL = "bill"
        STATEMENT = "statement"
        CREDIT_NOTE = "credit_note"

    number = models.CharField(max_length=40, unique=True, null=True)
    kind = models.CharField(max_length=12, choices=Kind.choices)
    state = models.CharField(max_length=10, db_index=True)
    revision = models.PositiveIntegerField(default=1)
    agreement = models.ForeignKey(ChargeAgreement, on_delete=models.PROTECT, related_name="bills")
    buyer = models.ForeignKey("parties.Party", on_delete=models.PROTECT, related_name="+")
    supplier = models.ForeignKey("parties.Party", on_delete=models.PROTECT, related_name="+")
    period_from = models.DateField()
    period_to = models.DateField()
    total_fen = models.BigIntegerField()
    tax_fen = models.BigIntegerField()
    drafted_at = models.DateTimeField()
    issued_at = models.DateTimeField(null=True)
    due_on = models.DateField(null=True)
    confirmed_at = models.DateTimeField(null=True)
    paid_at = models.DateTimeField(null=True)
    settled_at = models.DateTimeField(null=True)
    voided_at = models.DateTimeField(null=True)
    corrects = models.OneToOneField("self", on_delete=models.PROTECT, null=True, related_name="credit_note")
    dispute = models.TextField(default="")
    answer = models.TextField(default="")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(state="draft", number__isnull=True) | (~Q(state="draft") & Q(number__isnull=False)),
                name="bill_numbered_when_issued",
            ),
            models.CheckConstraint(
                condition=Q(kind="bill", total_fen__gt=0)
                | Q(kind="statement", total_fen=0)
                | Q(kind="credit_note", total_fen__lte=0, corrects__isnull=False),
                name="bill_sign_fits_kind",
            ),
            models.UniqueConstraint(fields=["agreement"], condition=Q(state="draft"), name="one_draft_an_agreement"),
        ]

    @classmethod
    def scope(cls, actor: Any) -> Q:
        """The operator's finance sees all; buyer and supplier theirs, once issued."""
        if is_operator_finance(actor):
            return Q()
        party = actor.party_id or 0
        return Q(number__isnull=False) & (Q(buyer_id=party) | Q(supplier_id=party))

    def event_refs(self) -> list[tuple[str, str]]:
        own = [("bill", self.number)] if self.number else []
        return own + self.agreement.event_refs()


class BillLine(ScopedModel):
    """One amount and how to find the uses behind it: `grant`, `outcomes`, `usage_from` ≤ time < `usage_to`.

    `late` marks a difference (补计/冲减) for use that arrived after the period was billed; its period is the
    original one.
    """

    bill = models.ForeignKey(Bill, on_delete=models.CASCADE, related_name="lines")
    position = models.PositiveIntegerField()
    period_from = models.DateField()
    period_to = models.DateField()
    charge_reason = models.CharField(max_length=20)
    tier = models.PositiveIntegerField(null=True)
    late = models.BooleanField(default=False)
    unit = models.CharField(max_length=10)
    quantity = models.BigIntegerField()
    unit_price_e8 = models.BigIntegerField()
    unit_size = models.BigIntegerField()
    amount_fen = models.BigIntegerField()
    tax_fen = models.BigIntegerField()
    grant = models.CharField(max_length=40)
    outcomes = models.JSONField(default=list)
    usage_from = models.DateTimeField()
    usage_to = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["bill", "position"], name="bill_line_position_once")]

    @classmethod
    def scope(cls, actor: Any) -> Q:
        return Q(bill__in=Bill.objects.visible_to(actor))

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self.pk is not None:
            raise Immutable("a bill's line is not edited")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise Immutable("a bill's line is not deleted")


class BillPeriod(ScopedModel):
    """What a bill rests on for one service period: the whole period's quantities, rated, less what was billed.

    `cut_at` is the rule time up to which use was counted, `folded_until` the real time by which it had arrived;
    `rated_fen` the whole period's price at the cut; `prior_fen` what the `prior` bills held of it. The bill's
    lines of the period sum to rated_fen - prior_fen.
    """

    bill = models.ForeignKey(Bill, on_delete=models.CASCADE, related_name="periods")
    period_from = models.DateField()
    period_to = models.DateField()
    cut_at = models.DateTimeField()
    folded_until = models.DateTimeField()
    prior = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="+")
    quantities = models.JSONField()
    rated_fen = models.BigIntegerField()
    prior_fen = models.BigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["bill", "period_from"], name="bill_period_once")]

    @classmethod
    def scope(cls, actor: Any) -> Q:
        return Q(bill__in=Bill.objects.visible_to(actor))
