"""The other workers of a fleet as one of them sees them: which holds what, and how to ask it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

from shugang.delivery.plane.config import PlaneConfig
from shugang.delivery.plane.fleet import tables
from shugang.delivery.plane.fleet.journal import FleetJournal
from shugang.delivery.plane.fleet.lines import Answering, Lines, Unreachable, head, reachable
from shugang.delivery.plane.fleet.tables import NOBODY


class Told(NamedTuple):
    """A buyer's query whose number was told. `lost`: the worker that held it has ended, and with it the query."""

    worker: int
    keys: list[tuple[str, str]]
    request_id: str
    seconds: float
    address: str
    place: str

    @property
    def lost(self) -> bool:
        return self.worker == NOBODY


class Peers:
    """Open it before the journal starts, so that joining says where this worker is asked. `answer` is called for each
    question of another worker."""

    def __init__(
        self,
        config: PlaneConfig,
        secret: bytes,
        journal: FleetJournal,
        answer: Callable[[Any, Answering], Awaitable[None]],
    ) -> None:
        self._journal = journal
        self._lines = Lines(config.fleet_host, secret, config.data_dir, answer)

    async def open(self) -> None:
        self._journal.address = await self._lines.open()

    async def close(self) -> None:
        await self._lines.close()

    @property
    def worker(self) -> int:
        return self._journal.worker

    # -- who holds what -----------------------------------------------------------------------------------

    async def claimer(self, grants: Sequence[str], request_id: str) -> int:
        """The other worker that answers this request under one of the grants, NOBODY where there is none."""
        found = await self._journal.read(tables.CLAIMER, list(grants), request_id, self.worker)
        return int(found[0][0]) if found else NOBODY

    async def job(self, number: str) -> Told | None:
        found = await self._journal.read(tables.FIND_JOB, number)
        if not found:
            return None
        worker, grants, credentials, request_id, seconds, address, place = found[0]
        return Told(worker, list(zip(grants, credentials, strict=True)), request_id, seconds, address, place)

    async def tell(self, number: str, keys: Sequence[tuple[str, str]], request_id: str) -> None:
        """Durable when it returns: this worker holds the query `number` under (grant, credential)."""
        grants, credentials = map(list, zip(*keys, strict=True))
        await self._journal.statement(tables.INSERT_JOB, (number, self.worker, grants, credentials, request_id))

    def forget(self, number: str) -> None:
        if self._journal.failed is None:
            self._journal.statement(tables.DELETE_JOB, (number,))

    # -- asking -------------------------------------------------------------------------------------------

    async def address(self, worker: int) -> str:
        """Raises Unreachable: it has ended, or stands on a machine that this one does not reach."""
        for number, address, place in await self._journal.read(tables.OTHERS, self.worker):
            if number == worker:
                return reachable(address, place)
        raise Unreachable(f"worker {worker}")

    @asynccontextmanager
    async def ask(self, address: str, question: dict[str, Any]) -> AsyncIterator[tuple[dict[str, Any], Any]]:
        """The head of the answer, and a reader for the bytes that follow. Raises Unreachable."""
        async with self._lines.ask(address, question) as reader:
            yield await head(reader), reader

    async def all(self, question: dict[str, Any]) -> None:
        """Tell every worker that can be reached; returns when they have heard it."""

        async def one(address: str) -> None:
            async with self.ask(address, question):
                return

        others = await self._journal.read(tables.OTHERS, self.worker)
        await asyncio.gather(*(one(address) for _, address, _ in others if address), return_exceptions=True)
