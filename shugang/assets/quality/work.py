"""What the confined child does with its job. No Django."""

# ruff: noqa: S608 names are quoted, values are literals of ours

from __future__ import annotations

import codecs
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import duckdb

from shugang.policy.lowering import quote

from . import engine, suggesting
from .rules import read

DATA_FILE = "data.parquet"
SEGMENTS = "segments"
Say = Callable[[dict[str, Any]], None]
# What libraries load when they are first used is loaded now: the installed Python may lie where `nobody` cannot read.
for _name in ("utf-8", "ascii", "latin-1", "idna"):
    codecs.lookup(_name)
_FIRST = [
    {"kind": "format", "column": "t", "pattern": "a+"},
    {"kind": "expression", "expression": "d > make_date(2026, 1, 1)"},
]
read({"rules": _FIRST}, {"t": "VARCHAR", "d": "DATE"})
duckdb.connect().execute("SELECT ?, TIMESTAMP '2026-01-01', DATE '2026-01-01', 1.5, 2::HUGEINT", ["t"]).fetchone()


def connect(memory_mb: int) -> duckdb.DuckDBPyConnection:
    con = duckdb.connect(
        config={
            "memory_limit": f"{memory_mb}MB",
            "temp_directory": "spill",
            "python_enable_replacements": "false",
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "allow_community_extensions": "false",
        }
    )
    con.execute("SET TimeZone = 'UTC'")
    return con


def work(job: Mapping[str, Any], say: Say) -> dict[str, Any]:
    con, columns = connect(job["memory_mb"]), job["columns"]
    first = int(job.get("first", 0))
    engine.open_data(con, _relation(con, job), first)
    if job["kind"] == "suggest":
        return suggesting.suggested(suggesting.look(con, columns), columns, job["keys"])
    rules = read(job["document"], columns)
    references = {
        number: engine.Reference(f"read_parquet('{other['path']}')", other["columns"])
        for number, other in job["references"].items()
    }
    segments = Path(SEGMENTS) if job["keep"] else None
    if segments is not None:
        segments.mkdir(exist_ok=True)
    state = engine.run(
        engine.Run(
            con,
            rules,
            columns,
            references,
            segments,
            job["earlier"],
            lambda stage, done, total: say({"stage": stage, "done": done, "total": total}),
        )
    )
    return state.to_json()


def _relation(con: duckdb.DuckDBPyConnection, job: Mapping[str, Any]) -> str:
    """The file's rows, or what a grant lets out of them: filtered, masked, and only the granted columns."""
    granted = job.get("granted")
    if granted is None:
        names = ", ".join(map(quote, job["columns"]))
        return f"SELECT {names}, {engine.ROW} FROM ({engine.parquet_rows(DATA_FILE)})"
    numbered = f"SELECT *, row_number() OVER () - 1 AS {engine.ROW} FROM ({granted['sql']})"
    con.execute(f"CREATE TEMP TABLE granted AS {numbered}", granted["params"])
    return "SELECT * FROM granted"
