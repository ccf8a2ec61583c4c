"""Whether anybody has something to tell of a product, asked in the very query that reads it: a page of a product of which
nobody tells anything asks the database no more for it."""

from __future__ import annotations

from collections.abc import Callable

from django.db.models import Exists, QuerySet

from .models import DataProduct

Rows = Callable[[], QuerySet]  # what is told of, with OuterRef("pk") for the product and OuterRef(field) for its fields
_asked: dict[str, Rows] = {}


def ask(name: str, rows: Rows) -> None:
    """In `AppConfig.ready`; `name`: an identifier, `rows`: is there any?"""
    _asked[f"tells_{name}"] = rows


def flagged(products: QuerySet[DataProduct]) -> QuerySet[DataProduct]:
    return products.annotate(**{name: Exists(rows()) for name, rows in _asked.items()})


def may_have(product: DataProduct, name: str) -> bool:
    """False only where the query said so."""
    return bool(getattr(product, f"tells_{name}", True))
