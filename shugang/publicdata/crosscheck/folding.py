"""Full width to half width, compatibility forms (NFKC), traditional to simplified characters: folded on distinct values.

A guard expression finds the few values that folding would change; those are folded once each and joined back. The table is
that of OpenCC (TSCharacters, Apache-2.0), one character to one; it serves comparison, not display.
"""

# ruff: noqa: S608 names are quoted, values are our own

from __future__ import annotations

import unicodedata
from functools import cache
from pathlib import Path

import duckdb
import pyarrow as pa

from shugang.policy.lowering import quote

BATCH = 100_000


@cache
def table() -> dict[int, str]:
    old, new = Path(__file__).with_name("traditional.txt").read_text(encoding="utf-8").splitlines()
    return {ord(a): b for a, b in zip(old, new, strict=True)}


@cache
def guard() -> str:
    """A character class of what folding changes."""
    wide = "\\x{2460}-\\x{24ff}\\x{2e80}-\\x{2fdf}\\x{3000}\\x{3200}-\\x{33ff}\\x{f900}-\\x{faff}\\x{fe30}-\\x{fe4f}\\x{ff01}-\\x{ff5e}\\x{ffe0}-\\x{ffe6}\\x{a0}"
    return f"[{wide}{''.join(map(chr, table()))}]"


def folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).translate(table())


def fold(con: duckdb.DuckDBPyConnection, relation: str, columns: list[str]) -> str:
    """A relation like the table `relation` with `columns` folded, to be read while `folded_<relation>` stands; where nothing has
    to be folded, itself."""
    name = f"folded_{relation}"
    con.execute(f"CREATE OR REPLACE TEMP TABLE {name} (was VARCHAR, is_ VARCHAR)")
    for column in columns:
        c = quote(column)
        found = con.execute(
            f"SELECT DISTINCT {c} FROM {relation} WHERE regexp_matches({c}, $1) AND {c} NOT IN (SELECT was FROM {name})", [guard()]
        ).to_arrow_reader(BATCH)  # fmt: skip
        for batch in list(found):
            _keep(con, name, batch.column(0))
    if not con.execute(f"SELECT 1 FROM {name} LIMIT 1").fetchall():
        return relation
    joins, shown = [], []
    for place, column in enumerate(columns):
        joins.append(f"LEFT JOIN {name} f{place} ON f{place}.was = d.{quote(column)}")
        shown.append(f"coalesce(f{place}.is_, d.{quote(column)}) AS {quote(column)}")
    return f"(SELECT d.* REPLACE ({', '.join(shown)}) FROM {relation} d {' '.join(joins)})"


def _keep(con: duckdb.DuckDBPyConnection, name: str, values: pa.Array) -> None:
    made = pa.array([folded(v) for v in values.to_pylist()], pa.string())
    con.register("folding_batch", pa.table({"was": values.cast(pa.string()), "is_": made}))
    con.execute(f"INSERT INTO {name} SELECT was, is_ FROM folding_batch")
    con.unregister("folding_batch")
