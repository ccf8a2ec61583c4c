"""Old records go once they are home; what the chain, the sums and a late retry need of them stays."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import time
from contextlib import closing
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from shugang.delivery.plane import journal as journals
from shugang.delivery.plane import pruning, schema
from shugang.delivery.plane.clock import rule_day
from shugang.delivery.plane.journal import Journal
from shugang.delivery.plane.past import PRUNED
from shugang.delivery.plane.records import GENESIS, Entry, Template, verify_chain

DAY = 86400.0


def entry(name: str, at: float) -> Entry:
    made = Template("g", "c", "api", "read", "found", 1, True, "charged:found")
    text = datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    return Entry(made, name, text, text, 1, 10, "ab", '{"received_at":"1999-01-01"}', rule_day(at), True)


def test_what_is_old_and_home_goes_and_nothing_else(tmp_path, monkeypatch):
    monkeypatch.setattr(journals, "SWEEP_SECONDS", 0.02)
    monkeypatch.setattr(journals, "PRUNE_SECONDS", 0.01)
    monkeypatch.setattr(pruning, "AT_ONCE", 2)
    path = tmp_path / "journal.sqlite3"
    now = time.time()

    def kept() -> list[dict]:
        with closing(schema.connect_reader(str(path))) as con:
            return [json.loads(text) for text in schema.records(con)]

    async def play() -> None:
        # Given ten old flushes, five of a moment ago, and seven that control has
        first = Journal(path)
        first.start()
        for number in range(10):
            await first.submit(entry(f"old-{number}", now - 40 * DAY))
        for number in range(5):
            await first.submit(entry(f"new-{number}", now))
        await first.acknowledged(7)
        await first.stop()
        # When they are kept for thirty days
        second = Journal(path, keep_days=30)
        second.start()
        while len(kept()) > 8:
            await asyncio.sleep(0.01)
        # Then those that are both old and home are gone, and control's next portion is whole
        assert [record["seq"] for record in kept()] == list(range(8, 16))
        assert (await second.portion(7, 100))[0] == 15
        # And a late retry is known to have been answered, though no longer how
        assert await second.past("g", "old-3") is PRUNED
        old = await second.past("g", "old-8")
        assert old is not None and old.answer_sha256 == "ab"
        await second.acknowledged(15)
        await second.stop()
        # And the next start finds the same head, numbers and sums
        third = Journal(path, keep_days=30)
        sums = [sum(column) for column in zip(*third.restored.usage["g"].values(), strict=True)]
        assert sums == [15, 15, 150, 0, 0, 0]
        third.start()
        while len(kept()) > 5:
            await asyncio.sleep(0.01)
        await third.submit(entry("next", now))
        await third.stop()

    asyncio.run(play())
    told = kept()
    assert [record["grant_seq"] for record in told] == list(range(11, 17))
    verify_chain(told, told[0]["seq"] - 1, told[0]["prev"])
    assert told[0]["prev"] != GENESIS


@given(st.lists(st.tuples(st.integers(1, 3), st.booleans()), max_size=12), st.integers(0, 40))
def test_the_boundary_is_that_of_a_plain_walk(flushes, most):
    con = sqlite3.connect(":memory:")
    schema.create(con)
    seq, expected, walking, ends = 0, 0, True, []
    ages = sorted((old for _, old in flushes), reverse=True)
    for (size, _), old in zip(flushes, ages, strict=True):
        at = "2026-01-01T00:00:00.000Z" if old else "2026-03-01T00:00:00.000Z"
        text = schema.JOIN.join(json.dumps({"received_at": at}) for _ in range(size))
        con.execute("INSERT INTO batch VALUES (?, ?, ?)", (seq + size, seq + 1, text))
        seq += size
        ends.append((seq, old))
    for end, old in ends[:-1]:
        walking = walking and old and end <= most
        expected = end if walking else expected
    assert pruning.boundary(con, "2026-02-01T00:00:00", most) == expected
    con.close()
