"""The query that a supplier offers over his own source, whose address and secrets stay in his plane's settings."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q

from shugang.kernel.scope import ScopedModel


class ConnectedSource(ScopedModel):
    """Where and how one connected version is read: a plane, a connector named there, and by delivery mode one SELECT
    with :params (`query`), or what `policy.sources` says of an interface (`proxy`) or of topics (`stream`) in `spec`."""

    version = models.OneToOneField("delivery.DatasetVersion", on_delete=models.PROTECT, related_name="connected")
    plane = models.ForeignKey("delivery.Plane", on_delete=models.PROTECT, related_name="sources")
    connector = models.CharField(max_length=60)
    mode = models.CharField(max_length=10, default="query")
    dialect = models.CharField(max_length=10)
    template = models.TextField()
    params = models.JSONField(default=list)
    spec = models.JSONField(default=dict)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(mode__in=("query", "proxy", "stream")), name="connected_mode_known"),
        ]

    @classmethod
    def scope(cls, actor: Any) -> Q:
        return Q(version__dataset__party_id=actor.party_id or 0)
