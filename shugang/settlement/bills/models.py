"""Bills, their lines, and the cumulative rating that each rests on. Amounts are 分, prices 1e-8 元, tax included."""

from __future__ import annotations

from typing import Any, NoReturn

from django.db import models
from django.db.models import F, Q

from shugang.kernel.scope import ScopedModel

from ..charges.models import ChargeAgreement
from ..gates import is_operator_finance
from ..ledger.models import Transfer


class Immutable(RuntimeError):
    """An issued bill's content was about to change; it is corrected by a credit note only."""


class Bill(ScopedModel):
    """`kind` statement has nothing to pay (0 分); credit_note (红字) negates the bill in `corrects`.

    A `partial` credit note takes a part off: the bill stands, its use stays billed, and `credited_fen` sums such notes.
    `held` is the ledger's hold of what was paid; `reserved_until` ends the dispute window of a split bill.
    """

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
    corrects = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="credit_notes")
    partial = models.BooleanField(default=False)
    credited_fen = models.BigIntegerField(default=0)
    held = models.ForeignKey(Transfer, on_delete=models.PROTECT, null=True, related_name="+")
    reserved_until = models.DateTimeField(null=True, db_index=True)
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
            models.UniqueConstraint(
                fields=["corrects"], condition=Q(partial=False, corrects__isnull=False), name="bill_voided_once"
            ),
            models.CheckConstraint(
                condition=Q(credited_fen=0) | Q(kind="bill", credited_fen__gt=0, credited_fen__lte=F("total_fen")),
                name="bill_credited_at_most_whole",
            ),
        ]

    @classmethod
    def scope(cls, actor: Any) -> Q:
        """The operator's finance sees all; buyer and supplier theirs, once issued."""
        if is_operator_finance(actor):
            return Q()
        party = actor.party_id or 0
        return Q(number__isnull=False) & (Q(buyer_id=party) | Q(supplier_id=party))

    @property
    def due_fen(self) -> int:
        """What is left of it after partial credit notes."""
        return self.total_fen - self.credited_fen

    @property
    def credit_note(self) -> Bill | None:
        """The note that voided it whole."""
        found: Bill | None = self.credit_notes.filter(partial=False).first()
        return found

    def event_refs(self) -> list[tuple[str, str]]:
        own = [("bill", self.number)] if self.number else []
        return own + self.agreement.event_refs()


class BillLine(ScopedModel):
    """One amount and how to find the uses behind it: `grant`, `outcomes`, `usage_from` ≤ time < `usage_to`.

    `late` marks a difference (补计/冲减) for use that arrived after the period was billed; its period is the
    original one. `vat_bp` is the rate in force at its service period; null, the agreement's (before rates by line).
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
    vat_bp = models.PositiveIntegerField(null=True)
    grant = models.CharField(max_length=40)
    outcomes = models.JSONField(default=list)
    usage_from = models.DateTimeField()
    usage_to = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["bill", "position"], name="bill_line_position_once")]

    @classmethod
    def scope(cls, actor: Any) -> Q:
        return Q(bill__in=Bill.objects.visible_to(actor))

    @property
    def rate_bp(self) -> int:
        return int(self.bill.agreement.vat_bp if self.vat_bp is None else self.vat_bp)

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
