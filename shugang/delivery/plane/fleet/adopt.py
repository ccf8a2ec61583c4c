"""Moving a plane's own journal into the shared one, when a plane that has served alone becomes a fleet.

Control holds one chain per plane: a shared journal that began anew would be a fork of it. So all that the file holds is
carried over in one transaction, and the file is put aside under another name, so that nobody goes back to it.
"""

from __future__ import annotations

import asyncio
import json
import logging
import sqlite3
from collections.abc import Iterable
from typing import Any

import psycopg

from shugang.delivery.plane import schema
from shugang.delivery.plane.config import PlaneConfig
from shugang.delivery.plane.fleet import tables
from shugang.delivery.plane.fleet.draws import spans
from shugang.delivery.plane.fleet.tables import CELLS, NOBODY, rows

log = logging.getLogger("shugang.plane.fleet")
MOVED = ".moved"
_COPIED = ("batch (last, first, text)", "billing (grant_id, request_id, seq)", "nonce (credential, nonce, expires)",
           "answer (grant_id, request_id, expires, content_type, body)", "numbering (grant_id, last)",
           "timed (grant_id, day, ms)")  # fmt: skip


def adopt(config: PlaneConfig) -> None:
    """Nothing where there is no file. Raises OtherSchema where both journals hold records; psycopg.Error."""
    path = config.journal_path
    if not path.exists():
        return
    con = schema.connect(str(path))
    try:
        restored = schema.restore(con)
        if restored.seq:
            asyncio.run(_carry(config, con, restored))
        con.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        con.close()
    path.rename(path.with_name(path.name + MOVED))
    log.warning("%d records were moved into the shared journal", restored.seq)


async def _carry(config: PlaneConfig, con: sqlite3.Connection, restored: schema.Restored) -> None:
    shared = await tables.connect(config.journal_dsn(), config.plane_id, "adopt")
    try:
        await tables.create(shared, config.plane_id)
        async with shared.transaction():
            ((seq, _),) = await rows(shared, tables.HEAD)
            if not seq:
                await _copy(shared, con, restored)
            elif not await _holds(shared, restored):
                raise schema.OtherSchema(f"{config.journal_path} and the shared journal both hold records")
    finally:
        await shared.close()


async def _holds(shared: psycopg.AsyncConnection[Any], restored: schema.Restored) -> bool:
    """Whether an earlier move was committed and only the file was not put aside."""
    found = await rows(shared, tables.BATCH_OF, restored.seq)
    if not found:
        return False
    first, text = found[0]
    return bool(json.loads(text.split(schema.JOIN)[restored.seq - first])["hash"] == restored.head)


async def _copy(shared: psycopg.AsyncConnection[Any], con: sqlite3.Connection, restored: schema.Restored) -> None:
    for target in _COPIED:
        table, _, columns = target.partition(" ")
        await _load(shared, target, con.execute(f"SELECT {columns[1:-1]} FROM {table}"))  # noqa: S608 our own names
    await shared.execute(tables.SET_HEAD, (restored.seq, restored.head))
    for key, value in restored.meta.items():
        await shared.execute(tables.SET_META, (key, value))
    quota: dict[tuple[str, str], list[int]] = {}
    for grant, days in restored.usage.items():
        for day, cells in days.items():
            await shared.execute(tables.SET_USED, (NOBODY, grant, day, [*cells, 0]))
            for span in spans(day):
                known = quota.setdefault((grant, span), [0] * CELLS)
                quota[grant, span] = [a + b for a, b in zip(known, [*cells, 0], strict=True)]
    await _load(shared, "quota (grant_id, span, cells)", ((*key, cells) for key, cells in quota.items()))


async def _load(shared: psycopg.AsyncConnection[Any], target: str, found: Iterable[tuple[Any, ...]]) -> None:
    async with shared.cursor() as cursor, cursor.copy(f"COPY {target} FROM STDIN") as copy:
        for row in found:
            await copy.write_row(row)
