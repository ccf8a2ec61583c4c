"""Tables of the journal, and what a start does with what a crash left behind."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterator
from datetime import datetime
from hashlib import sha256
from json.encoder import encode_basestring as quote
from typing import Any, NamedTuple

from shugang.delivery.plane.clock import rule_day
from shugang.delivery.plane.records import (
    ABORTED,
    ANSWERED,
    GENESIS,
    VOID,
    Entry,
    Template,
    canonical,
)
from shugang.policy.priceplan import CONTINUED

ANSWER_SECONDS = 24 * 3600
NONCE_SECONDS = 24 * 3600

SCHEMA = """
-- One row a flush: records `first` to `last` as they are shipped (canonical, hash appended), joined by `,` and a
-- line break, which no canonical record contains. A row a record would cost twice as much.
CREATE TABLE IF NOT EXISTS batch (last INTEGER PRIMARY KEY, first INTEGER NOT NULL, text TEXT NOT NULL);
-- The billing key: one use of a grant under one request id, whatever happens. Ids that the plane makes (sg-…) are
-- unique by their making and never looked up, so that they are not here.
CREATE TABLE IF NOT EXISTS billing (
    grant_id TEXT NOT NULL,
    request_id TEXT NOT NULL,
    seq INTEGER NOT NULL,
    PRIMARY KEY (grant_id, request_id)
) WITHOUT ROWID;
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
-- Sums of the records up to `folded_seq`; `sums` computes the same from the records alone.
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
-- The last number within each grant, up to `folded_seq`.
CREATE TABLE IF NOT EXISTS numbering (grant_id TEXT PRIMARY KEY, last INTEGER NOT NULL) WITHOUT ROWID;
-- How long streams were open under a grant, by rule day, as their records say.
CREATE TABLE IF NOT EXISTS timed (
    grant_id TEXT NOT NULL, day INTEGER NOT NULL, ms INTEGER NOT NULL, PRIMARY KEY (grant_id, day)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
"""

INSERT_BATCH = "INSERT INTO batch (last, first, text) VALUES (?, ?, ?)"
INSERT_BILLING = "INSERT INTO billing (grant_id, request_id, seq) VALUES (?, ?, ?)"
JOIN = ",\n"
# Request ids of the plane's own making: they name no retry, and a client's guess must not meet one still to be made.
MADE_HERE = "sg-"
VERSION = 3
ADD_USAGE = """
INSERT INTO usage VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (grant_id, day) DO UPDATE SET
    charged_calls = charged_calls + excluded.charged_calls,
    charged_rows = charged_rows + excluded.charged_rows,
    charged_bytes = charged_bytes + excluded.charged_bytes,
    uncharged_calls = uncharged_calls + excluded.uncharged_calls,
    uncharged_rows = uncharged_rows + excluded.uncharged_rows,
    uncharged_bytes = uncharged_bytes + excluded.uncharged_bytes
"""
BATCHES_AFTER = "SELECT first, last, text FROM batch WHERE last > ? ORDER BY last"
BATCH_OF = "SELECT first, text FROM batch WHERE last >= ? ORDER BY last LIMIT 1"
# An entry whose rows and bytes count and which is no further call.
AMOUNTS = 2
# A listing is no use: it draws on no quota.
LISTINGS = ("metadata", "manifest", "changes")
FOLDED = "folded_seq"
FOLD_EVERY = 4096
SET_META = "INSERT INTO meta VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value"
# All intents of a flush at once, from JSON: each statement gives the interpreter away, and waits to have it back.
_INTENT = "grant_id, request_id, credential, mode, action, version, at, received_at, day, detail"
_CELLS = ", ".join(f"json_extract(value, '$[{n}]')" for n in range(_INTENT.count(",") + 1))
OPEN_INTENTS = f"INSERT INTO intent ({_INTENT}) SELECT {_CELLS} FROM json_each(?)"  # noqa: S608
CLOSE_INTENTS = """
DELETE FROM intent WHERE (grant_id, request_id) IN
    (SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]') FROM json_each(?))
"""


# Which earlier ranges of a file are billed: their numbers tell them (see `plane.pieces`).
RANGES = "SELECT request_id FROM billing WHERE grant_id = ? AND request_id >= ? AND request_id < ?"


class OtherSchema(RuntimeError):
    """The journal's tables are not those of this version."""


class Restored(NamedTuple):
    seq: int
    head: str
    meta: dict[str, str]
    usage: dict[str, dict[int, list[int]]]
    numbers: dict[str, int]
    nonces: dict[tuple[str, str], float]
    voided: int
    aborted: int


EMPTY = Restored(0, GENESIS, {}, {}, {}, {}, 0, 0)


def connect(path: str) -> sqlite3.Connection:
    """The one writing connection. FULL: an acknowledged record survives a power loss, not only a kill."""
    con = sqlite3.connect(path, isolation_level=None, check_same_thread=False, cached_statements=256)
    con.execute("PRAGMA journal_mode=WAL")
    con.execute("PRAGMA synchronous=FULL")
    # Copying the log home inside a commit would hold every caller for its length: a thread of its own does it.
    con.execute("PRAGMA wal_autocheckpoint=0")
    (version,) = con.execute("PRAGMA user_version").fetchone()
    if version not in (0, VERSION) or (version == 0 and con.execute("SELECT 1 FROM sqlite_master").fetchone()):
        con.close()
        raise OtherSchema(f"{path} was written by another version of the plane; ship it home with that one first")
    create(con)
    return con


def create(con: sqlite3.Connection) -> None:
    """Tables and version in one transaction: a power loss at the first start must not leave tables of no version."""
    con.executescript(f"BEGIN IMMEDIATE;{SCHEMA}PRAGMA user_version = {VERSION};COMMIT")


def connect_reader(path: str) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{path}?mode=ro", uri=True, isolation_level=None, check_same_thread=False)


Usage = dict[tuple[str, int], list[int]]


class Chained(NamedTuple):
    """Entries as they go into the tables, and the head after them."""

    first: int
    seq: int
    head: str
    text: str
    billing: list[tuple[str, str, int]]
    usage: Usage


def chained(entries: list[Entry], seq: int, head: str, numbers: dict[str, int]) -> Chained:
    """Number and chain `entries` after `(seq, head)`; `numbers` holds the last one of each grant and is advanced.
    This runs for every answer, so that it does inline what `Entry.text`, `chain` and `with_hash` do (a test holds them
    equal)."""
    lines: list[str] = []
    billing: list[tuple[str, str, int]] = []
    usage: Usage = {}
    first = seq + 1
    add = lines.append
    known: Template | None = None
    then = -1
    for template, request_id, at, received_at, count, size, digest, detail, day, counts in entries:
        if template is not known:
            known, then, grant, base = template, -1, template.grant, 0 if template.charged else 3
            a, b, c, d, e, f, g, h, i, j, k = template.parts
        seq += 1
        made_here = request_id[:3] == MADE_HERE
        named = f'"{request_id}"' if made_here else quote(request_id)
        numbers[grant] = number = numbers.get(grant, 0) + 1
        text = (
            f"{a}{digest}{b}{at}{c}{size}{d}{detail}{e}{number}{f}{head}{g}{received_at}{h}{named}{i}{count}{j}{seq}{k}"
        )
        head = sha256(f"{head}{text}}}".encode()).hexdigest()
        add(f'{text},"hash":"{head}"}}')
        if not made_here and template.state in (ANSWERED, ABORTED):
            billing.append((grant, request_id, seq))
        if counts:
            if day != then:
                then, cells = day, usage.setdefault((grant, day), [0, 0, 0, 0, 0, 0])
            if counts is not AMOUNTS:
                cells[base] += 1
            cells[base + 1] += count
            cells[base + 2] += size
    return Chained(first, seq, head, JOIN.join(lines), billing, usage)


def write(con: sqlite3.Connection, batch: Chained) -> None:
    """Inside the caller's transaction (or as one, where `batch` bills no id of a client)."""
    if batch.billing:
        con.executemany(INSERT_BILLING, batch.billing)
    if batch.text:
        con.execute(INSERT_BATCH, (batch.seq, batch.first, batch.text))


def fold(con: sqlite3.Connection, usage: Usage, seq: int, numbers: dict[str, int]) -> None:
    """Inside the caller's transaction: `usage` holds the records up to `seq` that were not folded yet, `numbers` the
    last number by then of each grant that they name."""
    con.executemany(ADD_USAGE, [(*key, *sums) for key, sums in usage.items()])
    con.executemany("INSERT OR REPLACE INTO numbering VALUES (?, ?)", list(numbers.items()))
    con.execute(SET_META, (FOLDED, str(seq)))


def merge(into: Usage, more: Usage) -> None:
    for key, sums in more.items():
        kept = into.setdefault(key, [0] * 6)
        for cell, value in enumerate(sums):
            kept[cell] += value


def restore(con: sqlite3.Connection) -> Restored:
    """Resolve what was open at the crash: `void` where nothing left, `aborted` (billing what left) otherwise."""
    row = con.execute("SELECT last, text FROM batch ORDER BY last DESC LIMIT 1").fetchone()
    seq, head = (row[0], json.loads(row[1].rsplit(JOIN, 1)[-1])["hash"]) if row else (0, GENESIS)
    orphans = [
        resolve(row)
        for row in con.execute(
            "SELECT grant_id, request_id, credential, mode, action, version, outcome, charged, reason, at,"
            " received_at, day, detail, released_bytes, released_rows FROM intent ORDER BY received_at, request_id"
        ).fetchall()
    ]
    now = time.time()
    con.execute("BEGIN IMMEDIATE")
    meta: dict[str, str] = dict(con.execute("SELECT key, value FROM meta"))
    folded = int(meta.get(FOLDED, "0"))
    numbers = _numbers(con, folded)
    resolved = chained(orphans, seq, head, numbers)
    write(con, resolved)
    fold(con, sums(con, folded), resolved.seq, numbers)
    con.execute("DELETE FROM intent")
    con.execute("DELETE FROM answer WHERE expires < ?", (now,))
    con.execute("DELETE FROM nonce WHERE expires < ?", (now,))
    con.execute("COMMIT")
    usage: dict[str, dict[int, list[int]]] = {}
    for grant, day, *cells in con.execute("SELECT * FROM usage"):
        usage.setdefault(grant, {})[day] = cells
    aborted = sum(entry.template.state == ABORTED for entry in orphans)
    return Restored(
        resolved.seq,
        resolved.head,
        meta,
        usage,
        numbers,
        {(c, n): e for c, n, e in con.execute("SELECT credential, nonce, expires FROM nonce")},
        len(orphans) - aborted,
        aborted,
    )


def resolve(row: tuple[Any, ...]) -> Entry:
    (
        grant,
        request_id,
        credential,
        mode,
        action,
        version,
        outcome,
        charged,
        reason,
        at,
        received_at,
        day,
        detail,
        released,
        rows,
    ) = row
    if released:
        made = Template(grant, credential, mode, action, outcome, version, bool(charged), reason, ABORTED)
        return Entry(made, request_id, at, received_at, rows, released, "", detail, day, _counts(outcome))
    made = Template(grant, credential, mode, action, "interrupted", version, False, "void", VOID)
    return Entry(made, request_id, at, received_at, 0, 0, "", detail, day, False)


def _counts(outcome: str) -> bool | int:
    return AMOUNTS if outcome == CONTINUED else True


def _numbers(con: sqlite3.Connection, folded: int) -> dict[str, int]:
    found: dict[str, int] = dict(con.execute("SELECT grant_id, last FROM numbering"))
    for text in records(con, folded):
        record = json.loads(text)
        found[record["grant"]] = record["grant_seq"]
    return found


def records(con: sqlite3.Connection, after: int = 0) -> Iterator[str]:
    """The texts of the records after `after`, in order."""
    for first, _, text in con.execute(BATCHES_AFTER, (after,)):
        yield from text.split(JOIN)[max(0, after + 1 - first) :]


def sums(con: sqlite3.Connection, after: int = 0) -> Usage:
    """The sums of the records after `after`, from the records alone; days are those of `at` in Shanghai."""
    usage: Usage = {}
    for text in records(con, after):
        record = json.loads(text)
        if record["state"] in (ANSWERED, ABORTED) and record["outcome"] not in LISTINGS:
            day = rule_day(datetime.fromisoformat(record["at"]).timestamp())
            base = 0 if record["charged"] else 3
            amounts = [0] * 6
            call = 0 if record["outcome"] == CONTINUED else 1
            amounts[base : base + 3] = call, record["rows"], record["bytes"]
            merge(usage, {(record["grant"], day): amounts})
    return usage


class Books(NamedTuple):
    """What the plane has summed up to record `seq`: grant → charged and uncharged calls, rows, bytes."""

    seq: int
    head: str
    sums: dict[str, list[int]]


def books(path: str) -> Books:
    """One moment of the journal: the folded sums and those of the records after them."""
    con = connect_reader(path)
    try:
        con.execute("BEGIN")
        row = con.execute("SELECT last, text FROM batch ORDER BY last DESC LIMIT 1").fetchone()
        seq, head = (row[0], json.loads(row[1].rsplit(JOIN, 1)[-1])["hash"]) if row else (0, GENESIS)
        found: dict[str, list[int]] = {}
        kept = {(grant, day): cells for grant, day, *cells in con.execute("SELECT * FROM usage")}
        meta = con.execute("SELECT value FROM meta WHERE key = ?", (FOLDED,)).fetchone()
        merge(kept, sums(con, int(meta[0]) if meta else 0))
        for (grant, _), cells in kept.items():
            total = found.setdefault(grant, [0] * 6)
            for cell, value in enumerate(cells):
                total[cell] += value
        return Books(seq, head, found)
    finally:
        con.close()


EMPTY_DETAIL = canonical({})
