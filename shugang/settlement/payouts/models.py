"""What passed between the platform and the custodian (存管银行): reports read, their lines, instructions sent."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import F, Q

from shugang.kernel.scope import ScopedModel

from ..bills.models import Bill
from ..gates import is_operator_finance
from ..ledger.models import Account, Transfer


class BankFile(ScopedModel):
    """One signed report of the custodian, read once; `closing_fen` is the balance that the bank states."""

    name = models.CharField(max_length=120, unique=True)
    seq = models.PositiveBigIntegerField(unique=True)
    sha256 = models.CharField(max_length=64)
    closing_fen = models.BigIntegerField()
    stated_at = models.DateTimeField()
    read_at = models.DateTimeField()

    @classmethod
    def scope(cls, actor: Any) -> Q:
        return Q() if is_operator_finance(actor) else Q(pk__in=[])


class PayoutInstruction(ScopedModel):
    """An order to the custodian to pay `amount_fen` out of `account`; each attempt is one file.

    `cause` is the number of what asked for it: a deposit or a credit note; empty for a bill's split.
    """

    class Purpose(models.TextChoices):
        SUPPLIER = "supplier"
        CONTRIBUTOR = "contributor"
        BROKER = "broker"
        COMMISSION = "commission"
        VAT = "vat"
        REFUND = "refund"
        RETURN = "return"
        DEPOSIT = "deposit"
        FORFEIT = "forfeit"
        PREPAID = "prepaid"

    class State(models.TextChoices):
        INSTRUCTED = "instructed"
        DONE = "done"
        FAILED = "failed"

    number = models.CharField(max_length=40, unique=True)
    bill = models.ForeignKey(Bill, on_delete=models.PROTECT, null=True, related_name="instructions")
    purpose = models.CharField(max_length=12, choices=Purpose.choices)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+")
    payee = models.ForeignKey("parties.Party", on_delete=models.PROTECT, null=True, related_name="+")
    payee_name = models.CharField(max_length=200)
    amount_fen = models.BigIntegerField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.INSTRUCTED)
    attempt = models.PositiveIntegerField(default=1)
    reason = models.CharField(max_length=400, default="")
    created_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True)
    cause = models.CharField(max_length=40, default="", db_index=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount_fen__gt=0), name="instruction_amount_positive"),
            models.UniqueConstraint(
                fields=["bill", "purpose"],
                condition=Q(bill__isnull=False, cause="") & ~Q(purpose="contributor"),
                name="one_instruction_a_purpose",
            ),
            models.UniqueConstraint(
                fields=["bill", "payee"], condition=Q(purpose="contributor"), name="one_instruction_a_contributor"
            ),
            models.UniqueConstraint(
                fields=["cause", "purpose"], condition=~Q(cause=""), name="one_instruction_a_cause_and_purpose"
            ),
        ]

    @classmethod
    def scope(cls, actor: Any) -> Q:
        return Q() if is_operator_finance(actor) else Q(payee_id=actor.party_id or 0)


class BrokerLine(ScopedModel):
    """A broker's fee out of one bill's split, or (negative) what one credit note took back; `tax_fen` at `vat_bp` is in it."""

    bill = models.OneToOneField(Bill, on_delete=models.PROTECT, related_name="broker_line")
    broker = models.ForeignKey("parties.Party", on_delete=models.PROTECT, related_name="+")
    gross_fen = models.BigIntegerField()
    tax_fen = models.BigIntegerField()
    vat_bp = models.PositiveIntegerField()
    at = models.DateTimeField()

    class Meta:
        constraints = [models.CheckConstraint(condition=~Q(gross_fen=0), name="broker_line_of_something")]

    @classmethod
    def scope(cls, actor: Any) -> Q:
        party = actor.party_id or 0
        return Q() if is_operator_finance(actor) else Q(broker_id=party) | Q(bill__supplier_id=party)

    @property
    def net_fen(self) -> int:
        return self.gross_fen - self.tax_fen


class Receivable(ScopedModel):
    """What `party` got of a settled bill and has to give back by credit note `note`: its part that stood in `account`.

    It is made good out of the party's next pay-outs alone; `recovered_fen` sums those, and the payer gets each at once.
    """

    number = models.CharField(max_length=40, unique=True)
    party = models.ForeignKey("parties.Party", on_delete=models.PROTECT, related_name="+")
    bill = models.ForeignKey(Bill, on_delete=models.PROTECT, related_name="receivables")
    note = models.ForeignKey(Bill, on_delete=models.PROTECT, related_name="+")
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+")
    amount_fen = models.BigIntegerField()
    recovered_fen = models.BigIntegerField(default=0)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(amount_fen__gt=0, recovered_fen__gte=0, recovered_fen__lte=F("amount_fen")),
                name="receivable_recovered_at_most_whole",
            ),
            models.UniqueConstraint(fields=["note", "account"], name="one_receivable_a_note_and_part"),
        ]

    @classmethod
    def scope(cls, actor: Any) -> Q:
        """Who owes it, the buyer who waits for it, platform finance."""
        party = actor.party_id or 0
        return Q() if is_operator_finance(actor) else Q(party_id=party) | Q(bill__buyer_id=party)

    @property
    def open_fen(self) -> int:
        return self.amount_fen - self.recovered_fen


class Recovery(ScopedModel):
    """One pay-out's part that made a receivable good: taken from what `source` (a later bill) gave its party."""

    receivable = models.ForeignKey(Receivable, on_delete=models.PROTECT, related_name="recoveries")
    source = models.ForeignKey(Bill, on_delete=models.PROTECT, related_name="recoveries")
    amount_fen = models.BigIntegerField()
    instruction = models.OneToOneField(PayoutInstruction, on_delete=models.PROTECT, related_name="recovery")
    at = models.DateTimeField()

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(amount_fen__gt=0), name="recovery_of_something")]

    @classmethod
    def scope(cls, actor: Any) -> Q:
        return Q(receivable__in=Receivable.objects.visible_to(actor))


class BankLine(ScopedModel):
    """One movement on the custodian's statement and what it was matched with; `party` whose money it is, with no bill.

    `owner_id` is the person who clears a receipt in suspense; `reminded_at`, when he was told that it is old.
    """

    class State(models.TextChoices):
        MATCHED = "matched"
        SUSPENSE = "suspense"
        RETURNED = "returned"
        UNEXPLAINED = "unexplained"

    file = models.ForeignKey(BankFile, on_delete=models.PROTECT, related_name="lines")
    bank_ref = models.CharField(max_length=60, unique=True)
    direction = models.CharField(max_length=3, choices=[("in", "in"), ("out", "out")])
    amount_fen = models.BigIntegerField()
    reference = models.CharField(max_length=60)
    counterparty = models.CharField(max_length=200)
    at = models.DateTimeField()
    state = models.CharField(max_length=12, choices=State.choices)
    note_zh = models.CharField(max_length=200, default="")
    note_en = models.CharField(max_length=300, default="")
    bill = models.ForeignKey(Bill, on_delete=models.PROTECT, null=True, related_name="bank_lines")
    instruction = models.ForeignKey(PayoutInstruction, on_delete=models.PROTECT, null=True, related_name="bank_lines")
    transfer = models.ForeignKey(Transfer, on_delete=models.PROTECT, null=True, related_name="bank_lines")
    party = models.ForeignKey("parties.Party", on_delete=models.PROTECT, null=True, related_name="+")
    owner_id = models.BigIntegerField(null=True)
    reminded_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(amount_fen__gt=0), name="bank_amount_positive")]

    @classmethod
    def scope(cls, actor: Any) -> Q:
        if is_operator_finance(actor):
            return Q()
        party = actor.party_id or 0
        return Q(bill__buyer_id=party) | Q(instruction__payee_id=party) | Q(party_id=party)

    @property
    def signed_fen(self) -> int:
        return self.amount_fen if self.direction == "in" else -self.amount_fen
