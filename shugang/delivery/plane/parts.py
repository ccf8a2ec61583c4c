"""A granted view as Parquet parts, and what may be told of each part: numbers from the part itself.

Statistics of the raw table would tell what rows and columns were held back. A view is cut by rows, in the order of its
base, and by the values of granted columns where the supplier asked for partitions.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb

from shugang.policy.lowering import parquet, quote

STAGING = "staging"
GROUP_ROWS = 122_880
MOST_PARTITIONS = 1000
# Types whose values have one spelling that every reader takes back (PROTOCOL.md, Partition Value Serialization).
PARTITIONABLE = ("byte", "short", "integer", "long", "string", "date", "boolean")
_BOUNDED = ("byte", "short", "integer", "long", "float", "double", "date", "string", "decimal")
_LONGEST_BOUND = 32
Columns = list[dict[str, str]]
Cut = list[tuple[Path, dict[str, str | None]]]


def write(
    con: duckdb.DuckDBPyConnection,
    sql: str,
    params: dict[str, Any],
    folder: Path,
    columns: Columns,
    partition: tuple[str, ...],
    part_rows: int,
) -> dict[str, Any]:
    """The manifest of `sql` written into `folder`: columns, rows, partitions, parts (name, rows, stats, values)."""
    staging = folder / STAGING
    staging.mkdir()
    kinds = {column["name"]: column["type"] for column in columns}
    chosen = tuple(name for name in partition if kinds.get(name) in PARTITIONABLE)
    if len(chosen) == len(columns):
        chosen = chosen[:-1]
    values: Cut | None = _split(con, sql, params, staging, chosen) if chosen else None
    if values is None:
        chosen = ()
        values = [(path, {}) for path in _cut(con, sql, params, staging, part_rows)]
    data = [column for column in columns if column["name"] not in chosen]
    found: list[dict[str, Any]] = []
    for number, (path, at) in enumerate(values):
        name = f"part-{number:05d}.parquet"
        path.rename(folder / name)
        rows, stats = statistics(con, folder / name, data)
        if rows or len(values) == 1:
            found.append({"name": name, "rows": rows, "stats": stats, "values": at})
    total = sum(part["rows"] for part in found)
    return {"columns": columns, "partitions": list(chosen), "rows": total, "parts": found if total else []}


def _copy(con: duckdb.DuckDBPyConnection, sql: str, params: dict[str, Any], target: Path, more: str = "") -> None:
    place = str(target).replace("'", "''")
    con.execute(f"COPY ({sql}) TO '{place}' (FORMAT parquet, COMPRESSION zstd{more})", params)


def _cut(con: duckdb.DuckDBPyConnection, sql: str, params: dict[str, Any], staging: Path, part_rows: int) -> list[Path]:
    """Parts of about `part_rows` rows (whole groups). One thread keeps the order of the base over several files."""
    counted = con.execute(f"SELECT count(*) FROM ({sql}) AS granted", params).fetchone()  # noqa: S608 our own
    assert counted is not None
    if counted[0] <= part_rows:
        _copy(con, sql, params, staging / "whole.parquet")
        return [staging / "whole.parquet"]
    group = min(GROUP_ROWS, max(2048, part_rows))
    with _one_thread(con):
        more = f", ROW_GROUP_SIZE {group}, ROW_GROUPS_PER_FILE {max(1, part_rows // group)}"
        _copy(con, sql, params, staging / "cut", more)
    return sorted((staging / "cut").iterdir(), key=lambda path: int(path.stem.rpartition("_")[2]))


def _split(
    con: duckdb.DuckDBPyConnection, sql: str, params: dict[str, Any], staging: Path, chosen: tuple[str, ...]
) -> Cut | None:
    """A part for each combination of the chosen columns' values; None where they do not lend themselves to it: too
    many, or an empty text, which readers take for no value."""
    whole = staging / "whole.parquet"
    _copy(con, sql, params, whole)
    names = ", ".join(quote(name) for name in chosen)
    texts = ", ".join(f"CAST({quote(name)} AS VARCHAR)" for name in chosen)
    file = parquet(str(whole))
    con.execute(f"CREATE TEMP TABLE combos AS SELECT DISTINCT {names} FROM {file} ORDER BY ALL")  # noqa: S608 quoted
    rows = con.execute(f"SELECT {texts} FROM combos ORDER BY rowid").fetchall()  # noqa: S608 quoted
    if len(rows) > MOST_PARTITIONS or any(text == "" for row in rows for text in row):
        return None
    equal = " AND ".join(f"v.{quote(name)} IS NOT DISTINCT FROM c.{quote(name)}" for name in chosen)
    joined = f'SELECT v.* EXCLUDE ({names}), c.rowid AS "~part" FROM {file} AS v JOIN combos AS c ON {equal}'  # noqa: S608
    with _one_thread(con):
        _copy(con, joined, {}, staging / "split", ", PARTITION_BY (\"~part\"), FILENAME_PATTERN 'part'")
    found = []
    for number, row in enumerate(rows):
        (path,) = (staging / "split" / f"~part={number}").iterdir()
        found.append((path, dict(zip(chosen, row, strict=True))))
    return found


class _one_thread:
    def __init__(self, con: duckdb.DuckDBPyConnection) -> None:
        self._con = con

    def __enter__(self) -> None:
        row = self._con.execute("SELECT current_setting('threads')").fetchone()
        assert row is not None
        self._threads = int(row[0])
        self._con.execute("SET threads = 1")

    def __exit__(self, *error: object) -> None:
        self._con.execute(f"SET threads = {self._threads}")


def statistics(con: duckdb.DuckDBPyConnection, path: Path, columns: Columns) -> tuple[int, str]:
    """(rows, Delta's statistics as JSON text) of one file."""
    bounded = [c["name"] for c in columns if c["type"].split("(")[0] in _BOUNDED]
    wanted = ["count(*)", *(f"count(*) - count({quote(c['name'])})" for c in columns)]
    for name in bounded:
        wanted += [f"CAST(min({quote(name)}) AS VARCHAR)", f"CAST(max({quote(name)}) AS VARCHAR)"]
    row = con.execute(f"SELECT {', '.join(wanted)} FROM {parquet(str(path))}").fetchone()  # noqa: S608 quoted
    assert row is not None
    rows, nulls, bounds = row[0], row[1 : 1 + len(columns)], row[1 + len(columns) :]
    kinds = {c["name"]: c["type"] for c in columns}
    low, high = {}, {}
    for place, name in enumerate(bounded):
        smallest, largest = _bound(bounds[2 * place], kinds[name]), _bound(bounds[2 * place + 1], kinds[name])
        if smallest is not None and largest is not None:
            low[name], high[name] = smallest, largest
    counts = {c["name"]: n for c, n in zip(columns, nulls, strict=True)}
    return rows, json.dumps({"numRecords": rows, "minValues": low, "maxValues": high, "nullCount": counts})


def _bound(text: str | None, kind: str) -> Any:
    if text is None or len(text) > _LONGEST_BOUND:
        return None
    if kind in ("byte", "short", "integer", "long"):
        return int(text)
    if kind in ("float", "double"):
        value = float(text)
        return value if value == value and abs(value) != float("inf") else None
    return text
