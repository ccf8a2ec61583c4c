"""Sends the journal home in batches, in order, again and again until control has acknowledged.

Control deduplicates by (plane, seq), so that a batch sent twice is recorded once. While control is away the plane
goes on by its lease, and the journal waits.
"""

from __future__ import annotations

import asyncio
import json
import logging

from shugang.delivery.plane.control import Control, ControlError
from shugang.delivery.plane.journal import JournalFailed
from shugang.delivery.plane.journals import AnyJournal

log = logging.getLogger("shugang.plane.ship")
BATCH = 2000
LONGEST_WAIT = 10.0


class Shipper:
    def __init__(self, journal: AnyJournal, control: Control, seconds: float) -> None:
        self._journal, self._control, self._seconds = journal, control, seconds
        self.failures = 0

    @property
    def backlog(self) -> int:
        return self._journal.seq - self._journal.acked

    async def run(self) -> None:
        wait = self._seconds
        await self._journal.joined.wait()
        while True:
            try:
                while await self.once():
                    pass
                wait = self._seconds
                if not self.backlog:
                    await self._journal.committed()
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
        answer = await self._control.post("/plane/v1/journal", body)
        try:
            acked = int(json.loads(answer)["acked_seq"])
        except (ValueError, KeyError, TypeError) as error:
            raise ControlError("control's acknowledgement cannot be read") from error
        if not before < acked <= max(last, self._journal.seq):
            raise ControlError(f"control acknowledged {acked}, expected {before + 1} to {last}")
        await self._journal.acknowledged(acked)
        return acked - before >= BATCH
