"""Accounts and their entries. Amounts are bigint 分, signed: plus is owed to the account's holder.

The custodian's account (`custody:bank`) is therefore negative: all accounts together are always 0.
"""

from __future__ import annotations

from typing import Any, ClassVar, NoReturn

from django.db import models
from django.db.models import F, Q

from shugang.kernel.scope import ScopedModel, ScopedQuerySet

from ..gates import is_operator_finance


class AppendOnly(RuntimeError):
    """Someone tried to edit or delete what is posted. Corrections are new transfers."""


class AppendOnlyQuerySet(ScopedQuerySet):
    def update(self, **kwargs: Any) -> NoReturn:
        raise AppendOnly("posted rows are not edited")

    def delete(self) -> NoReturn:
        raise AppendOnly("posted rows are not deleted")


class Posted(ScopedModel):
    """A row that is written once; migration 0002 holds the same in the database."""

    objects: ClassVar[Any] = AppendOnlyQuerySet.as_manager()

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self.pk is not None:
            raise AppendOnly("posted rows are not edited")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise AppendOnly("posted rows are not deleted")


class Account(ScopedModel):
    """One balance, e.g. `order:HT-2026-000001:escrow`. `version` counts its entries; `floor` null has no bound."""

    class Kind(models.TextChoices):
        CUSTODY = "custody"
        ESCROW = "escrow"
        PAYABLE = "payable"
        REFUND = "refund"
        DEPOSIT = "deposit"
        RESERVE = "reserve"
        RECEIVABLE = "receivable"
        CLAIM = "claim"
        PREPAID = "prepaid"
        COMMISSION = "commission"
        VAT = "vat"
        SUSPENSE = "suspense"

    code = models.CharField(max_length=80, unique=True)
    kind = models.CharField(max_length=12, choices=Kind.choices)
    party = models.ForeignKey("parties.Party", on_delete=models.PROTECT, null=True, related_name="+")
    balance = models.BigIntegerField(default=0)
    version = models.PositiveBigIntegerField(default=0)
    floor = models.BigIntegerField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(floor__isnull=True) | Q(balance__gte=F("floor")), name="balance_not_below_floor"
            )
        ]

    @classmethod
    def scope(cls, actor: Any) -> Q:
        return Q() if is_operator_finance(actor) else Q(party_id=actor.party_id or 0)


class Transfer(Posted):
    """One posting. `resolves` names the hold that it ends, `reverses` what it undoes: each at most once."""

    key = models.CharField(max_length=120, unique=True)
    payload_hash = models.CharField(max_length=64)
    kind = models.CharField(max_length=20)
    refs = models.JSONField(default=list)
    effective_at = models.DateTimeField()
    created_at = models.DateTimeField()
    reverses = models.OneToOneField("self", on_delete=models.PROTECT, null=True, related_name="reversed_by")
    resolves = models.OneToOneField("self", on_delete=models.PROTECT, null=True, related_name="resolved_by")

    @classmethod
    def scope(cls, actor: Any) -> Q:
        if is_operator_finance(actor):
            return Q()
        return Q(id__in=Entry.objects.filter(account__party_id=actor.party_id or 0).values("transfer_id"))


class Entry(Posted):
    """One account's side of a transfer; `balance_after` and `version` give its history without a replay."""

    # Without indexes of their own: the two constraints below begin with them, and each index costs every posting.
    transfer = models.ForeignKey(Transfer, on_delete=models.PROTECT, related_name="entries", db_index=False)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="entries", db_index=False)
    amount = models.BigIntegerField()
    balance_after = models.BigIntegerField()
    version = models.PositiveBigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["account", "version"], name="entry_version_once"),
            models.UniqueConstraint(fields=["transfer", "account"], name="entry_once_a_transfer"),
            models.CheckConstraint(condition=~Q(amount=0), name="entry_amount_not_zero"),
        ]

    @classmethod
    def scope(cls, actor: Any) -> Q:
        return Q() if is_operator_finance(actor) else Q(account__party_id=actor.party_id or 0)
