"""Migrating leaves the tables that the tests work on, which are made straight from the models."""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from . import migrated


def _words(sql: str | None) -> str:
    return re.sub(r"\s+", " ", sql or "").strip()


def schema(database: Any) -> set[str]:
    """Every column, constraint, reference, index, trigger and virtual table, each as one line."""
    found = set()
    cursor = database.cursor()
    kept = "SELECT type, name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_%' AND name <> 'django_migrations'"
    for kind, name, sql in cursor.execute(kept).fetchall():
        text = _words(sql)
        if not (kind == "table" and text.startswith("CREATE TABLE")):
            found.add(f"{kind} {name} {text}")
            continue
        columns = cursor.execute(f'PRAGMA table_info("{name}")').fetchall()
        references = cursor.execute(f'PRAGMA foreign_key_list("{name}")').fetchall()
        constraints = re.findall(r'CONSTRAINT "[^"]+" (?:CHECK|UNIQUE).*?(?=, CONSTRAINT|\)$)', text)
        found |= {f"column {name} {tuple(c[1:])}" for c in columns}
        found |= {f"reference {name} {tuple(r[2:5])}" for r in references}
        found |= {f"constraint {name} {c}" for c in constraints}
    return found


@pytest.mark.django_db
def test_migrating_and_the_models_make_the_same_tables(tmp_path: Path) -> None:
    if connection.vendor != "sqlite":
        pytest.skip("the text of the schema is read from SQLite")
    path = tmp_path / "migrated.sqlite3"
    migrated.migrate(path)
    with connection.cursor() as cursor:
        made = schema(cursor.connection)
    assert len(made) > 500
    assert sorted(made ^ schema(sqlite3.connect(path))) == []
    migrated.keep(path)  # spares the long walks their own
