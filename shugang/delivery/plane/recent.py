"""What was just written is about to be shipped: reading it back from the file would cost as much as writing it did.

Bounded: where nobody fetches, the file alone has it.
"""

from __future__ import annotations

from collections import deque

from shugang.delivery.plane.schema import JOIN, Chained

# Characters of records kept in memory.
MOST = 16 * 1024 * 1024


class Recent:
    def __init__(self) -> None:
        self._batches: deque[Chained] = deque()
        self._held = 0

    def add(self, batch: Chained) -> None:
        self._batches.append(batch)
        self._held += len(batch.text)
        while self._held > MOST:
            self._held -= len(self._batches.popleft().text)

    def after(self, seq: int, limit: int) -> tuple[int, bytes] | None:
        """About `limit` records after `seq` (whole flushes) as a JSON array, and the last number; None where what
        follows `seq` is no longer here."""
        texts: list[str] = []
        last = held = 0
        for batch in self._batches:
            if batch.seq <= seq:
                continue
            if batch.first > seq + 1 and not texts:
                return None
            if held >= limit:
                break
            part = batch.text
            if batch.first <= seq:
                part = JOIN.join(part.split(JOIN)[seq + 1 - batch.first :])
            texts.append(part)
            held, last = batch.seq - seq, batch.seq
        return (last, f"[{JOIN.join(texts)}]".encode()) if texts else None

    def forget(self, seq: int) -> None:
        """Records up to `seq` are home: memory need not keep them."""
        while self._batches and self._batches[0].seq <= seq:
            self._held -= len(self._batches.popleft().text)
