"""One process: granian embedded in our own event loop, so that killing the process kills all of the plane."""

from __future__ import annotations

import asyncio
import gc
import logging
import signal

import uvloop
from granian.constants import Interfaces
from granian.server.embed import Server

from shugang.delivery.plane.app import Plane
from shugang.delivery.plane.config import PlaneConfig

log = logging.getLogger("shugang.plane")
EX_IOERR = 74
GRACE_SECONDS = 5.0


async def serve(config: PlaneConfig) -> int:
    """Serve until SIGTERM or SIGINT; 74 when the journal failed (a supervisor may start anew, which recovers)."""
    loop = asyncio.get_running_loop()
    failed = False

    def broken(_: BaseException) -> None:
        nonlocal failed
        failed = True
        # Some moments to refuse what is in flight; nothing is answered from here on.
        loop.call_later(2.0, stopping.set)

    stopping = asyncio.Event()
    plane = Plane(config, broken)
    await plane.start()
    server = Server(
        plane.serve,
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
    log.info("plane %s on %s:%d", config.plane_id, config.host, config.port)
    serving = asyncio.create_task(server.serve())
    waiting = asyncio.create_task(stopping.wait())
    try:
        await asyncio.wait([serving, waiting], return_when=asyncio.FIRST_COMPLETED)
        # Short answers end; long ones are cut off, billed by what left, and the client sees that they are not whole.
        plane.stopping = True
        server.stop()
        await asyncio.wait([serving], timeout=GRACE_SECONDS)
    finally:
        waiting.cancel()
        serving.cancel()
        await asyncio.gather(serving, waiting, return_exceptions=True)
        await plane.stop()
    if not serving.cancelled() and (error := serving.exception()):
        log.error("the server ended: %s", error)
        return 1
    return EX_IOERR if failed else 0


def run(config: PlaneConfig) -> int:
    """Blocking; the exit status."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    # What is loaded stays; walking it again and again would only add pauses.
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 50, 50)
    return uvloop.run(serve(config))
