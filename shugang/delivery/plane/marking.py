"""The recipient's mark put into a granted view while it is made (`policy.marks` says what a mark is)."""

from __future__ import annotations

from typing import Any

import duckdb

from shugang.policy.columns import Column
from shugang.policy.lowering import Params, quote
from shugang.policy.marks import MarkKey, canary_key, mark_sql
from shugang.policy.vocabulary import Mark

CANARIES = "~canaries"
PLACE = "~place"
ATTEMPTS = 40


def marked(
    con: duckdb.DuckDBPyConnection, sql: str, params: Params, columns: list[Column], mark: Mark, key: MarkKey
) -> tuple[str, Params]:
    """The governed SELECT `sql` with mark and canary rows; `columns` are its own, with DuckDB's types."""
    if mark.canaries:
        sql = _with_canaries(con, sql, params, columns, mark, key)
    return mark_sql(sql, columns, mark, key, params)


def canaries(
    con: duckdb.DuckDBPyConnection, sql: str, params: Params, column: Column, mark: Mark, key: MarkKey
) -> list[tuple[int, str]]:
    """(place of the donor row, key) of this recipient's canaries over the governed SELECT `sql`; a row whose key is
    empty lends nothing. Fewer than agreed only where the data has fewer rows or no room for another key."""
    name = quote(column.name)
    whole = column.family == "whole"
    donors = con.execute(
        f"SELECT place, donor FROM (SELECT CAST({name} AS VARCHAR) AS donor, row_number() OVER () AS place FROM ({sql}))"  # noqa: S608
        f" WHERE donor IS NOT NULL ORDER BY sha256($canary_salt || donor), place LIMIT {int(mark.canaries)}",
        {**params, "canary_salt": f"{key.secret.hex()}{key.recipient}"},
    ).fetchall()
    row = con.execute(f"SELECT max({name}) FROM ({sql})", params).fetchone() if whole else None  # noqa: S608
    highest = int(row[0]) if row and row[0] is not None else None
    found: dict[str, int] = {}
    for attempt in range(ATTEMPTS):
        open_donors = [(place, donor) for place, donor in donors if place not in found.values()]
        if not open_donors:
            break
        drawn = {canary_key(key, attempt, donor, highest): place for place, donor in open_donors}
        known = con.execute(
            f"SELECT CAST({name} AS VARCHAR) FROM ({sql}) WHERE list_contains($drawn, CAST({name} AS VARCHAR))",  # noqa: S608
            {**params, "drawn": list(drawn)},
        ).fetchall()
        taken = {made for (made,) in known} | found.keys()
        found |= {made: place for made, place in drawn.items() if made not in taken}
    return [(place, made) for made, place in found.items()]


def _with_canaries(
    con: duckdb.DuckDBPyConnection, sql: str, params: Params, columns: list[Column], mark: Mark, key: MarkKey
) -> str:
    """`sql` with a canary behind each donor row: the same row under a key that the data does not have."""
    only = next(column for column in columns if column.name == mark.key_columns[0])
    made = canaries(con, sql, params, only, mark, key)
    con.execute(f"CREATE OR REPLACE TEMP TABLE {quote(CANARIES)} (place BIGINT, made VARCHAR)")
    if made:
        con.executemany(f"INSERT INTO {quote(CANARIES)} VALUES (?, ?)", made)  # noqa: S608 a name of our own
    numbered = f"(SELECT *, row_number() OVER () AS {quote(PLACE)} FROM ({sql}))"  # noqa: S608 identifiers are quoted
    names = [quote(column.name) for column in columns]
    other = [f"CAST(made AS {only.type})" if name == quote(only.name) else name for name in names]
    return (
        f"SELECT {', '.join(names)} FROM (SELECT {', '.join(names)}, {quote(PLACE)} FROM {numbered}"  # noqa: S608
        f" UNION ALL SELECT {', '.join(other)}, {quote(PLACE)} + 0.5 FROM {numbered} JOIN {quote(CANARIES)}"
        f" ON place = {quote(PLACE)}) ORDER BY {quote(PLACE)}"
    )


def count(con: duckdb.DuckDBPyConnection, file: str, mark: Mark) -> int:
    """How many canaries a written file (our own relation) holds: they are delivered and never counted."""
    row = con.execute(
        f"SELECT count(*) FROM {file} JOIN {quote(CANARIES)} ON CAST({quote(mark.key_columns[0])} AS VARCHAR) = made"  # noqa: S608
    ).fetchone()
    return int(row[0]) if row else 0


def key_of(job: dict[str, Any]) -> MarkKey:
    return MarkKey(bytes.fromhex(job["secret"]), job["recipient"])
