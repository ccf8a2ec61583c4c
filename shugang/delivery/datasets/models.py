"""`Dataset → DatasetVersion → Column`: assets, products and grants refer to it; nobody keeps a list of his own."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q

from shugang.kernel.scope import ScopedModel
from shugang.policy.columns import Column as PolicyColumn


class Dataset(ScopedModel):
    """A supplier's data, stored in the vault (可托) or left at his site (可连)."""

    class Hosting(models.TextChoices):
        HOSTED = "hosted"
        CONNECTED = "connected"

    number = models.CharField(max_length=20, unique=True)
    party = models.ForeignKey("parties.Party", on_delete=models.PROTECT, related_name="datasets")
    name = models.CharField(max_length=120)
    name_en = models.CharField(max_length=160, blank=True)
    description = models.TextField(blank=True)
    origin = models.CharField(max_length=400, blank=True)
    licence = models.CharField(max_length=200, blank=True)
    hosting = models.CharField(max_length=10, choices=Hosting.choices, default=Hosting.HOSTED)
    created_at = models.DateTimeField()

    @classmethod
    def scope(cls, actor: Any) -> Q:
        return Q(party_id=actor.party_id or 0)

    @property
    def latest(self) -> DatasetVersion | None:
        return self.versions.order_by("-version").first()

    def __str__(self) -> str:
        return f"{self.number} {self.name}"


class DatasetVersion(ScopedModel):
    """One state of the data, never changed. `path` is relative to the vault; empty for connected data.

    `key_columns`: names of columns that tell every row apart, held when the version was made; [] where none were
    declared. `appends`: the first rows are those of the version before, in their order.
    """

    dataset = models.ForeignKey(Dataset, on_delete=models.PROTECT, related_name="versions")
    version = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64, blank=True)
    rows = models.BigIntegerField(null=True)
    bytes = models.BigIntegerField(null=True)
    path = models.CharField(max_length=200, blank=True)
    source_name = models.CharField(max_length=200, blank=True)
    source_sha256 = models.CharField(max_length=64, blank=True)
    schema_digest = models.CharField(max_length=64)
    key_columns = models.JSONField(default=list)
    appends = models.BooleanField(default=False)
    created_at = models.DateTimeField()
    created_by = models.BigIntegerField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["dataset", "version"], name="dataset_version_once")]

    @classmethod
    def scope(cls, actor: Any) -> Q:
        return Q(dataset__party_id=actor.party_id or 0)

    def policy_columns(self) -> list[PolicyColumn]:
        """The columns as terms of use speak of them, in order."""
        return [PolicyColumn(c.name, c.type, c.comment) for c in self.columns.order_by("position")]

    def __str__(self) -> str:
        return f"{self.dataset.number} v{self.version}"


class Column(ScopedModel):
    """`type` as DuckDB names it; `personal` is the supplier's statement that it holds personal information."""

    version = models.ForeignKey(DatasetVersion, on_delete=models.PROTECT, related_name="columns")
    position = models.PositiveIntegerField()
    name = models.CharField(max_length=128)
    type = models.CharField(max_length=40)
    comment = models.CharField(max_length=200, blank=True)
    personal = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["version", "position"], name="column_position_once"),
            models.UniqueConstraint(fields=["version", "name"], name="column_name_once"),
        ]

    @classmethod
    def scope(cls, actor: Any) -> Q:
        return Q(version__dataset__party_id=actor.party_id or 0)
