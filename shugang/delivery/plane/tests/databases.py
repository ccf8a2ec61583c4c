"""A PostgreSQL database of its own for each test of a fleet, and what the journals say, whichever kind they are."""

from __future__ import annotations

import json
import os
import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import psycopg
from psycopg.sql import SQL, Identifier

from shugang.delivery.plane import schema
from shugang.delivery.plane.fleet.tables import schema_name

WORKERS = 4
Sums = dict[tuple[str, int], list[int]]


def postgres_port() -> str:
    """Set by `scripts/with_postgres.py`; empty in the pass over SQLite."""
    return os.environ.get("SHUGANG_TEST_POSTGRES_PORT", "")


# Names of the databases of this test process that no test uses at the moment.
_free: list[str] = []


@contextmanager
def lent(port: str) -> Iterator[str]:
    """The address of an empty database, emptied afterwards for the next test, whoever is still connected: the server is
    durable, so that making one and dropping it (a checkpoint) takes longer than most tests."""
    server = f"postgresql://shugang@127.0.0.1:{port}"
    name = _free.pop(0) if _free else f"plane_{secrets.token_hex(6)}_lent"
    with psycopg.connect(f"{server}/postgres", autocommit=True) as con:
        if not con.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,)).fetchone():
            con.execute(f"CREATE DATABASE {name}")  # type: ignore[arg-type]
    yield f"{server}/{name}"
    with psycopg.connect(f"{server}/postgres", autocommit=True) as con:
        con.execute("SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = %s", (name,))
    with psycopg.connect(f"{server}/{name}") as con:
        for (schema_,) in con.execute("SELECT nspname FROM pg_namespace WHERE nspname !~ '^pg_|^information_schema$'"):
            con.execute(SQL("DROP SCHEMA {} CASCADE").format(Identifier(schema_)))
        con.execute("CREATE SCHEMA public")
    _free.append(name)


@contextmanager
def database(port: str) -> Iterator[str]:
    """The address of a fresh, empty database, dropped afterwards whoever is still connected."""
    name = f"plane_{secrets.token_hex(6)}"
    server = f"postgresql://shugang@127.0.0.1:{port}"
    with psycopg.connect(f"{server}/postgres", autocommit=True) as con:
        con.execute(f"CREATE DATABASE {name}")  # type: ignore[arg-type]
    try:
        yield f"{server}/{name}"
    finally:
        with psycopg.connect(f"{server}/postgres", autocommit=True) as con:
            con.execute(f"DROP DATABASE {name} WITH (FORCE)")  # type: ignore[arg-type]


def query(url: str, sql: str, *params: Any, plane: str = "plane-1") -> list[tuple[Any, ...]]:
    """Rows of a statement in the plane's schema; [] where it gives none."""
    with psycopg.connect(url, autocommit=True, options=f"-c search_path={schema_name(plane)}") as con:
        found = con.execute(sql, params)  # type: ignore[arg-type]
        return found.fetchall() if found.description else []


def journal(plane: Any, sql: str) -> list[tuple[Any, ...]]:
    """The same on the journal of a running plane, of either kind."""
    if plane.journal_url:
        return query(plane.journal_url, sql)
    with closing(sqlite3.connect(plane.folder / "data/journal.sqlite3")) as con, con:
        return con.execute(sql).fetchall()


def restored(folder: Path) -> Sums:
    """What a start finds used, from the file of a plane that has stopped."""
    con = schema.connect(str(folder / "data/journal.sqlite3"))
    try:
        found = {
            (grant, day): cells for grant, days in schema.restore(con).usage.items() for day, cells in days.items()
        }
        assert found == schema.sums(con)
        return found
    finally:
        con.close()


def shared(url: str) -> Sums:
    """What a fleet at rest holds used: its records, its sums and its quotas must say the same."""
    used: Sums = {}
    for grant, day, cells in query(url, "SELECT grant_id, day, cells FROM used"):
        schema.merge(used, {(grant, day): cells[:6]})
    told = "\n".join(text for (text,) in query(url, "SELECT text FROM batch ORDER BY last"))
    scratch = sqlite3.connect(":memory:")
    schema.create(scratch)
    scratch.execute("INSERT INTO batch VALUES (?, 1, ?)", (1 << 40, told.replace("}\n{", "}" + schema.JOIN + "{")))
    found = {key: cells for key, cells in schema.sums(scratch).items() if any(cells)}
    scratch.close()
    assert {key: cells for key, cells in used.items() if any(cells)} == found
    for grant in {grant for grant, _ in used}:
        total = [sum(column) for column in zip(*(c for (g, _), c in used.items() if g == grant), strict=True)]
        assert query(url, "SELECT cells FROM quota WHERE grant_id = %s AND span = 't'", grant) == [([*total, 0],)]
    return used


def records(url: str) -> list[dict[str, Any]]:
    return [
        json.loads(line)
        for (text,) in query(url, "SELECT text FROM batch ORDER BY last")
        for line in text.split(schema.JOIN)
    ]
