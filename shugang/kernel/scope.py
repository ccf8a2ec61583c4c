"""The one gate through which every query of party data passes.

Pages, APIs and `queries.py` files read scoped tables only as `Model.objects.visible_to(actor)`;
`tests/test_scope_gate.py` reads the source to hold this.
"""

from __future__ import annotations

from typing import Any, Self

from django.db import models
from django.db.models import Q

from .actors import Actor, sees_every_record


class ScopedQuerySet(models.QuerySet[Any]):
    def visible_to(self, actor: Actor) -> Self:
        """Rows that the actor may see: his party's, or all for the regulator's supervisor."""
        if sees_every_record(actor):
            return self
        if actor.party_id is None:
            return self.none()
        return self.filter(self.model.scope(actor))


class ScopedModel(models.Model):
    """A table of party data; `scope` states who sees which rows."""

    objects = ScopedQuerySet.as_manager()

    class Meta:
        abstract = True

    @classmethod
    def scope(cls, actor: Any) -> Q:
        """Rows of the acting party. A subclass that forgets this shows nothing."""
        return Q(pk__in=[])
