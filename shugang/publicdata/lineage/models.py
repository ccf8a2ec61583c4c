"""Tables: lineage by column. A node is a table, an edge goes from a column of one to a column of another."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import F, Q

from shugang.kernel.scope import ScopedModel
from shugang.policy.lineage import SUBTYPES


class LineageNode(ScopedModel):
    """A table: a version of a data set here, the view of a grant, a table of the party's own systems, or the answer of a query
    of the party's own (its `name`: the fingerprint that the usage records have).

    `reader`: the grantee of a view. `namespace` and `name` as OpenLineage has them, for a table elsewhere; they are the
    words of the party that told of it, so two parties' tables of one name are two nodes.
    """

    class Kind(models.TextChoices):
        VERSION = "version"
        VIEW = "view"
        OUTSIDE = "outside"
        QUERY = "query"

    number = models.CharField(max_length=20, unique=True)
    kind = models.CharField(max_length=8, choices=Kind.choices)
    party = models.ForeignKey("parties.Party", on_delete=models.PROTECT, related_name="lineage_nodes")
    version = models.OneToOneField(
        "delivery.DatasetVersion", on_delete=models.PROTECT, null=True, related_name="lineage_node"
    )
    grant = models.OneToOneField("delivery.Grant", on_delete=models.PROTECT, null=True, related_name="lineage_node")
    reader = models.ForeignKey("parties.Party", on_delete=models.PROTECT, null=True, related_name="lineage_views")
    namespace = models.CharField(max_length=200)
    name = models.CharField(max_length=300)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["party", "namespace", "name"], name="lineage_node_once_a_party"),
            models.CheckConstraint(
                condition=Q(kind="version", version__isnull=False, grant__isnull=True)
                | Q(kind="view", version__isnull=True, grant__isnull=False, reader__isnull=False)
                | Q(kind__in=["outside", "query"], version__isnull=True, grant__isnull=True, reader__isnull=True),
                name="lineage_node_is_what_it_says",
            ),
        ]

    @classmethod
    def scope(cls, actor: Any) -> Q:
        """Its holder and, of a view, its reader; the data office what stands in the public catalogue."""
        party = actor.party_id or 0
        seen = Q(party_id=party) | Q(reader_id=party)
        if "data_office" in actor.roles:
            seen |= Q(version__dataset__public_resources__state__in=["published", "suspended"])
        return seen

    def __str__(self) -> str:
        return f"{self.number} {self.name}"


class LineageRun(ScopedModel):
    """What made data of data. `run`: the id of an OpenLineage run, told once; `sql`: the text that was read, the party's own."""

    class Kind(models.TextChoices):
        VIEW = "view"
        APPEND = "append"
        DECLARED = "declared"
        QUERY = "query"
        EVENT = "event"

    number = models.CharField(max_length=20, unique=True)
    kind = models.CharField(max_length=8, choices=Kind.choices)
    party = models.ForeignKey("parties.Party", on_delete=models.PROTECT, related_name="lineage_runs")
    job = models.CharField(max_length=500, blank=True)
    run = models.UUIDField(null=True)
    sql = models.TextField(blank=True)
    at = models.DateTimeField()
    recorded_by = models.BigIntegerField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["party", "run"], condition=Q(run__isnull=False), name="lineage_run_once_a_party"
            )
        ]

    @classmethod
    def scope(cls, actor: Any) -> Q:
        return Q(party_id=actor.party_id or 0)

    def __str__(self) -> str:
        return self.number


class LineageEdge(ScopedModel):
    """`source_column` of `source` reaches `target_column` of `target`. An empty column stands for the whole table.

    `first` and `last`: the runs that told of it; a job that runs daily has one edge, not one a day.
    """

    source = models.ForeignKey(LineageNode, on_delete=models.PROTECT, related_name="outgoing")
    source_column = models.CharField(max_length=200, blank=True)
    target = models.ForeignKey(LineageNode, on_delete=models.PROTECT, related_name="incoming")
    target_column = models.CharField(max_length=200, blank=True)
    subtype = models.CharField(max_length=14)
    masking = models.BooleanField(default=False)
    first = models.ForeignKey(LineageRun, on_delete=models.PROTECT, related_name="first_edges")
    last = models.ForeignKey(LineageRun, on_delete=models.PROTECT, related_name="last_edges")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["target", "target_column", "source", "source_column", "subtype", "masking"],
                name="lineage_edge_once",
            ),
            models.CheckConstraint(condition=~Q(source=F("target")), name="lineage_edge_between_two_tables"),
            models.CheckConstraint(condition=Q(subtype__in=[*SUBTYPES, ""]), name="lineage_subtype_known"),
        ]
        indexes = [models.Index(fields=["source", "source_column"], name="lineage_edge_by_source")]

    @classmethod
    def scope(cls, actor: Any) -> Q:
        nodes = LineageNode.objects.filter(LineageNode.scope(actor)).values("pk")
        return Q(source_id__in=nodes) & Q(target_id__in=nodes)


class LineageProgress(models.Model):
    """One row: the last usage record that was looked at (`asked.follow`)."""

    usage = models.BigIntegerField(default=0)
