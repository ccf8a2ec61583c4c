"""One worker process: granian embedded in our own event loop, so that killing the process kills all of the plane."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import signal
import sqlite3
from collections.abc import Awaitable
from typing import Any

import uvloop
from granian.constants import Interfaces
from granian.server.embed import Server

from shugang.delivery.plane.app import Plane
from shugang.delivery.plane.config import ConfigError, PlaneConfig
from shugang.delivery.plane.locks import JournalInUse
from shugang.delivery.plane.replies import Denied
from shugang.delivery.plane.schema import OtherSchema

log = logging.getLogger("shugang.plane")
RETRY_SECONDS = 1.0
GRACE_SECONDS = 5.0


class Front:
    """What the server calls as long as the process lives, and the plane that answers now.

    A plane whose journal failed is never used again: nothing of its memory may be trusted. It is put away, and a new one
    is made from what is durable, again and again until that succeeds; meanwhile every request is told 503.
    """

    def __init__(self, config: PlaneConfig, stopping: asyncio.Event) -> None:
        self._config, self._stopping = config, stopping
        self.plane: Plane | None = None

    def serve(self, scope: Any, proto: Any) -> Awaitable[None]:
        return self.plane.serve(scope, proto) if self.plane is not None else _unavailable(proto)

    async def run(self) -> None:
        """Until `stopping`. Raises what a first start cannot get over: JournalInUse, OtherSchema, ConfigError."""
        told = ""
        while not self._stopping.is_set():
            failed = asyncio.Event()
            error = None
            try:
                self.plane = await self._made(failed)
                told = ""
                await _first(failed, self._stopping)
                error = self.plane.journal.failed
            except (sqlite3.Error, OSError) as raised:
                error = raised
            if self._stopping.is_set():
                return
            if isinstance(error, OtherSchema):
                raise error
            if str(error) != told:
                log.critical("the journal cannot be used (%s); every request is told 503 until it can", error)
            told = str(error)
            await self._put_away()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), RETRY_SECONDS)

    async def _made(self, failed: asyncio.Event) -> Plane:
        plane = Plane(self._config, lambda _: failed.set())
        await plane.start()
        return plane

    async def _put_away(self) -> None:
        plane, self.plane = self.plane, None
        if plane is not None:
            # Some moments for what is in flight to be refused by it.
            plane.stopping = True
            await asyncio.sleep(RETRY_SECONDS)
            await plane.stop()

    async def stop(self) -> None:
        if self.plane is not None:
            await self.plane.stop()


async def _unavailable(proto: Any) -> None:
    denied = Denied("journal_unavailable", journal=False)
    proto.response_bytes(denied.refused.status, denied.headers(), denied.body(False))


async def _first(*events: asyncio.Event) -> None:
    waiting = [asyncio.create_task(event.wait()) for event in events]
    try:
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in waiting:
            task.cancel()


async def serve(config: PlaneConfig) -> int:
    """Serve until SIGTERM or SIGINT; the exit status."""
    loop = asyncio.get_running_loop()
    stopping = asyncio.Event()
    front = Front(config, stopping)
    server = Server(
        front.serve,
        address=config.host,
        port=config.port,
        interface=Interfaces.RSGI,
        websockets=False,
        log_enabled=False,
        backlog=1024,
        backpressure=config.backpressure,
        ssl_cert=config.tls_cert,
        ssl_key=config.tls_key,
    )
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    keeping = asyncio.create_task(front.run())
    # The first start has said by now if it can never succeed.
    await asyncio.sleep(0)
    if keeping.done():
        await keeping
    log.info("plane %s on %s:%d", config.plane_id, config.host, config.port)
    serving = asyncio.create_task(server.serve())
    try:
        await asyncio.wait([serving, keeping], return_when=asyncio.FIRST_COMPLETED)
        # Short answers end; long ones are cut off, billed by what left, and the client sees that they are not whole.
        if front.plane is not None:
            await front.plane.hush(GRACE_SECONDS)
        server.stop()
        await asyncio.wait([serving], timeout=GRACE_SECONDS)
    finally:
        stopping.set()
        serving.cancel()
        ended = await asyncio.gather(serving, keeping, return_exceptions=True)
        await front.stop()
    for error in ended:
        if isinstance(error, OtherSchema | ConfigError | JournalInUse):
            raise error
        if isinstance(error, Exception):
            log.error("the server ended: %s", error)
            return 1
    return 0


def run(config: PlaneConfig) -> int:
    """Blocking; the exit status."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    # What is loaded stays; walking it again and again would only add pauses.
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 50, 50)
    return uvloop.run(serve(config))
