"""A reconciliation that was run: its day, its result, never edited."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q

from shugang.kernel.scope import ScopedModel

from ..gates import is_operator_finance


class ReconciliationRun(ScopedModel):
    """`difference_fen` sums the absolute differences of all checks; `report` is `Report.to_json()`."""

    number = models.CharField(max_length=40, unique=True)
    day = models.DateField(db_index=True)
    run_at = models.DateTimeField()
    difference_fen = models.BigIntegerField()
    report = models.JSONField()

    @classmethod
    def scope(cls, actor: Any) -> Q:
        return Q() if is_operator_finance(actor) else Q(pk__in=[])
