"""One process: granian embedded in our own event loop, so that killing the process kills all of the plane."""

from __future__ import annotations

import asyncio
import logging
import signal

import uvloop
from granian.constants import Interfaces
from granian.server.embed import Server

from shugang.delivery.plane.app import Plane
from shugang.delivery.plane.config import PlaneConfig

log = logging.getLogger("shugang.plane")
EX_IOERR = 74


async def serve(config: PlaneConfig) -> int:
    """Serve until SIGTERM or SIGINT; 74 when the journal failed (a supervisor may start anew, which recovers)."""
    loop = asyncio.get_running_loop()
    server: Server | None = None
    failed = False

    def broken(_: BaseException) -> None:
        nonlocal failed
        failed = True
        # Some moments to refuse what is in flight; nothing is answered from here on.
        loop.call_later(2.0, stop)

    def stop() -> None:
        if server is not None:
            server.stop()

    plane = Plane(config, broken)
    await plane.start()
    server = Server(
        plane.serve, address=config.host, port=config.port, interface=Interfaces.RSGI, websockets=False,
        log_enabled=False, backlog=1024, backpressure=config.backpressure,
        ssl_cert=config.tls_cert, ssl_key=config.tls_key,
    )
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    log.info("plane %s on %s:%d", config.plane_id, config.host, config.port)
    try:
        await server.serve()
    finally:
        await plane.stop()
    return EX_IOERR if failed else 0


def run(config: PlaneConfig) -> int:
    """Blocking; the exit status."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    return uvloop.run(serve(config))
