"""Tables of the journal, and what a start does with what a crash left behind."""

from __future__ import annotations

import sqlite3
import time
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

INSERT_RECORD = "INSERT INTO record (seq, grant_id, request_id, state, text, hash) VALUES (?, ?, ?, ?, ?, ?)"
ADD_USAGE = """
INSERT INTO usage VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (grant_id, day) DO UPDATE SET
    charged_calls = charged_calls + excluded.charged_calls,
    charged_rows = charged_rows + excluded.charged_rows,
    charged_bytes = charged_bytes + excluded.charged_bytes,
    uncharged_calls = uncharged_calls + excluded.uncharged_calls,
    uncharged_rows = uncharged_rows + excluded.uncharged_rows,
    uncharged_bytes = uncharged_bytes + excluded.uncharged_bytes
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


def append(con: sqlite3.Connection, entries: list[Entry], seq: int, head: str) -> tuple[int, str]:
    """Chain `entries` after `(seq, head)` inside the caller's transaction; returns the new head."""
    rows = []
    usage: dict[tuple[str, int], list[int]] = {}
    for entry in entries:
        seq += 1
        text = entry.text(seq, head)
        head = chain(head, text)
        template = entry.template
        rows.append((seq, template.grant, entry.request_id, template.state, text, head))
        if entry.counts:
            key = (template.grant, entry.day)
            sums = usage.get(key)
            if sums is None:
                sums = usage[key] = [0, 0, 0, 0, 0, 0]
            base = 0 if template.charged else 3
            sums[base] += 1
            sums[base + 1] += entry.rows
            sums[base + 2] += entry.bytes
    con.executemany(INSERT_RECORD, rows)
    for (grant, day), sums in usage.items():
        con.execute(ADD_USAGE, (grant, day, *sums))
    return seq, head


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
    seq, head = append(con, orphans, seq, head)
    con.execute("DELETE FROM intent")
    con.execute("DELETE FROM answer WHERE expires < ?", (now,))
    con.execute("DELETE FROM nonce WHERE expires < ?", (now,))
    con.execute("COMMIT")
    usage: dict[str, dict[int, list[int]]] = {}
    for grant, day, *sums in con.execute("SELECT * FROM usage"):
        usage.setdefault(grant, {})[day] = sums
    aborted = sum(entry.template.state == ABORTED for entry in orphans)
    return Restored(
        seq, head, dict(con.execute("SELECT key, value FROM meta")), usage,
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
