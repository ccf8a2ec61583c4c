"""A batch on SQLite: four statements whatever the number. Its lock is the transaction itself (BEGIN IMMEDIATE).

Balances run in Python between the statements; each window function would walk the same rows again.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from typing import Any

from django.db import transaction

from .postings import Hashed, Posting, already_resolved, conflict, insufficient

# Plain tuples: a class for each of hundreds of rows would cost as much as the statement.
EntryRow = tuple[int, int, int, int, int]  # account, version, transfer, amount, balance after
Stand = tuple[int, int, int]  # balance, version, account

_COLUMNS = ("key", "payload_hash", "kind", "refs", "effective_at", "created_at", "reverses_id", "resolves_id")
_ROW = f"({', '.join(['?'] * len(_COLUMNS))})"
_IN = "IN (SELECT value FROM json_each(?))"
_ACCOUNTS = f"SELECT code, floor, balance, version, id FROM settlement_account WHERE code {_IN}"  # noqa: S608
_INSERT = f"INSERT INTO settlement_transfer ({', '.join(_COLUMNS)}) VALUES "  # noqa: S608
_NEW = " ON CONFLICT DO NOTHING RETURNING key, id"
_KNOWN = f"SELECT key, id, payload_hash FROM settlement_transfer WHERE key {_IN}"  # noqa: S608
_ENTER = "INSERT INTO settlement_entry (account_id, version, transfer_id, amount, balance_after) VALUES (?, ?, ?, ?, ?)"
_MOVE = "UPDATE settlement_account SET balance = ?, version = ? WHERE id = ?"


class SQLite:
    @contextmanager
    def opened(self, database: Any) -> Iterator[Any]:
        """The driver's cursor in a transaction: the caller's, or one of the batch alone."""
        if not database.get_autocommit():
            within = transaction.atomic(using=database.alias), database.wrap_database_errors
            with within[0], within[1], closing(database.connection.cursor()) as cursor:
                yield cursor
            return
        with database.wrap_database_errors, closing(database.connection.cursor()) as cursor:
            cursor.execute("BEGIN IMMEDIATE")
            try:
                yield cursor
                cursor.execute("COMMIT")
            except BaseException:
                if database.connection.in_transaction:
                    cursor.execute("ROLLBACK")
                raise

    def post(self, cursor: Any, batch: Sequence[Hashed], now: datetime) -> tuple[list[int], list[bool]]:
        """(ids, which are new)."""
        codes = {code for one in batch for code in one.posting.lines}
        accounts = cursor.execute(_ACCOUNTS, [json.dumps(list(codes))]).fetchall()
        if len(accounts) < len(codes):
            raise LookupError(f"no account {sorted(codes - {code for code, *_ in accounts})}")
        new = _insert(cursor, batch, now)
        before: Mapping[str, int] = {}
        if len(new) < len(batch):
            before = _posted_before(cursor, [one for one in batch if one.posting.key not in new])
        if new:
            entries, stands = _entries(accounts, batch, new)
            cursor.executemany(_ENTER, entries)
            cursor.executemany(_MOVE, stands)
        ids = {**new, **before} if before else new
        return [ids[one.posting.key] for one in batch], [one.posting.key in new for one in batch]


def _insert(cursor: Any, batch: Sequence[Hashed], now: datetime) -> dict[str, int]:
    """Ids by key of the transfers whose key, hold and original were unused."""
    times = {
        at: str(at.astimezone(UTC).replace(tzinfo=None)) for at in {now, *(one.posting.effective_at for one in batch)}
    }
    posted = times[now]
    values: list[object] = []
    for (key, kind, _, at, _, reverses, resolves), refs, payload_hash in batch:
        values += (key, payload_hash, kind, refs, times[at], posted, reverses, resolves)
    cursor.execute(_INSERT + ", ".join([_ROW] * len(batch)) + _NEW, values)
    return dict(cursor.fetchall())


def _posted_before(cursor: Any, kept_out: Sequence[Hashed]) -> dict[str, int]:
    """Ids of postings that the database kept out: their key, hold or original was used before."""
    rows = cursor.execute(_KNOWN, [json.dumps([one.posting.key for one in kept_out])]).fetchall()
    known = {key: (pk, payload_hash) for key, pk, payload_hash in rows}
    for one in kept_out:
        if one.posting.key not in known:
            raise already_resolved(one.posting.key)
        if known[one.posting.key][1] != one.payload_hash:
            raise conflict(one.posting.key)
    return {key: pk for key, (pk, _) in known.items()}


def _entries(
    accounts: Sequence[tuple[str, int | None, int, int, int]], batch: Sequence[Hashed], new: Mapping[str, int]
) -> tuple[list[EntryRow], list[Stand]]:
    """Entries, each with its account's balance after it and next version in the order of the batch; and how each account
    stands at the end."""
    stands: dict[str, Stand] = {code: (balance, version, pk) for code, _, balance, version, pk in accounts}
    floors = {code: floor for code, floor, *_ in accounts if floor is not None}
    entries: list[EntryRow] = []
    moved = set()
    for one in batch:
        posting: Posting = one.posting
        transfer = new.get(posting.key)
        if transfer is None:
            continue
        for code, amount in posting.lines.items():
            balance, version, account = stands[code]
            balance += amount
            version += 1
            if code in floors and balance < floors[code]:
                raise insufficient(posting.key, code)
            stands[code] = (balance, version, account)
            entries.append((account, version, transfer, amount, balance))
            moved.add(code)
    # By account: an index that is entered in its own order is walked once.
    entries.sort()
    return entries, [stands[code] for code in moved]
