"""Sends the journal home in batches, in order, again and again until control has acknowledged.

Control deduplicates by (plane, seq), so that a batch sent twice is recorded once. While control is away the plane
goes on by its lease, and the journal waits. A control that was restored from a backup asks for what it lost; an idle
plane offers it now and then.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time

from shugang.delivery.plane.control import Control, ControlError, Refused
from shugang.delivery.plane.journal import JournalFailed
from shugang.delivery.plane.journals import AnyJournal

log = logging.getLogger("shugang.plane.ship")
BATCH = 2000
LONGEST_WAIT = 10.0
OFFER_SECONDS = 60.0
BOOKS_SECONDS = 3600.0


class Shipper:
    def __init__(self, journal: AnyJournal, control: Control, seconds: float) -> None:
        self._journal, self._control, self._seconds = journal, control, seconds
        self.failures = 0
        self._stated, self._books_at = -1, -BOOKS_SECONDS

    @property
    def backlog(self) -> int:
        return self._journal.seq - self._journal.acked

    async def run(self) -> None:
        wait, offered = self._seconds, False
        await self._journal.joined.wait()
        while True:
            try:
                if self._journal.leads and not offered:
                    await self.offer()
                    offered = True
                while await self.once():
                    pass
                wait = self._seconds
                await self.state_books()
                if not self.backlog:
                    await self._idle()
            except ControlError as error:
                self.failures += 1
                if wait <= self._seconds:
                    log.warning("the journal waits: %s", error)
                wait = min(max(wait, 0.1) * 2, LONGEST_WAIT)
            except JournalFailed:
                return
            await asyncio.sleep(wait)

    async def once(self) -> bool:
        """Ship one batch; True when it was a full one, so that the next should follow at once."""
        before = self._journal.acked
        if not self.backlog or not self._journal.leads:
            return False
        last, records = await self._journal.portion(before, BATCH)
        if last == before:
            return False
        body = b'{"from_seq":%d,"records":%s}' % (before + 1, records)
        try:
            answer = await self._control.post("/plane/v1/journal", body)
        except Refused as refusal:
            return await self._went_back(refusal)
        try:
            acked = int(json.loads(answer)["acked_seq"])
        except (ValueError, KeyError, TypeError) as error:
            raise ControlError("control's acknowledgement cannot be read") from error
        if not before < acked <= max(last, self._journal.seq):
            raise ControlError(f"control acknowledged {acked}, expected {before + 1} to {last}")
        await self._journal.acknowledged(acked)
        return acked - before >= BATCH

    async def state_books(self) -> None:
        """Now and then the plane's own sums, apart from the records: control compares the two."""
        due = time.monotonic() - self._books_at >= BOOKS_SECONDS
        if not due or not self._journal.leads or self._journal.acked == self._stated:
            return
        found = await self._journal.books()
        await self._control.post("/plane/v1/books", json.dumps(found._asdict()).encode())
        self._stated, self._books_at = found.seq, time.monotonic()

    async def _idle(self) -> None:
        try:
            await asyncio.wait_for(self._journal.committed(), OFFER_SECONDS)
        except TimeoutError:
            await self.offer()

    async def offer(self) -> None:
        """Ask control, by a batch of nothing, whether it still has all that it acknowledged."""
        if not self._journal.leads:
            return
        try:
            await self._control.post("/plane/v1/journal", b'{"from_seq":%d,"records":[]}' % (self._journal.acked + 1))
        except Refused as refusal:
            await self._went_back(refusal)

    async def _went_back(self, refusal: Refused) -> bool:
        """Control was restored from a backup and asks for what it once acknowledged: the journal has it still, unless
        it was kept too short a time; then shipping waits and the log says so."""
        if refusal.code != "journal_gap" or not 1 <= refusal.expected <= self._journal.acked:
            raise refusal
        log.warning("control went back to record %d; shipping from there", refusal.expected)
        await self._journal.went_back(refusal.expected - 1)
        return True
