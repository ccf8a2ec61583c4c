"""Rules that the data itself suggests, from a look at its first rows; pure. A person keeps, changes or drops them."""

# ruff: noqa: S608 names are quoted, values are literals of ours

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import duckdb

from shugang.policy.checks import CHECKS
from shugang.policy.lowering import quote

from . import measures
from .measures import DATA

LOOKED_AT = 200_000  # rows
MOST_CODES = 20
_SURE, _FEW = 0.95, 20


class Look(NamedTuple):
    """Of one column: rows, filled cells, distinct values (estimated), bounds, lengths, codes, the check most pass."""

    rows: int
    filled: int
    distinct: int
    low: Any
    high: Any
    shortest: int | None
    longest: int | None
    codes: list[str]
    check: str | None


def look(con: duckdb.DuckDBPyConnection, columns: Mapping[str, str]) -> dict[str, Look]:
    """A look at each column of `data`, one query each and one for the number checks of texts."""
    con.execute(f"CREATE OR REPLACE TEMP TABLE looked AS SELECT * FROM {DATA} LIMIT {LOOKED_AT}")
    return {name: _look(con, name, kind) for name, kind in columns.items()}


def _look(con: duckdb.DuckDBPyConnection, name: str, kind: str) -> Look:
    there, column, text = measures.filled(name, kind), quote(name), measures.as_text(name, kind)
    bounds = f"min({column}), max({column})" if measures.is_number(kind) else "NULL, NULL"
    found = con.execute(
        f"SELECT count(*), count(*) FILTER (WHERE {there}), approx_count_distinct({column}) FILTER (WHERE {there}), "
        f"{bounds}, min(length({text})) FILTER (WHERE {there}), max(length({text})) FILTER (WHERE {there}) FROM looked"
    ).fetchone()
    assert found is not None
    rows, filled, distinct = int(found[0]), int(found[1]), int(found[2])
    codes: list[str] = []
    if measures.is_text(kind) and 0 < distinct <= MOST_CODES and filled >= _FEW * distinct:
        codes = [
            str(r[0]) for r in con.execute(f"SELECT DISTINCT {column} FROM looked WHERE {there} ORDER BY 1").fetchall()
        ]
    low, high, shortest, longest = found[3:7]
    return Look(rows, filled, distinct, low, high, shortest, longest, codes, _check(con, name, kind, filled))


def _check(con: duckdb.DuckDBPyConnection, name: str, kind: str, filled: int) -> str | None:
    """The number check that nearly all values pass; None for few values, or a column that is no text or whole number."""
    if filled < _FEW or not (measures.is_text(kind) or kind.upper() == "BIGINT"):
        return None
    there, text = measures.filled(name, kind), measures.as_text(name, kind)
    parts = ", ".join(f"count(*) FILTER (WHERE {check.sql(text)})" for check in CHECKS.values())
    found = con.execute(f"SELECT {parts} FROM (SELECT * FROM looked WHERE {there} LIMIT 2000)").fetchone() or ()
    best = max(zip(found, CHECKS, strict=True), default=(0, ""))
    return best[1] if best[0] >= _SURE * min(filled, 2000) else None


def suggested(looks: Mapping[str, Look], columns: Mapping[str, str], keys: list[str]) -> dict[str, Any]:
    """A rule set's document, in the order of the columns."""
    rules: list[dict[str, Any]] = [{"kind": "filled", "columns": list(columns), "at_least": 95}]
    if keys:
        rules.append({"kind": "unique", "columns": keys})
    rules.append({"kind": "duplicate", "columns": list(columns), "at_least": 99})
    if texts := [n for n, k in columns.items() if measures.is_text(k)]:
        rules.append({"kind": "dirty", "columns": texts, "at_least": 99})
    for name, kind in columns.items():
        rules += _of_column(name, kind, looks[name], keys)
    rules += [{"kind": "schema", "types": dict(columns)}, {"kind": "described"}, {"kind": "answered"}]
    for number, rule in enumerate(rules):
        rule["id"] = f"r{number + 1}"
    return {"keys": keys, "rules": rules}


def _of_column(name: str, kind: str, seen: Look, keys: list[str]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    if not seen.filled:
        return found
    if seen.check:
        found.append({"kind": "check", "column": name, "check": seen.check, "at_least": 99})
    elif seen.codes:
        found.append({"kind": "in_set", "column": name, "values": seen.codes})
    elif measures.is_number(kind) and name not in keys and seen.low is not None:
        found.append({"kind": "range", "column": name, "min": _plain(seen.low), "max": _plain(seen.high)})
    elif measures.is_moment(kind):
        found.append({"kind": "date", "column": name, "earliest": "1900-01-01"})
    elif measures.is_text(kind) and seen.shortest == seen.longest and seen.longest is not None:
        found.append({"kind": "length", "column": name, "min": seen.shortest, "max": seen.longest})
    if name not in keys and len(keys) != 1 and seen.distinct > 0.98 * seen.rows and seen.filled == seen.rows >= _FEW:
        found.append({"kind": "unique", "columns": [name]})
    return found


def _plain(value: Any) -> int | float:
    return value if isinstance(value, int) else float(value)
