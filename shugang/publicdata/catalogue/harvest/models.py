"""Tables: what a harvest came to, and which entry came from where."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q

from shugang.kernel.scope import ScopedModel


class Harvest(ScopedModel):
    """One reading of another catalogue. `report`: entries with mistakes [{line, name, wrong {field: [zh, en]}}]; `filings`: numbers
    of what it drafted, only where nothing was wrong."""

    department = models.ForeignKey("parties.Party", on_delete=models.PROTECT, related_name="+")
    person = models.ForeignKey("parties.Person", on_delete=models.PROTECT, null=True, related_name="+")
    url = models.CharField(max_length=300)
    sha256 = models.CharField(max_length=64)
    entries = models.PositiveIntegerField()
    new = models.PositiveIntegerField(default=0)
    changed = models.PositiveIntegerField(default=0)
    same = models.PositiveIntegerField(default=0)
    mistaken = models.PositiveIntegerField(default=0)
    report = models.JSONField(default=list)
    filings = models.JSONField(default=list)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(mistaken=0) | Q(mistaken__gt=0, new=0, changed=0), name="harvest_lands_whole_or_not"
            )
        ]

    @classmethod
    def scope(cls, actor: Any) -> Q:
        return Q(department_id=actor.party_id or 0)


class HarvestedEntry(ScopedModel):
    """`digest`: of what was last read of it, so that what has not changed is left alone."""

    department = models.ForeignKey("parties.Party", on_delete=models.PROTECT, related_name="+")
    url = models.CharField(max_length=300)
    identifier = models.CharField(max_length=200)
    resource = models.OneToOneField("publicdata.PublicResource", on_delete=models.PROTECT, related_name="harvested")
    digest = models.CharField(max_length=64)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["department", "url", "identifier"], name="harvested_once_a_department")
        ]

    @classmethod
    def scope(cls, actor: Any) -> Q:
        return Q(department_id=actor.party_id or 0)
