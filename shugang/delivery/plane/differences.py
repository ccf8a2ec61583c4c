"""What changed between two granted views of one grant: rows as they are told by the change feed.

Both sides are materialised views, never their bases: a change that the terms hide is no change. Rows are compared as a
multiset over all granted columns; where the data declares keys that are granted and unmasked, a row that went and one
that came under the same key are the two images of an update.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb

from shugang.delivery.plane import parts
from shugang.policy.lowering import quote

CHANGE = "_change_type"


def make(con: duckdb.DuckDBPyConnection, job: dict[str, Any], folder: Path) -> dict[str, Any]:
    """`job`: columns (Delta's), before, after (each a list of {path, values}), partition, key_columns, part_rows."""
    names = [column["name"] for column in job["columns"]]
    before, after = (_relation(job[side], job["columns"]) for side in ("before", "after"))
    chosen = ", ".join(map(quote, names))
    con.execute(f"CREATE TEMP TABLE gone AS SELECT {chosen} FROM {before} EXCEPT ALL SELECT {chosen} FROM {after}")  # noqa: S608
    con.execute(f"CREATE TEMP TABLE come AS SELECT {chosen} FROM {after} EXCEPT ALL SELECT {chosen} FROM {before}")  # noqa: S608
    keys = [name for name in job["key_columns"] if name in names] if job["key_columns"] else []
    if keys != list(job["key_columns"]):
        keys = []
    kinds = (
        _kinds("gone", "come", keys, "delete", "update_preimage"),
        _kinds("come", "gone", keys, "insert", "update_postimage"),
    )
    sql = f"SELECT * FROM ({kinds[0]} UNION ALL {kinds[1]}) AS changed ORDER BY ALL"  # noqa: S608 quoted
    columns = [*job["columns"], {"name": CHANGE, "type": "string"}]
    return parts.write(con, sql, {}, folder, columns, tuple(job["partition"]), int(job["part_rows"]))


def _relation(side: list[dict[str, Any]], columns: list[dict[str, str]]) -> str:
    """The files of a view as one relation; values that partition it stand in its manifest and not in its files."""
    kinds = {column["name"]: _SQL.get(column["type"], column["type"]) for column in columns}
    if not side:
        empty = ", ".join(f"CAST(NULL AS {kinds[c['name']]}) AS {quote(c['name'])}" for c in columns)
        return f"(SELECT {empty} WHERE false) AS side"
    selects = []
    for part in side:
        fixed = "".join(
            f", CAST({_text(value)} AS {kinds[name]}) AS {quote(name)}" for name, value in part["values"].items()
        )
        selects.append(f"SELECT *{fixed} FROM read_parquet({_text(part['path'])})")  # noqa: S608 quoted
    return f"({' UNION ALL BY NAME '.join(selects)}) AS side"


_SQL = {
    "byte": "TINYINT",
    "short": "SMALLINT",
    "integer": "INTEGER",
    "long": "BIGINT",
    "string": "VARCHAR",
    "binary": "BLOB",
}


def _text(value: str | None) -> str:
    return "NULL" if value is None else "'" + value.replace("'", "''") + "'"


def _kinds(these: str, others: str, keys: list[str], alone: str, paired: str) -> str:
    if not keys:
        return f"SELECT *, '{alone}' AS {CHANGE} FROM {these}"  # noqa: S608 our own names
    equal = " AND ".join(f"o.{quote(key)} IS NOT DISTINCT FROM t.{quote(key)}" for key in keys)
    paired_here = f"EXISTS (SELECT 1 FROM {others} AS o WHERE {equal})"  # noqa: S608 quoted
    return f"SELECT *, CASE WHEN {paired_here} THEN '{paired}' ELSE '{alone}' END AS {CHANGE} FROM {these} AS t"  # noqa: S608
