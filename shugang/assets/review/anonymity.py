"""k-anonymity of a table over quasi-identifiers, counted by DuckDB. Pure, no Django.

A table is k-anonymous when every combination of the quasi-identifying columns occurs in at least k rows (Samarati and
Sweeney 1998; GB/T 42460-2023 on the effect of de-identification uses the same count). A missing value is a value.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import duckdb

from shugang.policy.lowering import quote


@dataclass(frozen=True)
class Anonymity:
    """`smallest` is k (0 for an empty table); `below`: rows in groups smaller than the asked k."""

    rows: int
    groups: int
    smallest: int
    below: int


def k_anonymity(con: duckdb.DuckDBPyConnection, relation: str, columns: Sequence[str], k: int) -> Anonymity:
    """Count groups of `relation` (our own SQL, never a person's) over `columns`. Raises ValueError without columns or k < 1."""
    if not columns or k < 1:
        raise ValueError("k-anonymity needs columns and k ≥ 1")
    keys = ", ".join(quote(c) for c in columns)
    sql = (
        f"SELECT coalesce(sum(n), 0), count(*), coalesce(min(n), 0), coalesce(sum(n) FILTER (n < ?), 0) "  # noqa: S608
        f"FROM (SELECT count(*) AS n FROM {relation} GROUP BY {keys})"
    )
    row = con.execute(sql, [k]).fetchone()
    assert row is not None
    return Anonymity(*(int(v) for v in row))
