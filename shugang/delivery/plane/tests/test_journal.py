"""The journal inside one process: what is written is what is told."""

from __future__ import annotations

import asyncio
import json
import sqlite3

from shugang.delivery.plane import checkpoints, schema
from shugang.delivery.plane.journal import Journal
from shugang.delivery.plane.records import Entry, Template

AT = "2026-01-01T00:00:00.001Z"


def test_shipping_reads_the_same_from_memory_and_from_the_file(tmp_path):
    # Given a journal with flushes of several records
    async def play() -> None:
        journal = Journal(tmp_path / "journal.sqlite3")
        journal.start()
        made = Template("g", "c", "api", "read", "found", 1, True, "charged:found")
        for flush in range(7):
            for place in range(flush + 1):
                durable = journal.submit(Entry(made, f"r{flush}-{place}", AT, AT, 1, 10, "", "{}", 20_000, True))
            await durable
        assert journal.seq == 28
        # When any part of it is asked for, in portions of any size
        for after in range(28):
            for limit in (1, 5, 100):
                # Then both tell the same whole flushes, beginning with the first record not yet home
                last, body = journal.read_after(after, limit)
                assert journal.recent.after(after, limit) == (last, body)
                told = [record["seq"] for record in json.loads(body)]
                assert told == list(range(after + 1, last + 1)) and (len(told) >= limit or last == 28)
        # And what is home is no longer kept in memory, while the file still has it
        journal.recent.forget(20)
        assert journal.recent.after(3, 5) is None and journal.read_after(3, 5)[0] > 3
        await journal.stop()

    asyncio.run(play())


def test_the_write_ahead_log_stays_short_under_lasting_load(tmp_path, monkeypatch):
    # Given checkpoints that are due often
    monkeypatch.setattr(checkpoints, "EVERY", 200_000)

    async def play() -> None:
        journal = Journal(tmp_path / "journal.sqlite3")
        journal.start()
        made = Template("g", "c", "api", "read", "found", 1, True, "charged:found")
        # When twenty times as much is written as a checkpoint allows
        for number in range(400):
            detail = json.dumps({"x": "y" * 10_000})
            await journal.submit(Entry(made, f"sg-{number}", AT, AT, 1, 10, "", detail, 20_000, True))
        # Then the log was begun anew again and again
        assert (tmp_path / "journal.sqlite3-wal").stat().st_size < 2_000_000
        await journal.stop()

    asyncio.run(play())


def test_numbers_within_a_grant_go_on_over_folds_and_restarts(tmp_path, monkeypatch):
    # Given folds every few records, uses of one grant, and another grant that has only refusals
    monkeypatch.setattr(schema, "FOLD_EVERY", 4)
    used = Template("g", "c", "api", "read", "found", 1, True, "charged:found")
    refused = Template("h", "c", "api", "read", "rate_limited", 1, False, "refused:rate_limited", "refused")

    async def play(run: int) -> None:
        journal = Journal(tmp_path / "journal.sqlite3")
        journal.start()
        for number in range(7):
            made, counts = (refused, False) if number == 0 else (used, True)
            await journal.submit(Entry(made, f"sg-{run}-{number}", AT, AT, 1, 10, "", "{}", 20_000, counts))
        await journal.stop()

    # When the plane is started again and again
    for run in range(3):
        asyncio.run(play(run))
    # Then each grant's records are numbered as if it had never stopped
    with sqlite3.connect(tmp_path / "journal.sqlite3") as con:
        told = [json.loads(text) for text in schema.records(con)]
    con.close()
    for grant, count in (("g", 18), ("h", 3)):
        assert [record["grant_seq"] for record in told if record["grant"] == grant] == list(range(1, count + 1))
