"""Tables of the journal, and what a start does with what a crash left behind."""

from __future__ import annotations

import sqlite3
import time
from functools import lru_cache
from typing import Any, NamedTuple

from shugang.delivery.plane.records import (
    ABORTED,
    ANSWERED,
    GENESIS,
    VOID,
    Entry,
    Template,
    canonical,
    chain,
)

ANSWER_SECONDS = 24 * 3600
NONCE_SECONDS = 24 * 3600

SCHEMA = """
CREATE TABLE IF NOT EXISTS record (
    seq INTEGER PRIMARY KEY,
    grant_id TEXT NOT NULL,
    request_id TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('answered', 'aborted', 'refused', 'void')),
    text TEXT NOT NULL,
    hash TEXT NOT NULL
);
-- The billing key: one use of a grant under one request id, whatever happens.
CREATE UNIQUE INDEX IF NOT EXISTS record_billing_key ON record (grant_id, request_id)
    WHERE state IN ('answered', 'aborted');
CREATE TABLE IF NOT EXISTS intent (
    grant_id TEXT NOT NULL,
    request_id TEXT NOT NULL,
    credential TEXT NOT NULL,
    mode TEXT NOT NULL,
    action TEXT NOT NULL,
    version INTEGER NOT NULL,
    outcome TEXT NOT NULL DEFAULT '',
    charged INTEGER NOT NULL DEFAULT 0,
    reason TEXT NOT NULL DEFAULT '',
    at TEXT NOT NULL,
    received_at TEXT NOT NULL,
    day INTEGER NOT NULL,
    detail TEXT NOT NULL,
    released_bytes INTEGER NOT NULL DEFAULT 0,
    released_rows INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (grant_id, request_id)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS answer (
    grant_id TEXT NOT NULL,
    request_id TEXT NOT NULL,
    expires REAL NOT NULL,
    content_type TEXT NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (grant_id, request_id)
);
CREATE TABLE IF NOT EXISTS nonce (
    credential TEXT NOT NULL,
    nonce TEXT NOT NULL,
    expires REAL NOT NULL,
    PRIMARY KEY (credential, nonce)
) WITHOUT ROWID;
-- Folded from the records in the same transaction; `recount` proves it.
CREATE TABLE IF NOT EXISTS usage (
    grant_id TEXT NOT NULL,
    day INTEGER NOT NULL,
    charged_calls INTEGER NOT NULL,
    charged_rows INTEGER NOT NULL,
    charged_bytes INTEGER NOT NULL,
    uncharged_calls INTEGER NOT NULL,
    uncharged_rows INTEGER NOT NULL,
    uncharged_bytes INTEGER NOT NULL,
    PRIMARY KEY (grant_id, day)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
"""

INSERT_RECORDS = "INSERT INTO record (seq, grant_id, request_id, state, text, hash) VALUES "
ROWS_PER_INSERT = 128
ADD_USAGE = """
INSERT INTO usage VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (grant_id, day) DO UPDATE SET
    charged_calls = charged_calls + excluded.charged_calls,
    charged_rows = charged_rows + excluded.charged_rows,
    charged_bytes = charged_bytes + excluded.charged_bytes,
    uncharged_calls = uncharged_calls + excluded.uncharged_calls,
    uncharged_rows = uncharged_rows + excluded.uncharged_rows,
    uncharged_bytes = uncharged_bytes + excluded.uncharged_bytes
"""
# The shipped form of `records.with_hash`.
SHIP = """
SELECT max(seq), group_concat(substr(text, 1, length(text) - 1) || ',"hash":"' || hash || '"}', ',')
FROM (SELECT seq, text, hash FROM record WHERE seq > ? ORDER BY seq LIMIT ?)
"""
SET_META = "INSERT INTO meta VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value"
CLOSE_INTENT = "DELETE FROM intent WHERE grant_id = ? AND request_id = ?"


class Restored(NamedTuple):
    seq: int
    head: str
    meta: dict[str, str]
    usage: dict[str, dict[int, list[int]]]
    nonces: dict[tuple[str, str], float]
    voided: int
    aborted: int


def connect(path: str) -> sqlite3.Connection:
    """The one writing connection. FULL: an acknowledged record survives a power loss, not only a kill."""
    con = sqlite3.connect(path, isolation_level=None, check_same_thread=False, cached_statements=256)
    con.execute("PRAGMA journal_mode=WAL")
    con.execute("PRAGMA synchronous=FULL")
    con.execute("PRAGMA wal_autocheckpoint=4000")
    con.executescript(SCHEMA)
    return con


def connect_reader(path: str) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{path}?mode=ro", uri=True, isolation_level=None, check_same_thread=False)


class Chained(NamedTuple):
    """Entries as they go into the tables, and the head after them."""

    seq: int
    head: str
    rows: list[Any]
    usage: list[tuple[str | int, ...]]


def chained(entries: list[Entry], seq: int, head: str) -> Chained:
    """Number and chain `entries` after `(seq, head)`. `rows` is flat: six values a record."""
    rows: list[Any] = []
    usage: dict[tuple[str, int], list[int]] = {}
    for entry in entries:
        seq += 1
        template, request_id, _, _, count, size, _, _, day, counts = entry
        text = entry.text(seq, head)
        head = chain(head, text)
        rows += (seq, template.grant, request_id, template.state, text, head)
        if counts:
            key = (template.grant, day)
            sums = usage.get(key)
            if sums is None:
                sums = usage[key] = [0, 0, 0, 0, 0, 0]
            base = 0 if template.charged else 3
            sums[base] += 1
            sums[base + 1] += count
            sums[base + 2] += size
    return Chained(seq, head, rows, [(*key, *sums) for key, sums in usage.items()])


def write(con: sqlite3.Connection, batch: Chained) -> None:
    """Inside the caller's transaction. Few long statements, since each gives the interpreter away and waits to
    get it back while the event loop is busy."""
    for start in range(0, len(batch.rows), 6 * ROWS_PER_INSERT):
        part = batch.rows[start : start + 6 * ROWS_PER_INSERT]
        con.execute(_insert(len(part) // 6), part)
    con.executemany(ADD_USAGE, batch.usage)


@lru_cache(maxsize=ROWS_PER_INSERT)
def _insert(count: int) -> str:
    return INSERT_RECORDS + ", ".join(["(?, ?, ?, ?, ?, ?)"] * count)


def restore(con: sqlite3.Connection) -> Restored:
    """Resolve what was open at the crash: `void` where nothing left, `aborted` (billing what left) otherwise."""
    row = con.execute("SELECT seq, hash FROM record ORDER BY seq DESC LIMIT 1").fetchone()
    seq, head = row if row else (0, GENESIS)
    orphans = [_resolve(row) for row in con.execute(
        "SELECT grant_id, request_id, credential, mode, action, version, outcome, charged, reason, at,"
        " received_at, day, detail, released_bytes, released_rows FROM intent ORDER BY received_at, request_id"
    ).fetchall()]
    now = time.time()
    con.execute("BEGIN IMMEDIATE")
    resolved = chained(orphans, seq, head)
    write(con, resolved)
    con.execute("DELETE FROM intent")
    con.execute("DELETE FROM answer WHERE expires < ?", (now,))
    con.execute("DELETE FROM nonce WHERE expires < ?", (now,))
    con.execute("COMMIT")
    usage: dict[str, dict[int, list[int]]] = {}
    for grant, day, *sums in con.execute("SELECT * FROM usage"):
        usage.setdefault(grant, {})[day] = sums
    aborted = sum(entry.template.state == ABORTED for entry in orphans)
    return Restored(
        resolved.seq, resolved.head, dict(con.execute("SELECT key, value FROM meta")), usage,
        {(c, n): e for c, n, e in con.execute("SELECT credential, nonce, expires FROM nonce")},
        len(orphans) - aborted, aborted,
    )


def _resolve(row: tuple[Any, ...]) -> Entry:
    (grant, request_id, credential, mode, action, version, outcome, charged, reason, at, received_at,
     day, detail, released, rows) = row
    if released:
        made = Template(grant, credential, mode, action, outcome, version, bool(charged), reason, ABORTED)
        return Entry(made, request_id, at, received_at, rows, released, "", detail, day, True)
    made = Template(grant, credential, mode, action, "interrupted", version, False, "void", VOID)
    return Entry(made, request_id, at, received_at, 0, 0, "", detail, day, False)


def recount(con: sqlite3.Connection) -> dict[tuple[str, str, bool], tuple[int, int, int]]:
    """Calls, rows and bytes by (grant, day of `at` as recorded, charged), from the records alone."""
    found: dict[tuple[str, str, bool], tuple[int, int, int]] = {}
    query = (
        "SELECT grant_id, date(json_extract(text, '$.at'), '+8 hours'), json_extract(text, '$.charged'),"
        " count(*), sum(json_extract(text, '$.rows')), sum(json_extract(text, '$.bytes')) FROM record"
        " WHERE state IN (?, ?) AND json_extract(text, '$.outcome') NOT IN ('metadata', 'manifest') GROUP BY 1, 2, 3"
    )
    for grant, day, charged, calls, rows, size in con.execute(query, (ANSWERED, ABORTED)):
        found[grant, day, bool(charged)] = (calls, rows, size)
    return found


EMPTY_DETAIL = canonical({})
