"""What the confined child does with its job. No Django."""

from __future__ import annotations

import codecs
from collections.abc import Callable, Mapping
from typing import Any

import duckdb

from shugang.policy.lowering import quote

from . import engine, plan
from .refused import PlanError

Say = Callable[[dict[str, Any]], None]
for _name in ("utf-8", "ascii", "latin-1", "idna"):
    codecs.lookup(_name)


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


def warm() -> None:
    """Load what the libraries load when first used: the installed Python may lie where `nobody` cannot read."""
    said = {"kind": "text"}
    document = {
        "sources": [{"name": n, "columns": {"a": "a", "b": "b"}} for n in ("x", "y")], "elements": {"a": said, "b": said}, "keys": [["a"]],
        "compare": {"b": {"strategy": "weighted"}}, "link": {"blocks": [["b:1"]], "by": ["a", "b"]},
    }  # fmt: skip
    rows = "SELECT '廈' || i || '{}' AS a, 'b' || (i % 7) AS b, i AS row_ FROM range(40) r(i)"
    engine.run(connect(256), plan.read(document), {n: f"({rows.format(n)})" for n in ("x", "y")})


def work(job: Mapping[str, Any], say: Say) -> dict[str, Any]:
    """`job.sources`: source → {path, columns, granted}. A plan that may not run is an answer, not a failure."""
    con, declared = connect(job["memory_mb"]), plan.read(job["document"])
    relations = {name: _relation(con, name, source) for name, source in job["sources"].items()}
    try:
        return engine.run(
            con, declared, relations, lambda stage, done, total: say({"stage": stage, "done": done, "total": total})
        )
    except PlanError as no:
        return {"refused": {"rule": no.rule, "text": [no.text.zh, no.text.en]}}


def _relation(con: duckdb.DuckDBPyConnection, name: str, source: Mapping[str, Any]) -> str:
    granted = source.get("granted")
    if granted is None:
        names = ", ".join(map(quote, source["columns"]))
        return (
            f"(SELECT {names}, file_row_number AS row_ FROM read_parquet('{source['path']}', file_row_number = true))"  # noqa: S608
        )
    con.execute(
        f"CREATE TEMP TABLE {quote('granted_' + name)} AS SELECT *, row_number() OVER () - 1 AS row_ FROM ({granted['sql']})",  # noqa: S608
        granted["params"],
    )
    return quote("granted_" + name)
