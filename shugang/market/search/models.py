"""The catalogue as it is read: one row for each product that is or was listed, derived from the product in its verb."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q

from shugang.kernel.scope import ScopedModel


class CatalogueEntry(models.Model):
    """`facets` are `facet:value` names, `card` what the list shows: both public, both rebuilt from the product.

    `revision` orders the changes; NULL until the change that wrote it is committed and numbered (`shelf`). `listed`, `fresh` in
    seconds since 1970, `score` in tenths: what lists are ordered by. `document` is the text index's id.
    """

    product = models.OneToOneField("market.DataProduct", on_delete=models.CASCADE, related_name="entry")
    document = models.BigIntegerField()
    on_shelf = models.BooleanField()
    revision = models.BigIntegerField(null=True, db_index=True)
    facets = models.TextField()
    card = models.JSONField()
    listed = models.BigIntegerField()
    fresh = models.BigIntegerField()
    rows = models.BigIntegerField(default=0)
    score = models.IntegerField(default=-1)


class ShelfState(models.Model):
    """How far the entries are numbered: one row. `epoch` changes when a database begins anew."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    revision = models.BigIntegerField(default=0)
    epoch = models.CharField(max_length=32)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(id=1), name="one_shelf_state")]


class SavedSearch(ScopedModel):
    """A search that a person keeps: words, facets and order as a query string. New is what was listed after `seen_at`."""

    person = models.ForeignKey("parties.Person", on_delete=models.CASCADE, related_name="saved_searches")
    name = models.CharField(max_length=60)
    query = models.CharField(max_length=600)
    created_at = models.DateTimeField()
    seen_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["person", "name"], name="saved_search_named_once")]

    @classmethod
    def scope(cls, actor: Any) -> Q:
        return Q(person_id=actor.person_id or 0)
