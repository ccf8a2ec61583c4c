"""The shared journal's tables in PostgreSQL, one schema a plane, and the statements that touch them.

Records, billing keys, intents, answers and numbers are those of `plane.schema`. What is new is who owns what: every row
of `used` and `drawn` is written by one worker alone; `quota` and `bucket` are shared and changed only by draws, which
wait for no disk; `head` is the one lock through which every record passes.
"""

from __future__ import annotations

import hashlib
import re
from typing import Any

import psycopg
from psycopg import sql

from shugang.delivery.plane import schema
from shugang.delivery.plane.records import GENESIS, Entry
from shugang.delivery.plane.schema import OtherSchema

VERSION = "3"
# Calls, rows, bytes charged (0..2) and uncharged (3..5), and calls whose kind is not known yet.
CELLS, HELD = 7, 6
# What workers have left behind when they ended.
NOBODY = 0
# Sessions of a worker that stops between two statements are ended by the server, and with them its locks.
IDLE_SECONDS = 10

SCHEMA = """
CREATE TABLE head (one boolean PRIMARY KEY DEFAULT true CHECK (one), seq bigint NOT NULL, hash text NOT NULL);
CREATE TABLE batch (last bigint PRIMARY KEY, first bigint NOT NULL, text text NOT NULL);
CREATE TABLE billing (
    grant_id text, request_id text COLLATE "C", seq bigint NOT NULL, PRIMARY KEY (grant_id, request_id)
);
CREATE TABLE intent (
    grant_id text, request_id text, credential text NOT NULL, mode text NOT NULL, action text NOT NULL,
    version integer NOT NULL, outcome text NOT NULL DEFAULT '', charged boolean NOT NULL DEFAULT false,
    reason text NOT NULL DEFAULT '', at text NOT NULL, received_at text NOT NULL, day integer NOT NULL,
    detail text NOT NULL, released_bytes bigint NOT NULL DEFAULT 0, released_rows bigint NOT NULL DEFAULT 0,
    worker integer NOT NULL, PRIMARY KEY (grant_id, request_id)
);
CREATE TABLE answer (
    grant_id text, request_id text, expires double precision NOT NULL, content_type text NOT NULL, body bytea NOT NULL,
    PRIMARY KEY (grant_id, request_id)
);
CREATE TABLE nonce (
    credential text, nonce text, expires double precision NOT NULL, PRIMARY KEY (credential, nonce)
);
CREATE TABLE numbering (grant_id text PRIMARY KEY, last bigint NOT NULL);
CREATE TABLE meta (key text PRIMARY KEY, value text NOT NULL);
CREATE SEQUENCE worker_id AS integer;
CREATE TABLE worker (
    id integer PRIMARY KEY, place text NOT NULL, revision bigint NOT NULL DEFAULT 0,
    since timestamptz NOT NULL DEFAULT now(), address text NOT NULL DEFAULT ''
);
-- The sums of what each worker recorded; the sums of `sums` by another road.
CREATE TABLE used (worker integer, grant_id text, day integer, cells bigint[] NOT NULL,
    PRIMARY KEY (worker, grant_id, day));
-- What each worker took from the quotas, recorded or still under way.
CREATE TABLE drawn (worker integer, grant_id text, day integer, cells bigint[] NOT NULL,
    PRIMARY KEY (worker, grant_id, day));
-- All that is taken by anybody, by window: `t`, `m24321` (year * 12 + month), `d20400` (rule day).
CREATE TABLE quota (grant_id text, span text, cells bigint[] NOT NULL, PRIMARY KEY (grant_id, span))
    WITH (fillfactor = 50);
CREATE TABLE bucket (grant_id text PRIMARY KEY, tokens double precision NOT NULL, at timestamptz NOT NULL)
    WITH (fillfactor = 50);
-- A request id of a client that is being answered by some worker.
CREATE TABLE claim (grant_id text, request_id text, worker integer NOT NULL, PRIMARY KEY (grant_id, request_id));
"""
# A buyer's query whose number was told; `worker` runs it or keeps its answer, NOBODY where that one ended.
JOBS = """
CREATE TABLE job (
    id text COLLATE "C" PRIMARY KEY, worker integer NOT NULL, grants text[] NOT NULL, credentials text[] NOT NULL,
    request_id text NOT NULL, began timestamptz NOT NULL DEFAULT now()
);
"""
# How long streams were open: as recorded, and taken by a worker and not recorded yet (`plane.timed`). A statement of a
# function sees what was committed before it, so that the sums are read under the lock.
TIMES = """
CREATE TABLE timed (grant_id text, day integer, ms bigint NOT NULL, PRIMARY KEY (grant_id, day));
CREATE TABLE timing (worker integer, grant_id text, day integer, ms bigint NOT NULL, PRIMARY KEY (worker, grant_id, day));
CREATE FUNCTION take_time(w integer, g text, d integer, wanted bigint, since integer[], most bigint[])
RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    got bigint := wanted;
    used bigint;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended(current_schema() || g, 7));
    FOR i IN 1 .. array_length(most, 1) LOOP
        SELECT coalesce(sum(ms), 0) INTO used FROM (
            SELECT ms FROM timed WHERE grant_id = g AND day >= since[i]
            UNION ALL SELECT ms FROM timing WHERE grant_id = g AND day >= since[i]) AS both_kinds;
        got := least(got, most[i] - used);
    END LOOP;
    IF got <= 0 THEN RETURN 0; END IF;
    INSERT INTO timing VALUES (w, g, d, got)
        ON CONFLICT (worker, grant_id, day) DO UPDATE SET ms = timing.ms + excluded.ms;
    RETURN got;
END $$;
"""
# What makes the tables of an earlier version those of this one.
UPGRADES = {"1": "ALTER TABLE worker ADD address text NOT NULL DEFAULT '';" + JOBS + TIMES, "2": TIMES}

HEAD = "SELECT seq, hash FROM head FOR UPDATE"
SET_HEAD = "UPDATE head SET seq = %s, hash = %s"
NUMBERS = "SELECT grant_id, last FROM numbering WHERE grant_id = ANY(%s)"
SET_NUMBER = "INSERT INTO numbering VALUES (%s, %s) ON CONFLICT (grant_id) DO UPDATE SET last = excluded.last"
INSERT_BATCH = "INSERT INTO batch (last, first, text) VALUES (%s, %s, %s)"
INSERT_BILLING = "INSERT INTO billing (grant_id, request_id, seq) VALUES (%s, %s, %s)"
BATCHES_AFTER = "SELECT first, last, text FROM batch WHERE last > %s ORDER BY last LIMIT %s"
BATCH_OF = "SELECT first, text FROM batch WHERE last >= %s ORDER BY last LIMIT 1"
# The oldest flushes that control has whole; the last one always stays.
OLDEST = (
    "SELECT last, text FROM batch WHERE last <= (SELECT coalesce(max(value::bigint), 0) FROM meta WHERE key = %s)"
    " AND last < (SELECT seq FROM head) ORDER BY last LIMIT %s"
)
BOOKS = "SELECT head.seq, head.hash, used.grant_id, used.cells FROM head LEFT JOIN used ON true"
RANGES = "SELECT request_id FROM billing WHERE grant_id = %s AND request_id >= %s AND request_id < %s"
INSERT_INTENT = (
    "INSERT INTO intent (grant_id, request_id, credential, mode, action, version, at, received_at, day, detail, worker)"
    " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
)
RELEASED = (
    "UPDATE intent SET released_bytes = %s, released_rows = %s, outcome = %s, charged = %s, reason = %s"
    " WHERE grant_id = %s AND request_id = %s"
)
CLOSE_INTENT = "DELETE FROM intent WHERE grant_id = %s AND request_id = %s"
INTENTS = (
    "SELECT grant_id, request_id, credential, mode, action, version, outcome, charged, reason, at, received_at, day,"
    " detail, released_bytes, released_rows FROM intent WHERE worker = %s ORDER BY received_at, request_id"
)
SET_ANSWER = (
    "INSERT INTO answer VALUES (%s, %s, %s, %s, %s) ON CONFLICT (grant_id, request_id) DO UPDATE SET"
    " expires = excluded.expires, content_type = excluded.content_type, body = excluded.body"
)
SET_META = "INSERT INTO meta VALUES (%s, %s) ON CONFLICT (key) DO UPDATE SET value = excluded.value"
# Numbers that only grow, whichever worker writes last.
RAISE_META = (
    "INSERT INTO meta VALUES (%s, %s) ON CONFLICT (key) DO UPDATE SET value = excluded.value"
    " WHERE meta.value::bigint < excluded.value::bigint"
)
SET_USED = (
    "INSERT INTO used VALUES (%s, %s, %s, %s) ON CONFLICT (worker, grant_id, day) DO UPDATE SET cells = excluded.cells"
)
SET_DRAWN = (
    "INSERT INTO drawn VALUES (%s, %s, %s, %s) ON CONFLICT (worker, grant_id, day) DO UPDATE SET cells = excluded.cells"
)
MAKE_QUOTA = "INSERT INTO quota VALUES (%s, %s, array_fill(0::bigint, ARRAY[7])) ON CONFLICT DO NOTHING"
# In one order for everybody, so that nobody waits in a circle.
LOCK_QUOTA = (
    "SELECT grant_id, span, cells FROM quota JOIN unnest(%s::text[], %s::text[]) AS asked (g, s)"
    " ON grant_id = g AND span = s ORDER BY grant_id, span FOR UPDATE OF quota"
)
SET_QUOTA = "UPDATE quota SET cells = %s WHERE grant_id = %s AND span = %s"
MAKE_BUCKET = "INSERT INTO bucket VALUES (%s, %s, clock_timestamp()) ON CONFLICT DO NOTHING"
LOCK_BUCKET = (
    "SELECT grant_id, tokens, extract(epoch FROM clock_timestamp() - at)::double precision FROM bucket"
    " WHERE grant_id = ANY(%s) ORDER BY grant_id FOR UPDATE"
)
SET_BUCKET = "UPDATE bucket SET tokens = %s, at = clock_timestamp() WHERE grant_id = %s"
SPEND_NONCE = (
    "INSERT INTO nonce VALUES (%s, %s, %s) ON CONFLICT (credential, nonce) DO UPDATE SET expires = excluded.expires"
    " WHERE nonce.expires < %s RETURNING 1"
)
TAKE_TIME = "SELECT take_time(%s, %s, %s, %s, %s::integer[], %s::bigint[])"
TIME_OVER = "UPDATE timing SET ms = ms - %s WHERE worker = %s AND grant_id = %s AND day = %s"
ADD_TIME = "INSERT INTO timed VALUES (%s, %s, %s) ON CONFLICT (grant_id, day) DO UPDATE SET ms = timed.ms + excluded.ms"
CLAIM = "INSERT INTO claim VALUES (%s, %s, %s) ON CONFLICT DO NOTHING RETURNING 1"
CLAIMER = (
    "SELECT worker FROM claim JOIN unnest(%s::text[]) AS asked (g) ON grant_id = g WHERE request_id = %s AND worker <> %s"
    " LIMIT 1"
)
INSERT_JOB = "INSERT INTO job (id, worker, grants, credentials, request_id) VALUES (%s, %s, %s, %s, %s)"
DELETE_JOB = "DELETE FROM job WHERE id = %s"
FIND_JOB = (
    "SELECT job.worker, grants, credentials, request_id, extract(epoch FROM now() - began)::double precision,"
    " coalesce(address, ''), coalesce(place, '') FROM job LEFT JOIN worker ON worker.id = job.worker WHERE job.id = %s"
)
LOST_JOBS = "UPDATE job SET worker = 0, began = now() WHERE worker = %s"
FORGET_JOBS = "DELETE FROM job WHERE worker = 0 AND began < now() - interval '1 day'"
OTHERS = "SELECT id, address, place FROM worker WHERE id <> %s"
UNCLAIM = "DELETE FROM claim WHERE grant_id = %s AND request_id = %s AND worker = %s"
BILLED = (
    "SELECT batch.first, billing.seq, batch.text FROM billing, LATERAL"
    " (SELECT first, text FROM batch WHERE last >= billing.seq ORDER BY last LIMIT 1) AS batch"
    " WHERE grant_id = %s AND request_id = %s"
)


def schema_name(plane_id: str) -> str:
    """A name that PostgreSQL takes (63 bytes at most), different for different planes."""
    plain = re.sub(r"[^a-z0-9]+", "_", plane_id.lower())[:40]
    return f"plane_{plain}_{hashlib.sha256(plane_id.encode()).hexdigest()[:10]}"


async def connect(url: str, plane_id: str, name: str) -> psycopg.AsyncConnection[Any]:
    """A session in the plane's schema that is durable, notices a dead peer, and dies rather than hold a lock idle.
    Raises psycopg.Error or OtherSchema."""
    con: psycopg.AsyncConnection[Any] = await psycopg.AsyncConnection.connect(
        url,
        autocommit=True,
        application_name=f"shugang-plane-{name}",
        connect_timeout=5,
        keepalives_idle=5,
        keepalives_interval=2,
        keepalives_count=3,
        tcp_user_timeout=10_000,
    )
    try:
        await con.execute("SET synchronous_commit = on")
        await con.execute(f"SET idle_in_transaction_session_timeout = '{IDLE_SECONDS}s'")
        await con.execute("SET tcp_keepalives_idle = 5")
        await con.execute("SET tcp_keepalives_interval = 2")
        await con.execute("SET tcp_keepalives_count = 3")
        await con.execute(sql.SQL("SET search_path = {}").format(sql.Identifier(schema_name(plane_id))))
    except BaseException:
        await con.close()
        raise
    return con


async def create(con: psycopg.AsyncConnection[Any], plane_id: str) -> None:
    """The plane's tables, made once whoever comes first; OtherSchema where they are of another version, or where the
    server promises no durability at all."""
    found = await (await con.execute("SELECT current_setting('fsync'), current_setting('full_page_writes')")).fetchone()
    if found != ("on", "on"):
        raise OtherSchema("PostgreSQL runs with fsync or full_page_writes off: it would lose records")
    name = schema_name(plane_id)
    async with con.transaction():
        await con.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", (name,))
        exists = await (await con.execute("SELECT to_regclass('meta')")).fetchone()
        if exists and exists[0] is not None:
            await _upgrade(con, name)
            return
        await con.execute(sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(sql.Identifier(name)))
        await con.execute(SCHEMA + JOBS + TIMES)
        await con.execute("INSERT INTO head (seq, hash) VALUES (0, %s)", (GENESIS,))
        await con.execute("INSERT INTO meta VALUES ('schema', %s)", (VERSION,))


async def _upgrade(con: psycopg.AsyncConnection[Any], name: str) -> None:
    found = await (await con.execute("SELECT value FROM meta WHERE key = 'schema'")).fetchone()
    if found == (VERSION,):
        return
    if found is None or found[0] not in UPGRADES:
        raise OtherSchema(f"the schema {name} was written by another version of the plane")
    await con.execute(UPGRADES[found[0]])
    await con.execute("UPDATE meta SET value = %s WHERE key = 'schema'", (VERSION,))


async def rows(con: psycopg.AsyncConnection[Any], query: str, *params: Any) -> list[tuple[Any, ...]]:
    found: list[tuple[Any, ...]] = await (await con.execute(query, params)).fetchall()
    return found


async def append(con: psycopg.AsyncConnection[Any], entries: list[Entry]) -> schema.Chained:
    """Inside the caller's transaction (which holds `head` from here on): number, chain and insert."""
    grants = sorted({entry.template.grant for entry in entries})
    head = await con.execute(HEAD)
    numbered = await con.execute(NUMBERS, (grants,))
    found = await head.fetchone()
    assert found is not None
    seq, head_hash = found
    numbers = dict(await numbered.fetchall())
    chained = schema.chained(entries, seq, head_hash, numbers)
    await con.execute(INSERT_BATCH, (chained.seq, chained.first, chained.text))
    for row in chained.billing:
        await con.execute(INSERT_BILLING, row)
    for grant in grants:
        await con.execute(SET_NUMBER, (grant, numbers[grant]))
    await con.execute(SET_HEAD, (chained.seq, chained.head))
    return chained
