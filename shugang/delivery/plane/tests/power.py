"""A day of a plane's journal on a recorded disk, and what must hold after each way of losing power."""

from __future__ import annotations

import asyncio
import json
import random
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

from shugang.delivery.plane import checkpoints, schema
from shugang.delivery.plane.journal import Intent, Journal
from shugang.delivery.plane.records import Entry, Template, verify_chain
from shugang.delivery.plane.tests.disk import Connection, Disk, Operation, Recorder

AT = "2026-01-01T00:00:00.001Z"
NAME = "journal.sqlite3"


@dataclass
class Promise:
    """What was acknowledged once the disk had done `done` operations."""

    done: int
    seq: int
    charged: frozenset[str]
    released: dict[str, int]


@dataclass
class Day:
    operations: list[Operation]
    promises: list[Promise] = field(default_factory=list)


def play(folder: Path, flushes: int, synchronous: str = "FULL", seed: int = 1) -> Day:
    """Answers alone and together, uses with intents released in pieces, checkpoints now and then."""
    disk = Recorder(f"recorder-{folder.name}-{synchronous}")
    connection: list[Connection] = []

    def connect(path: str) -> Connection:
        made = Connection(path, disk.name, synchronous)
        schema.create(made)
        connection.append(made)
        return made

    def inline(self: checkpoints.Checkpoints, size: int) -> None:
        self._since += size + checkpoints.LEAST
        if self._since > 200_000:
            self._since = 0
            checkpoints._checkpoint(self._writer)

    patches = (
        mock.patch.object(schema, "connect", connect),
        mock.patch.object(schema, "connect_reader", lambda path: mock.Mock()),
        mock.patch.object(checkpoints.Checkpoints, "wrote", inline),
    )
    with patches[0], patches[1], patches[2]:
        day = Day(disk.operations)
        asyncio.run(_work(Journal(folder / NAME), day, flushes, random.Random(seed)))
    return day


async def _work(journal: Journal, day: Day, flushes: int, chance: random.Random) -> None:
    journal.start()
    charged: set[str] = set()
    released: dict[str, int] = {}
    for number in range(flushes):
        entries = [_entry(f"r{number}-{place}", chance) for place in range(chance.randrange(1, 12))]
        for entry in entries:
            waiting = journal.submit(entry)
        await waiting
        charged |= {entry.request_id for entry in entries if entry.template.charged}
        _promise(journal, day, charged, released)
        if number % 3 == 0:
            await _long(journal, day, f"long-{number}", chance, charged, released)
    journal._queue.put(None)
    await asyncio.to_thread(journal._thread.join)


async def _long(
    journal: Journal, day: Day, name: str, chance: random.Random, charged: set[str], released: dict[str, int]
) -> None:
    await journal.intent(Intent("g", name, "c", "query", "query", 1, AT, AT, 20_000, "{}"))
    size = 0
    for _ in range(chance.randrange(0, 4)):
        size += 1_000_000
        await journal.released("g", name, size, size // 100, "answered", True, "charged:answered")
        released[name] = size
        _promise(journal, day, charged, released)
    if chance.random() < 0.7:
        made = Template("g", "c", "query", "query", "answered", 1, True, "charged:answered")
        await journal.finish(Entry(made, name, AT, AT, size // 100, size, "ab", "{}", 20_000, True))
        charged.add(name)
        _promise(journal, day, charged, released)


def _entry(name: str, chance: random.Random) -> Entry:
    charged = chance.random() < 0.6
    outcome = "found" if charged else "not_found"
    made = Template("g", "c", "api", "read", outcome, 1, charged, f"{'' if charged else 'un'}charged:{outcome}")
    detail = '{"query":"%s"}' % ("q" * chance.randrange(0, 4000))
    return Entry(made, name, AT, AT, int(charged), 120, "ab", detail, 20_000, True)


def _promise(journal: Journal, day: Day, charged: set[str], released: dict[str, int]) -> None:
    day.promises.append(Promise(len(day.operations), journal.seq, frozenset(charged), dict(released)))


def crashes(day: Day, points: int, seed: int = 7) -> Iterator[tuple[Promise | None, dict[str, bytes]]]:
    """`points` moments of the day, each with one way to lose power: the last promise before it, and the files."""
    chance = random.Random(seed)
    moments = sorted(chance.choices(range(1, len(day.operations) + 1), k=points))
    disk, done, kept = Disk(), 0, 0
    for moment in moments:
        while done < moment:
            disk.apply(day.operations[done])
            done += 1
        while kept < len(day.promises) and day.promises[kept].done <= moment:
            kept += 1
        yield (day.promises[kept - 1] if kept else None), disk.crash(chance)


def faults(promise: Promise | None, files: dict[str, bytes], folder: Path) -> list[str]:
    """What is wrong after a start on these files; [] when every promise was kept."""
    for name, content in files.items():
        (folder / name).write_bytes(content)
    for name in {NAME, f"{NAME}-wal"} - files.keys():
        (folder / name).unlink(missing_ok=True)
    (folder / f"{NAME}-shm").unlink(missing_ok=True)
    try:
        con = schema.connect(str(folder / NAME))
    except sqlite3.DatabaseError as error:
        return [f"unreadable: {error}"]
    try:
        restored = schema.restore(con)
        records = [json.loads(text) for text in schema.records(con)]
        return _broken(promise, restored, records, schema.sums(con))
    except (sqlite3.DatabaseError, ValueError) as error:
        return [f"unreadable: {error}"]
    finally:
        con.close()


def _broken(promise: Promise | None, restored: Any, records: list[dict[str, Any]], sums: Any) -> list[str]:
    found = []
    if [record["grant_seq"] for record in records] != list(range(1, len(records) + 1)):
        found.append("numbers within the grant")
    if verify_chain(records) != (restored.seq, restored.head):
        found.append("chain")
    used = {(grant, day): cells for grant, days in restored.usage.items() for day, cells in days.items()}
    if used != sums:
        found.append("sums differ from the records")
    by_id: dict[str, list[dict[str, Any]]] = {}
    for record in records:
        by_id.setdefault(record["request_id"], []).append(record)
    if any(len(same) > 1 for same in by_id.values()):
        found.append("billed twice")
    if promise is None:
        return found
    if restored.seq < promise.seq:
        found.append(f"lost: {restored.seq} < {promise.seq}")
    if missing := [name for name in promise.charged if not any(r["charged"] for r in by_id.get(name, []))]:
        found.append(f"acknowledged and unbilled: {missing[:3]}")
    for name, size in promise.released.items():
        if not any(r["bytes"] >= size and r["charged"] for r in by_id.get(name, [])):
            found.append(f"released and unbilled: {name}")
    return found
