"""Child process: make one granted view from a vault file, then exit.

Reads a job (JSON) on standard input, writes the view into a fresh folder, renames it into place, prints the manifest
(JSON). Runs apart from the serving process so that a heavy table neither stalls answers nor shares their memory.

The shapes: `file` (one file of a format), `table` (Parquet parts with Delta's types, their statistics computed from the view itself), `changes` (what
differs between two such views) and `api` (key, row as JSON text) for look-ups.
"""

from __future__ import annotations

import hashlib
import json
import os
import resource
import shutil
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb

from shugang.delivery.plane import differences, formats, marking, parts
from shugang.policy.codec import TermsError
from shugang.policy.columns import Column
from shugang.policy.lowering import lower_select, parquet, quote
from shugang.policy.pseudonyms import prepare_masks
from shugang.policy.vocabulary import Terms

KEY = "~key"
MANIFEST = "manifest.json"
PART = "part-00000.parquet"
SPILL = "spill"
STAGED = "staged.parquet"
# DuckDB type → (Delta type, cast needed so that the file holds exactly that type).
DELTA = {
    "BOOLEAN": ("boolean", ""),
    "TINYINT": ("byte", ""),
    "SMALLINT": ("short", ""),
    "INTEGER": ("integer", ""),
    "BIGINT": ("long", ""),
    "UTINYINT": ("short", "SMALLINT"),
    "USMALLINT": ("integer", "INTEGER"),
    "UINTEGER": ("long", "BIGINT"),
    "UBIGINT": ("decimal(20,0)", "DECIMAL(20,0)"),
    "HUGEINT": ("decimal(38,0)", "DECIMAL(38,0)"),
    "FLOAT": ("float", ""),
    "DOUBLE": ("double", ""),
    "VARCHAR": ("string", ""),
    "DATE": ("date", ""),
    "BLOB": ("binary", ""),
    "TIMESTAMP": ("timestamp", ""),
    "TIMESTAMP WITH TIME ZONE": ("timestamp", ""),
}


class BadSource(ValueError):
    """The vault file is not the one that the grant names."""


def check_digest(path: Path, expected: str) -> None:
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != expected:
        raise BadSource(f"the stored file's digest is {found[:16]}…, the grant names {expected[:16]}…")


def make(job: dict[str, Any]) -> dict[str, Any]:
    """`job`: kind, out, memory_mb, threads, and by kind: path, sha256, columns, terms, keys; key_column (api);
    partition, part_rows (table); before, after, key_columns (changes). Returns the manifest."""
    out = Path(job["out"])
    if "path" in job:
        check_digest(Path(job["path"]), job["sha256"])
    out.parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=".making-", dir=out.parent))
    try:
        con = duckdb.connect()
        con.execute(f"SET temp_directory = {literal(str(folder / SPILL))}")
        con.execute("SET TimeZone = 'UTC'")
        con.execute(f"SET memory_limit = '{int(job['memory_mb'])}MB'")
        con.execute(f"SET threads = {int(job['threads'])}")
        manifest = KINDS[job["kind"]](con, job, folder)
        _count_canaries(con, job, folder, manifest)
        con.close()
        for name in (SPILL, parts.STAGING):
            shutil.rmtree(folder / name, ignore_errors=True)
        for part in manifest["parts"]:
            with (folder / part["name"]).open("rb+") as file:
                part["sha256"] = hashlib.file_digest(file, "sha256").hexdigest()
                os.fsync(file.fileno())
            part["size"] = (folder / part["name"]).stat().st_size
        _settle(folder, out, manifest)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return manifest


def _count_canaries(
    con: duckdb.DuckDBPyConnection, job: dict[str, Any], folder: Path, manifest: dict[str, Any]
) -> None:
    mark = Terms.from_json(job["terms"]).mark if job["kind"] in ("table", "api") else None
    for part in manifest["parts"] if mark is not None and mark.canaries else ():
        assert mark is not None
        part["canaries"] = marking.count(con, parquet(str(folder / part["name"])), mark)


def _settle(folder: Path, out: Path, manifest: dict[str, Any]) -> None:
    """Everything durable before the name exists, so that a half-made view can never be served."""
    with (folder / MANIFEST).open("w") as file:
        json.dump(manifest, file, ensure_ascii=False)
        file.flush()
        os.fsync(file.fileno())
    shutil.rmtree(out, ignore_errors=True)
    os.rename(folder, out)
    handle = os.open(out.parent, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _lowered(con: duckdb.DuckDBPyConnection, job: dict[str, Any]) -> tuple[str, dict[str, Any], list[tuple[str, str]]]:
    columns = [Column.from_json(column) for column in job["columns"]]
    terms = Terms.from_json(job["terms"])
    relation = parquet(job["path"])
    if job["kind"] == "api":
        # The raw key travels beside the granted columns; it opens the row and is not part of it.
        key = f"CAST({quote(job['key_column'])} AS VARCHAR) AS {quote(KEY)}"
        relation = f"(SELECT *, {key} FROM {relation}) AS source"  # noqa: S608 identifiers are quoted
        columns.append(Column(KEY, "string"))
        terms = replace(terms, fields=(*terms.fields, KEY))
    prepare_masks(con, relation, terms, job["keys"])
    sql, params = lower_select(relation, columns, terms, keys=job["keys"])
    described = [(row[0], row[1]) for row in con.execute(f"DESCRIBE {sql}", params).fetchall()]
    if terms.mark is not None:
        known = [Column(name, kind) for name, kind in described]
        sql, params = marking.marked(con, sql, params, known, terms.mark, marking.key_of(job["mark"]))
    return sql, params, described


def _copy(con: duckdb.DuckDBPyConnection, sql: str, params: dict[str, Any], target: Path, more: str = "") -> None:
    con.execute(f"COPY ({sql}) TO {literal(str(target))} (FORMAT parquet, COMPRESSION zstd{more})", params)


def _table(con: duckdb.DuckDBPyConnection, job: dict[str, Any], folder: Path) -> dict[str, Any]:
    sql, params, described = _lowered(con, job)
    outputs, columns = [], []
    for name, kind in described:
        delta, cast = delta_type(kind)
        outputs.append(f"CAST({quote(name)} AS {cast}) AS {quote(name)}" if cast else quote(name))
        columns.append({"name": name, "type": delta})
    typed = f"SELECT {', '.join(outputs)} FROM ({sql}) AS granted"  # noqa: S608 identifiers are quoted
    return parts.write(con, typed, params, folder, columns, tuple(job["partition"]), int(job["part_rows"]))


def delta_type(kind: str) -> tuple[str, str]:
    """(Delta type, cast or ""); what Delta has no type for is delivered as text."""
    if kind in DELTA:
        return DELTA[kind]
    if kind.startswith("DECIMAL("):
        return kind.lower(), ""
    if kind.startswith("TIMESTAMP"):
        return "timestamp", "TIMESTAMP"
    return "string", "VARCHAR"


def _file(con: duckdb.DuckDBPyConnection, job: dict[str, Any], folder: Path) -> dict[str, Any]:
    sql, params, described = _lowered(con, job)
    format = job["format"]
    name = f"data{formats.FORMATS[format].ending}"
    _copy(con, sql, params, folder / STAGED)
    row = con.execute(f"SELECT count(*) FROM {parquet(str(folder / STAGED))}").fetchone()  # noqa: S608 our own file
    assert row is not None
    mark = Terms.from_json(job["terms"]).mark
    # Canary rows stand for nothing and count for nothing.
    canaries = marking.count(con, parquet(str(folder / STAGED)), mark) if mark is not None and mark.canaries else 0
    formats.write(con, folder / STAGED, described, format, folder / name)
    (folder / STAGED).unlink(missing_ok=True)
    columns = [{"name": n, "type": t} for n, t in described]
    return {"columns": columns, "rows": row[0], "parts": [{"name": name, "rows": row[0] - canaries}]}


def _api(con: duckdb.DuckDBPyConnection, job: dict[str, Any], folder: Path) -> dict[str, Any]:
    sql, params, described = _lowered(con, job)
    pairs = [f"{literal(name)}, {json_value(name, kind)}" for name, kind in described if name != KEY]
    body = f"CAST(json_object({', '.join(pairs)}) AS VARCHAR)"
    chosen = f"SELECT {quote(KEY)} AS key, {body} AS body FROM ({sql}) AS granted WHERE {quote(KEY)} IS NOT NULL"  # noqa: S608
    _copy(con, chosen, params, folder / PART)
    file = parquet(str(folder / PART))
    row = con.execute(f"SELECT count(*), count(DISTINCT key) FROM {file}").fetchone()  # noqa: S608 our own file
    assert row is not None
    if row[0] != row[1]:
        raise BadSource(f"the key column has {row[0] - row[1]} repeated values; a look-up needs unique keys")
    columns = [{"name": n, "type": t} for n, t in described if n != KEY]
    return {"columns": columns, "rows": row[0], "parts": [{"name": PART, "rows": row[0]}]}


def json_value(name: str, kind: str) -> str:
    """The column as JSON has it: exact numbers that JSON would round are text, times are ISO 8601, no NaN."""
    column = quote(name)
    if kind in ("FLOAT", "DOUBLE"):
        return f"CASE WHEN isfinite({column}) THEN {column} END"
    if kind.startswith("TIMESTAMP"):
        return f"replace(CAST({column} AS VARCHAR), ' ', 'T')"
    if kind in ("BOOLEAN", "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER", "VARCHAR"):
        return column
    return f"CAST({column} AS VARCHAR)"


def literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


KINDS = {"table": _table, "file": _file, "api": _api, "changes": differences.make}


def main() -> int:
    job = json.load(sys.stdin)
    limit = int(job["memory_mb"]) * 1024 * 1024
    resource.setrlimit(resource.RLIMIT_CPU, (int(job["cpu_seconds"]), int(job["cpu_seconds"]) + 5))
    resource.setrlimit(resource.RLIMIT_AS, (limit * 2 + (2 << 30), limit * 2 + (2 << 30)))
    try:
        manifest = make(job)
    except (BadSource, TermsError, formats.TooLarge, OSError, duckdb.Error) as error:
        print(json.dumps({"error": f"{type(error).__name__}: {error}"}))
        return 1
    print(json.dumps(manifest, ensure_ascii=False))
    return 0


if __name__ == "__main__":
    sys.exit(main())
