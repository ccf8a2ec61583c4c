"""Which statements post a batch: SQLite's or PostgreSQL's. Neither makes an ORM object, and neither grows with the batch.

Statements go to the driver's own cursor: Django's would spend as long on translating them as SQLite on running them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections

from .postgres import PostgreSQL
from .sqlite import SQLite

Dialect = SQLite | PostgreSQL
_DIALECTS: dict[str, Dialect] = {"sqlite": SQLite(), "postgresql": PostgreSQL()}


@contextmanager
def opened() -> Iterator[tuple[Dialect, Any]]:
    """The statements and the driver's cursor, in the caller's transaction or one of their own; errors are Django's."""
    database = connections[DEFAULT_DB_ALIAS]
    database.validate_no_broken_transaction()
    dialect = _DIALECTS[database.vendor]
    with dialect.opened(database) as cursor:
        yield dialect, cursor
