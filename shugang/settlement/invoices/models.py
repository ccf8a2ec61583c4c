"""Requests for invoices and the invoices entered for them. The tax authority's platform issues; here stand the numbers."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import F, Q

from shugang.kernel.scope import ScopedModel

from ..bills.models import Bill
from ..gates import is_operator_finance


class Invoice(ScopedModel):
    """`subject` bill: supplier to buyer; commission: operator to supplier. Amounts in 分, tax included.

    `amount_fen` is to be invoiced now, less what was credited since; `papers_fen` what the entered invoices sum to.
    """

    class Subject(models.TextChoices):
        BILL = "bill"
        COMMISSION = "commission"

    class Kind(models.TextChoices):
        SPECIAL = "special"
        ORDINARY = "ordinary"

    number = models.CharField(max_length=40, unique=True)
    bill = models.ForeignKey(Bill, on_delete=models.PROTECT, related_name="invoices")
    subject = models.CharField(max_length=12, choices=Subject.choices)
    issuer = models.ForeignKey("parties.Party", on_delete=models.PROTECT, related_name="+")
    receiver = models.ForeignKey("parties.Party", on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    title = models.CharField(max_length=100)
    tax_number = models.CharField(max_length=18)
    email = models.CharField(max_length=200)
    amount_fen = models.BigIntegerField()
    tax_fen = models.BigIntegerField()
    papers_fen = models.BigIntegerField(default=0)
    state = models.CharField(max_length=10, default="requested", db_index=True)
    revision = models.PositiveIntegerField(default=1)
    reason = models.CharField(max_length=400, default="")
    requested_at = models.DateTimeField()
    issued_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["bill", "subject"],
                condition=Q(state__in=["requested", "issued", "red_due"]),
                name="one_invoice_a_bill_and_subject",
            ),
            models.CheckConstraint(condition=~Q(issuer=F("receiver")), name="invoice_between_two_parties"),
            models.CheckConstraint(
                condition=~Q(state="issued") | Q(papers_fen=F("amount_fen")), name="issued_invoices_sum_to_the_amount"
            ),
        ]

    @classmethod
    def scope(cls, actor: Any) -> Q:
        party = actor.party_id or 0
        return Q() if is_operator_finance(actor) else Q(issuer_id=party) | Q(receiver_id=party)

    def event_refs(self) -> list[tuple[str, str]]:
        return [("invoice", self.number), *self.bill.event_refs()]


class InvoicePaper(ScopedModel):
    """One invoice of the tax authority's platform: its number, date and amount; a red one (红字) has a negative amount."""

    invoice = models.ForeignKey(Invoice, on_delete=models.PROTECT, related_name="papers")
    number = models.CharField(max_length=20)
    dated = models.DateField()
    amount_fen = models.BigIntegerField()
    entered_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["number"], name="invoice_number_once"),
            models.CheckConstraint(condition=~Q(amount_fen=0), name="invoice_amount_not_zero"),
        ]

    @classmethod
    def scope(cls, actor: Any) -> Q:
        return Q(invoice__in=Invoice.objects.visible_to(actor))
