"""The evidence log: durable entries with SM3, inclusion proofs at ten million leaves, an outsider's check of a million.

Callers hand in events (a payload of some 200 bytes): salt, canonical JSON, SHA-256 and SM3 are computed, the entry
encoded, and the caller waits until entry and signed checkpoint are committed by the sequencer's own `store`, in the
platform's database settings (SQLite, WAL, synchronous=FULL). Who comes while a commit runs goes with the next; files are
published twice a second, as the sequencer may. Callers have a process of their own, as verbs do, and hand over by a pipe; at most
1,000 entries go into one commit, as the sequencer takes them. The baseline puts equally long rows into a table of its
own, by the same callers and pipe: no digest, no tree, no signature. Processor time is that of both processes.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import multiprocessing
import os
import random
import sqlite3
import statistics
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from bench.common import machine, ratios, scratch, spread, sync_latency, table

CALLERS = 64
MOST = 1000  # entries a commit, as the sequencer takes them
LEAVES = 10_000_000
ORIGIN = "bench.example.cn/log"


@dataclass
class Round:
    rate: float
    p50: float
    p99: float
    cpu_us: float
    group: float


Commit = Callable[[Sequence[bytes]], None]


def make_entry(number: int) -> bytes:
    from shugang.evidence.entry import Entry
    from shugang.evidence.hashing import commitment, new_salt

    payload = {
        "kind": "grant.used", "at": "2026-03-01T02:03:04.567890Z", "actor": "示例公司", "party": 7, "person": None,
        "refs": [["grant", "SQ-2026-000001"]], "payload": {"n": number, "rows": 100, "outcome": "hit"},
    }  # fmt: skip
    return Entry("grant.used", datetime.now(UTC), commitment(payload, new_salt())).encode()


def plain_row(number: int) -> bytes:
    return b"%0250d" % number


async def _call(pipe: Connection, seconds: float, batch: int, make: Callable[[int], bytes]) -> None:
    """`CALLERS` callers, each waiting for its batch to be durable before it makes the next."""
    loop, pool = asyncio.get_running_loop(), ThreadPoolExecutor(1)
    waiting: deque[tuple[list[bytes], asyncio.Future[None]]] = deque()
    came, took = asyncio.Event(), []
    end = time.perf_counter() + seconds

    async def caller() -> None:
        while (began := time.perf_counter()) < end:
            done = loop.create_future()
            waiting.append(([make(number) for number in range(batch)], done))
            came.set()
            await done
            took.append(time.perf_counter() - began)
            await asyncio.sleep(0)

    def commit(entries: list[bytes]) -> None:
        pipe.send(entries)
        pipe.recv()

    async def committer() -> None:
        while True:
            await came.wait()
            came.clear()
            while waiting:
                group = [waiting.popleft()]
                while waiting and (len(group) + 1) * batch <= MOST:
                    group.append(waiting.popleft())
                await loop.run_in_executor(pool, commit, [entry for entries, _ in group for entry in entries])
                for _, done in group:
                    done.set_result(None)

    task = asyncio.create_task(committer())
    await asyncio.gather(*(caller() for _ in range(CALLERS)))
    task.cancel()
    pipe.send((took, time.process_time()))


def callers(pipe: Connection, seconds: float, batch: int, make: Callable[[int], bytes]) -> None:
    make(0)  # everything imported
    asyncio.run(_call(pipe, seconds, batch, make))


def load(seconds: float, batch: int, make: Callable[[int], bytes], commit: Commit) -> Round:
    """The callers in a process of their own, as verbs are; commits in this one, as the sequencer makes them."""
    here, there = SPAWN.Pipe()
    child = SPAWN.Process(target=callers, args=(there, seconds, batch, make), daemon=True)
    child.start()
    there.close()
    groups: list[int] = []
    began = cpu = 0.0
    while isinstance(got := here.recv(), list):
        if not groups:
            began, cpu = time.perf_counter(), time.process_time()
        in_thread(lambda entries=got: commit(entries))
        groups.append(len(got))
        here.send(None)
    took, used = got
    child.join()
    wall, used, count = time.perf_counter() - began, used + time.process_time() - cpu, sum(groups)
    cuts = statistics.quantiles(took, n=100)
    return Round(count / wall, cuts[49] * 1000, cuts[98] * 1000, used / count * 1e6, statistics.mean(groups))


THREAD = ThreadPoolExecutor(1)
SPAWN = multiprocessing.get_context("spawn")


def in_thread(work: Callable[[], Any]) -> Any:
    """A database connection belongs to its thread."""
    return THREAD.submit(work).result()


class Ours:
    def __init__(self) -> None:
        from shugang.kernel import sequencer

        self.log = sequencer.open_log()
        self.published = time.monotonic()

    def commit(self, entries: Sequence[bytes]) -> None:
        from django.db import transaction

        from shugang.kernel import sequencer

        with transaction.atomic():
            batch = sequencer.store(self.log, list(entries))
        self.log.accept(batch)
        if time.monotonic() - self.published > 0.5:
            self.log.publish()
            self.published = time.monotonic()


class Rows:
    def __init__(self, folder: Path) -> None:
        self.database = sqlite3.connect(folder / "rows.sqlite3", isolation_level=None)
        self.database.execute("PRAGMA journal_mode=WAL")
        self.database.execute("PRAGMA synchronous=FULL")
        self.database.execute("CREATE TABLE row (id INTEGER PRIMARY KEY, data BLOB)")

    def commit(self, rows: Sequence[bytes]) -> None:
        self.database.execute("BEGIN IMMEDIATE")
        self.database.executemany("INSERT INTO row (data) VALUES (?)", [(row,) for row in rows])
        self.database.execute("COMMIT")


def set_up(folder: Path) -> None:
    os.environ.update({
        "SHUGANG_VAR_DIR": str(folder / "var"), "SHUGANG_DATABASE_URL": f"sqlite://{folder}/control.sqlite3",
        "SHUGANG_MASTER_KEY": base64.b64encode(bytes(range(32))).decode(), "SHUGANG_SECRET_KEY": "b" * 50,
        "SHUGANG_LOG_ORIGIN": ORIGIN, "DJANGO_SETTINGS_MODULE": "shugang.settings",
    })  # fmt: skip
    import django

    django.setup()
    from django.core.management import call_command

    (folder / "var").mkdir()
    in_thread(lambda: call_command("migrate", verbosity=0))


def durable(folder: Path, rounds: int, seconds: float) -> bool:
    ours, rows = in_thread(Ours), in_thread(lambda: Rows(folder))
    reached = True
    for batch, wanted, name in ((1, 8_000, "64 callers, one entry each"), (100, 50_000, "64 callers, batches of 100")):
        found: dict[str, list[Round]] = {"evidence log": [], "rows alone": []}
        for number in range(rounds + 1):
            for who, make, commit in (
                ("evidence log", make_entry, ours.commit),
                ("rows alone", plain_row, rows.commit),
            ):
                got = load(seconds, batch, make, commit)
                if number:
                    found[who].append(got)
        print(f"\n{name}; fdatasync p50 {sync_latency(folder):.2f} ms")
        print(table(("", "entries/s", "p50 ms", "p99 ms", "CPU µs/entry", "entries a commit"), [
            (who, spread([r.rate for r in got]), spread([r.p50 for r in got], 1), spread([r.p99 for r in got], 1),
             spread([r.cpu_us for r in got], 1), spread([r.group for r in got]))
            for who, got in found.items()
        ]))  # fmt: skip
        rate = statistics.median(r.rate for r in found["evidence log"])
        slow = statistics.median(r.p99 for r in found["evidence log"])
        against = ratios([r.rate for r in found["evidence log"]], [r.rate for r in found["rows alone"]])
        good = rate >= wanted and (batch > 1 or slow <= 50)
        print(f"{spread(against, 2)}x the rows alone; to reach {wanted:,}/s: {'reached' if good else 'NOT reached'}")
        reached &= good
    return reached


def waiting_rows(count: int) -> None:
    """The sequencer as it runs: events that verbs committed are numbered, signed for and published."""

    def work() -> float:
        from shugang.kernel import clock, sequencer
        from shugang.kernel.models import Event

        now = clock.real_now()
        Event.objects.bulk_create(
            [Event(at=now, recorded_at=now, kind="bench.event", actor_label="b", payload={}, salt=bytes(32),
                   sha256=os.urandom(32).hex(), sm3=os.urandom(32).hex()) for _ in range(count)], batch_size=500,
        )  # fmt: skip
        log = sequencer.open_log()
        began = time.perf_counter()
        assert sequencer.drain(log) == count
        return time.perf_counter() - began

    took = in_thread(work)
    print(f"\nsequencer, {count:,} waiting events: {count / took:,.0f} entries/s numbered, signed and published")


def proofs(folder: Path, leaves: int) -> bool:
    from shugang.evidence.checkpoint import Checkpoint
    from shugang.evidence.hashing import leaf_hash
    from shugang.evidence.note import Ed25519Signer, sign_note
    from shugang.evidence.reader import LogReader
    from shugang.evidence.store import TileStore
    from shugang.evidence.tiles import ENTRIES, WIDTH, Tile, encode_bundle
    from shugang.evidence.tree import Tree

    signer, store, tree = Ed25519Signer(ORIGIN, b"\x07" * 32), TileStore(folder / "large", durable=False), Tree()
    began, chunk = time.perf_counter(), 256 * WIDTH
    for start in range(0, leaves, chunk):
        entries = [b"entry %d" % number for number in range(start, min(leaves, start + chunk))]
        tiles = tree.append([leaf_hash(entry) for entry in entries])
        for offset in range(0, len(entries), WIDTH):
            part = entries[offset : offset + WIDTH]
            tiles.append(Tile(ENTRIES, (start + offset) // WIDTH, len(part), encode_bundle(part)))
        store.write_tiles((tile.path, tile.data) for tile in tiles)
    store.write_tiles((tile.path, tile.data) for tile in tree.partial_tiles())
    store.write_checkpoint(sign_note(Checkpoint(ORIGIN, leaves, tree.root()).text(), [signer]))
    built = time.perf_counter() - began
    reader, chosen, took = LogReader(store.fetch, signer.verifier), random.Random(7), []
    for _ in range(3000):
        index = chosen.randrange(leaves)
        began = time.perf_counter()
        entry, proof = reader.proof(index)  # verified before it is handed out
        took.append((time.perf_counter() - began) * 1000)
        assert entry == b"entry %d" % index
    cuts = statistics.quantiles(took, n=100)
    print(
        f"\ninclusion proof at {leaves:,} leaves, read from files and verified, log built in {built:.0f} s: "
        f"p50 {cuts[49]:.2f} ms, p99 {cuts[98]:.2f} ms, {len(proof.hashes)} hashes; "
        f"to reach p99 ≤ 2 ms: {'reached' if cuts[98] <= 2 else 'NOT reached'}"
    )
    return cuts[98] <= 2


def outsiders(folder: Path, count: int, rounds: int) -> bool:
    from shugang.evidence.log import Log
    from shugang.evidence.note import Ed25519Signer
    from shugang.evidence.store import TileStore
    from shugang.evidence.tests.go import build_verifier

    signer = Ed25519Signer(ORIGIN, b"\x07" * 32)
    log = Log(TileStore(folder / "million", durable=False), signer)
    entry = make_entry(1)
    for start in range(0, count, 50_000):
        entries = [entry[:-5] + b"%05d" % (n % 100_000) for n in range(start, min(count, start + 50_000))]
        log.accept(log.stage(entries, log.size))
        log.publish()
    program, took, cpu = build_verifier(folder), [], []
    for _ in range(rounds):
        before, began = os.times(), time.perf_counter()
        done = subprocess.run([program, log.store.root, signer.verifier.vkey], capture_output=True, text=True)
        took.append(time.perf_counter() - began)
        after = os.times()
        cpu.append(after.children_user + after.children_system - before.children_user - before.children_system)
        assert done.returncode == 0, done.stderr
    good = statistics.median(took) <= 2
    print(
        f"\nGo's sumdb packages over {count:,} entries: {spread(took, 2)} s, CPU {spread(cpu, 2)} s ({done.stdout.strip()}); "
        f"to reach ≤ 2 s: {'reached' if good else 'NOT reached'}"
    )
    return good


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--leaves", type=int, default=LEAVES)
    given, _ = parser.parse_known_args()
    print(machine())
    with scratch() as name:
        folder = Path(name)
        set_up(folder)
        reached = [durable(folder, given.rounds, given.seconds)]
        waiting_rows(20_000)
        reached += [proofs(folder, given.leaves), outsiders(folder, 1_000_000, given.rounds)]
    return int(not all(reached))


if __name__ == "__main__":
    sys.exit(main())
