"""Sheets of products that a supplier sent: what was read, what is wrong, what came of each row."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q

from shugang.kernel.scope import ScopedModel


class ProductSheet(ScopedModel):
    """One sheet. `rows`: [{line, values, wrong {column: [zh, en]}, result, product}]; run once, the drafts are in their own rows."""

    supplier = models.ForeignKey("parties.Party", on_delete=models.PROTECT, related_name="+")
    person = models.ForeignKey("parties.Person", on_delete=models.PROTECT, related_name="+")
    file_name = models.CharField(max_length=120)
    rows = models.JSONField()
    created_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True)

    @classmethod
    def scope(cls, actor: Any) -> Q:
        return Q(supplier_id=actor.party_id or 0)


class OwnCode(ScopedModel):
    """The supplier's own code of a product that came by a sheet: the same code never makes a second product."""

    supplier = models.ForeignKey("parties.Party", on_delete=models.PROTECT, related_name="+")
    code = models.CharField(max_length=60)
    product = models.OneToOneField("market.DataProduct", on_delete=models.PROTECT, related_name="own_code")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["supplier", "code"], name="own_code_once")]

    @classmethod
    def scope(cls, actor: Any) -> Q:
        return Q(supplier_id=actor.party_id or 0)
