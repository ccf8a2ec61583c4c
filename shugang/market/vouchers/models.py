"""Trade vouchers (交易凭证): issued once for each settled bill."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q

from shugang.kernel.scope import ScopedModel


class TradeVoucher(ScopedModel):
    """`content` is public and holds no amount; the amount is committed to in it by `amount_salt` and `amount`."""

    number = models.CharField(max_length=20, unique=True)
    contract = models.ForeignKey("market.Contract", on_delete=models.PROTECT, related_name="vouchers")
    bill = models.CharField(max_length=40, unique=True)
    content = models.JSONField()
    digest = models.CharField(max_length=64)
    amount = models.JSONField()
    amount_salt = models.BinaryField(max_length=32)
    issued_at = models.DateTimeField()
    event = models.OneToOneField("kernel.Event", on_delete=models.PROTECT, related_name="voucher", null=True)

    @classmethod
    def scope(cls, actor: Any) -> Q:
        party = actor.party_id or 0
        return Q(contract__buyer_id=party) | Q(contract__supplier_id=party)
