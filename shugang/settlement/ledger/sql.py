"""The ledger's statements, and all in which SQLite and PostgreSQL differ. Each takes a batch; none makes an ORM object.

PostgreSQL gets a batch as arrays (one short statement for any number of rows), SQLite as values: its locks are the
transaction itself (BEGIN IMMEDIATE), so the row locks are PostgreSQL's only. Statements go to the driver's own cursor:
Django's would spend as long on translating them as SQLite on running them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections

# Plain tuples: a class for each of hundreds of rows would cost as much as the statement.
Locked = tuple[
    int, str, int, int, int | None
]  # id, code, balance, version, floor: an account as it stood before the batch
TransferRow = tuple[str, str, str, str, datetime, datetime, int | None, int | None]
EntryRow = tuple[int, int, int, int, int]  # account, version, transfer, amount, balance after
TRANSFER = ("key", "payload_hash", "kind", "refs", "effective_at", "created_at", "reverses_id", "resolves_id")

_ACCOUNTS = "SELECT id, code, balance, version, floor FROM settlement_account WHERE code "
_TRANSFERS = f"INSERT INTO settlement_transfer ({', '.join(TRANSFER)}) "
_NEW = " ON CONFLICT DO NOTHING RETURNING key, id"
_ENTRIES = "INSERT INTO settlement_entry (account_id, version, transfer_id, amount, balance_after) "
_KNOWN = "SELECT key, id, payload_hash FROM settlement_transfer WHERE key "


class SQLite:
    _in = "IN (SELECT value FROM json_each(?))"
    _row = f"({', '.join(['?'] * len(TRANSFER))})"
    _entry = f"{_ENTRIES} VALUES (?, ?, ?, ?, ?)"

    def lock(self, cursor: Any, codes: Iterable[str]) -> list[Locked]:
        cursor.execute(f"{_ACCOUNTS} {self._in} ORDER BY id", [json.dumps(list(codes))])
        found: list[Locked] = cursor.fetchall()
        return found

    def known(self, cursor: Any, keys: Iterable[str]) -> dict[str, tuple[int, str]]:
        cursor.execute(_KNOWN + self._in, [json.dumps(list(keys))])
        return {key: (pk, payload_hash) for key, pk, payload_hash in cursor.fetchall()}

    def insert(self, cursor: Any, rows: Sequence[TransferRow]) -> dict[str, int]:
        times = {at: str(at.astimezone(UTC).replace(tzinfo=None)) for at in {at for row in rows for at in row[4:6]}}
        values = [v for a, b, c, d, at, now, *links in rows for v in (a, b, c, d, times[at], times[now], *links)]
        cursor.execute(f"{_TRANSFERS} VALUES {', '.join([self._row] * len(rows))} {_NEW}", values)
        return dict(cursor.fetchall())

    def enter(self, cursor: Any, entries: Sequence[EntryRow], accounts: Iterable[Sequence[int]]) -> None:
        cursor.executemany(self._entry, entries)
        cursor.executemany("UPDATE settlement_account SET balance = ?, version = ? WHERE id = ?", accounts)


class PostgreSQL:
    _rows = (
        "SELECT a, b, c, d::jsonb, e, f, g, h FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[], "
        "%s::timestamptz[], %s::timestamptz[], %s::bigint[], %s::bigint[]) AS batch (a, b, c, d, e, f, g, h)"
    )
    _enter = (
        f"WITH entered AS ({_ENTRIES} SELECT * FROM "  # noqa: S608  no value is in it
        "unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[])) "
        "UPDATE settlement_account SET balance = moved.balance, version = moved.version "
        "FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[]) AS moved (balance, version, id) "
        "WHERE settlement_account.id = moved.id"
    )

    def lock(self, cursor: Any, codes: Iterable[str]) -> list[Locked]:
        cursor.execute(f"{_ACCOUNTS} = ANY(%s) ORDER BY id FOR UPDATE", [list(codes)])
        found: list[Locked] = cursor.fetchall()
        return found

    def known(self, cursor: Any, keys: Iterable[str]) -> dict[str, tuple[int, str]]:
        cursor.execute(f"{_KNOWN} = ANY(%s)", [list(keys)])
        return {key: (pk, payload_hash) for key, pk, payload_hash in cursor.fetchall()}

    def insert(self, cursor: Any, rows: Sequence[TransferRow]) -> dict[str, int]:
        cursor.execute(f"{_TRANSFERS} {self._rows} {_NEW}", [list(column) for column in zip(*rows, strict=True)])
        return dict(cursor.fetchall())

    def enter(self, cursor: Any, entries: Sequence[EntryRow], accounts: Iterable[Sequence[int]]) -> None:
        columns: list[Any] = [list(column) for column in zip(*entries, strict=True)]
        cursor.execute(self._enter, [*columns, *(list(column) for column in zip(*accounts, strict=True))])


Dialect = SQLite | PostgreSQL
_DIALECTS: dict[str, Dialect] = {"sqlite": SQLite(), "postgresql": PostgreSQL()}


@contextmanager
def opened() -> Iterator[tuple[Dialect, Any]]:
    """The statements and the driver's cursor, in Django's transaction; errors are Django's."""
    database = connections[DEFAULT_DB_ALIAS]
    database.validate_no_broken_transaction()
    with database.wrap_database_errors, closing(database.connection.cursor()) as cursor:
        yield _DIALECTS[database.vendor], cursor
