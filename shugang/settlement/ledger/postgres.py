"""A batch on PostgreSQL: one call of the function that a migration makes, so one journey to the server.

The function does what `sqlite.py` does, in three set-based statements whose plans each session keeps. A batch goes as array
literals: a parameter a value would cost the client more than the server.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from datetime import datetime
from typing import Any

import psycopg
from django.db import transaction

from .postings import Hashed, already_resolved, conflict, insufficient

_CALL = f"SELECT settlement_post({', '.join(['%s'] * 12)})"
# What the function raises: a posting that is refused (its key in the detail), an account that is not open.
_REFUSED, _NO_ACCOUNT = "SG409", "SG404"


class PostgreSQL:
    @contextmanager
    def opened(self, database: Any) -> Iterator[Any]:
        """A cursor that binds on the server. Outside of a transaction, its one call is one by itself."""
        within = nullcontext() if database.get_autocommit() else transaction.atomic(using=database.alias)
        with within, database.wrap_database_errors, psycopg.Cursor(database.connection) as cursor:
            yield cursor

    def post(self, cursor: Any, batch: Sequence[Hashed], now: datetime) -> tuple[list[int], list[bool]]:
        """(ids, which are new)."""
        try:
            ids = cursor.execute(_CALL, _arguments(batch, now)).fetchone()[0].split(",")
        except psycopg.Error as error:
            _raise_ours(error)
            raise
        return [abs(int(pk)) for pk in ids], [pk[0] != "-" for pk in ids]


def _arguments(batch: Sequence[Hashed], now: datetime) -> list[str]:
    codes: dict[str, int] = {}
    lines: list[tuple[int, int, int]] = []
    for number, one in enumerate(batch, 1):
        lines += [(number, codes.setdefault(c, len(codes) + 1), amount) for c, amount in one.posting.lines.items()]
    keys, kinds, _, times, _, reverses, resolves = zip(*[one.posting for one in batch], strict=True)
    texts = {at: at.isoformat() for at in {*times, now}}
    return [
        _texts(keys),
        _texts([one.payload_hash for one in batch]),
        _texts(kinds),
        _texts([one.refs for one in batch]),
        _texts([texts[at] for at in times]),
        texts[now],
        _numbers(reverses),
        _numbers(resolves),
        _texts(list(codes)),
        *map(_numbers, zip(*lines, strict=True)),
    ]


def _texts(values: Sequence[str]) -> str:
    joined = '","'.join(values)
    if "\\" in joined or joined.count('"') != 2 * (len(values) - 1):
        joined = '","'.join([value.replace("\\", "\\\\").replace('"', '\\"') for value in values])
    return f'{{"{joined}"}}'


def _numbers(values: Iterable[int | None]) -> str:
    return f"{{{','.join(['NULL' if value is None else str(value) for value in values])}}}"


def _raise_ours(error: psycopg.Error) -> None:
    """The same refusals as on SQLite; returns when the error is none of the function's."""
    named, diagnosis = error.diag.message_detail or "", error.diag
    if error.sqlstate == _NO_ACCOUNT:
        raise LookupError(f"no account [{named}]") from None
    if error.sqlstate != _REFUSED:
        return
    if diagnosis.message_primary == "insufficient":
        raise insufficient(named, diagnosis.message_hint or "") from None
    raise (conflict if diagnosis.message_primary == "conflict" else already_resolved)(named) from None
