"""One look-up after another through an API product of a million rows, against the same question put to a database.

Ours is the whole way (HTTP, key, grant, quota, rate, a durable record, the answer) over one kept connection; the
databases are asked inside this process, which authenticates, meters and keeps nothing. What remains when the wait for
the disk is taken off is what the way itself costs. Server on core 0, client on core 1; no TLS.
"""

from __future__ import annotations

import argparse
import os
import random
import socket
import sqlite3
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import duckdb

from bench.common import CLIENT_CORE, cpu_seconds, machine, scratch, spread, sync_latency, table
from bench.plane_call import FIELDS, CountingControl
from shugang.delivery.plane.tests.peer import PlaneProcess, grant, terms
from shugang.delivery.plane.tests.tables import api_source
from shugang.policy.terms import Quota, Rate

GOAL_MS = 1.0
FIRST = 1_300_000


class Round(NamedTuple):
    """Milliseconds, and CPU microseconds a call."""

    p50: float
    p99: float
    cpu_us: float


class Line:
    """A kept connection; `ask` returns the answer's body."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def ask(self, key: str) -> bytes:
        head = f"GET /api/v1/lookup/segments?prefix7={key} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer k1\r\n\r\n"
        self._socket.sendall(head.encode())
        data = b""
        while b"\r\n\r\n" not in data:
            data += self._socket.recv(65536)
        told, _, body = data.partition(b"\r\n\r\n")
        assert told.startswith(b"HTTP/1.1 200"), data
        length = int(told.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
        while len(body) < length:
            body += self._socket.recv(65536)
        return body


def timed(ask: Callable[[str], object], keys: Sequence[str], cpu: Callable[[], float]) -> Round:
    took, before = [], cpu()
    for key in keys:
        began = time.perf_counter()
        ask(key)
        took.append((time.perf_counter() - began) * 1000)
    took.sort()
    return Round(statistics.median(took), took[len(took) * 99 // 100], (cpu() - before) / len(keys) * 1e6)


def databases(folder: Path) -> dict[str, Callable[[str], object]]:
    """The same table in each, with its index on the key, and a prepared question."""
    parquet, columns = folder / "vault/segments.parquet", ", ".join(FIELDS)
    duck = duckdb.connect(str(folder / "table.duckdb"))
    duck.execute("SET threads = 1")
    duck.execute(f"CREATE TABLE segments AS SELECT {columns} FROM '{parquet}'")
    duck.execute("CREATE INDEX by_key ON segments (prefix7)")
    lite = sqlite3.connect(folder / "table.sqlite3")
    lite.execute(f"CREATE TABLE segments ({columns}, PRIMARY KEY (prefix7)) WITHOUT ROWID")
    rows = duck.execute("SELECT * FROM segments").fetchall()
    lite.executemany(f"INSERT INTO segments VALUES ({', '.join('?' * len(FIELDS))})", rows)
    lite.commit()
    asked = f"SELECT {columns} FROM segments WHERE prefix7 = ?"
    return {
        "sqlite3, in this process": lambda key: lite.execute(asked, (key,)).fetchone(),
        "duckdb with an index, in this process": lambda key: duck.execute(asked, (key,)).fetchone(),
    }


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--calls", type=int, default=2000)
    parser.add_argument("--rows", type=int, default=1_000_000)
    given = parser.parse_args()
    print(machine())
    with scratch() as name:
        return run(Path(name), given)


def run(folder: Path, given: argparse.Namespace) -> int:
    os.sched_setaffinity(0, {int(CLIENT_CORE)})
    control = CountingControl()
    granted = terms(FIELDS, quotas=(Quota("calls", 10**9, "day", "charged"),), rate=Rate(10**6, 10**6))
    revision = control.set(grant("g1", "segments", api_source(folder / "vault", given.rows), granted, ("k1",)))
    plane = PlaneProcess(control, folder / "plane", folder / "vault", poll_seconds=0.25, ship_seconds=0.2)
    plane.start(prefix=("taskset", "-c", "0"))
    plane.at(revision)
    assert plane.process is not None
    pid, line, asked = plane.process.pid, Line(plane.port), databases(folder)
    found: dict[str, list[Round]] = {name: [] for name in ("plane, durable and metered", *asked)}
    synced = []
    chance = random.Random(7)
    for number in range(given.rounds + 1):
        keys = [str(FIRST + chance.randrange(given.rows)) for _ in range(given.calls)]
        rounds = {"plane, durable and metered": timed(line.ask, keys, lambda: cpu_seconds(pid))}
        rounds |= {name: timed(ask, keys, time.process_time) for name, ask in asked.items()}
        wait = sync_latency(folder)
        if number:  # the first one warms up
            synced.append(wait)
            for name, one in rounds.items():
                found[name].append(one)
    plane.wait(lambda: plane.health()["unshipped"] == 0, 120)
    records = plane.health()["journal_seq"]
    plane.stop()
    return told(found, synced, records, given)


def told(found: dict[str, list[Round]], synced: list[float], records: int, given: argparse.Namespace) -> int:
    lines = [
        (name, *(spread([one[place] for one in rounds], 3 if place < 2 else 1) for place in range(3)))
        for name, rounds in found.items()
    ]
    print(table(("", "p50 ms", "p99 ms", "CPU µs/call"), lines))
    beyond = [one.p50 - wait for one, wait in zip(found["plane, durable and metered"], synced, strict=True)]
    middle = statistics.median(beyond)
    print(
        f"\n{given.rounds} rounds of {given.calls:,} calls one after another, {given.rows:,} rows; fdatasync in the same "
        f"rounds {spread(synced, 2)} ms; the journal holds {records:,} records"
    )
    print(f"p50 beyond the durable wait: {spread(beyond, 3)} ms; goal {GOAL_MS:.2f} ms: {_word(middle <= GOAL_MS)}")
    if records < (given.rounds + 1) * given.calls:
        print("FAILED: fewer records than answers")
        return 1
    return int(middle > GOAL_MS)


def _word(reached: bool) -> str:
    return "reached" if reached else "NOT reached"


if __name__ == "__main__":
    sys.exit(main())
