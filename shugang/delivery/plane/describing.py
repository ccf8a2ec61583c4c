"""What tables and columns a source of this plane has: its own catalogue, read where its account is kept, and no row of data."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import sqlglot
from sqlglot import exp

from shugang.delivery.plane.config import ConfigError, PlaneConfig
from shugang.delivery.plane.connectors import Connector, SourceFailed, open_connectors

FORMAT = "shugang-source-schema/1"
MOST, SECONDS = 100_000, 60.0
# table, its comment, column, type, length, nullable, comment; in order.
_QUESTIONS = {
    "postgres": """
SELECT c.table_name, obj_description(t.oid, 'pg_class'), c.column_name, c.data_type, c.character_maximum_length,
       c.is_nullable = 'YES', col_description(t.oid, c.ordinal_position)
FROM information_schema.columns c
JOIN pg_namespace n ON n.nspname = c.table_schema
JOIN pg_class t ON t.relnamespace = n.oid AND t.relname = c.table_name
WHERE c.table_schema = ANY (current_schemas(false))
ORDER BY c.table_name, c.ordinal_position""",
    "mysql": """
SELECT c.table_name, t.table_comment, c.column_name, c.data_type, c.character_maximum_length, c.is_nullable = 'YES', c.column_comment
FROM information_schema.columns c
JOIN information_schema.tables t ON t.table_schema = c.table_schema AND t.table_name = c.table_name
WHERE c.table_schema = database() ORDER BY c.table_name, c.ordinal_position""",
    "sqlite": "SELECT name, sql FROM sqlite_master WHERE type = 'table' AND name NOT GLOB 'sqlite_*' ORDER BY name",
}


def describe(config: PlaneConfig, name: str) -> dict[str, Any]:
    """The description of one connector of the settings. Raises ConfigError, SourceFailed."""
    known = open_connectors(config)
    if name not in known:
        raise ConfigError(f"no connector {name}; the settings name: {', '.join(sorted(known)) or 'none'}")
    return {"format": FORMAT, "connector": name, "tables": tables(known[name])}


def tables(connector: Connector) -> list[dict[str, Any]]:
    question = _QUESTIONS.get(connector.dialect)
    if question is None:
        raise ConfigError("only databases are described; of files, upload the file as a data set")
    _, rows = connector.fetch(question, {}, MOST, SECONDS)
    if connector.dialect == "sqlite":
        return [_parsed(name, sql) for name, sql in rows]
    return _grouped(rows)


def _grouped(rows: Iterable[tuple[Any, ...]]) -> list[dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for table, comment, column, kind, length, nullable, said in rows:
        one = found.setdefault(_text(table), {"name": _text(table), "comment": _text(comment), "columns": []})
        one["columns"].append(
            {"name": _text(column), "type": _text(kind), "length": int(length) if length else None, "nullable": bool(nullable),
             "comment": _text(said)}
        )  # fmt: skip
    return list(found.values())


def _text(value: Any) -> str:
    """MySQL gives some of its own words as bytes."""
    return value.decode("utf-8", "replace") if isinstance(value, bytes | bytearray) else str(value or "")


def _parsed(name: str, sql: str) -> dict[str, Any]:
    """SQLite keeps a table's columns as the statement that made it."""
    try:
        made = sqlglot.parse_one(sql, dialect="sqlite")
    except sqlglot.errors.SqlglotError:
        raise SourceFailed("source_unavailable", "a table's statement cannot be read") from None
    return {"name": name, "comment": "", "columns": [_column(c) for c in made.find_all(exp.ColumnDef)]}


def _column(column: exp.ColumnDef) -> dict[str, Any]:
    kind = column.args.get("kind")
    size = kind.find(exp.DataTypeParam) if kind else None
    bound = any(
        isinstance(c.kind, exp.NotNullColumnConstraint | exp.PrimaryKeyColumnConstraint)
        for c in column.args.get("constraints", [])
    )
    return {
        "name": column.name, "type": kind.this.value.lower() if kind and hasattr(kind.this, "value") else "text",
        "length": int(size.name) if size is not None and size.name.isdigit() else None, "nullable": not bound, "comment": "",
    }  # fmt: skip


def write(config: PlaneConfig, name: str, out: Path) -> int:
    """Write the description to a file; the number of tables."""
    said = describe(config, name)
    out.write_text(json.dumps(said, ensure_ascii=False, indent=1), encoding="utf-8")
    return len(said["tables"])
