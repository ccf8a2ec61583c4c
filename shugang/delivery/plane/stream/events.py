"""The same streams over HTTP, for clients that speak no MQTT: `GET /stream/v1/{product}` as server-sent events.

Each message is one event (`data: {…}`), released window by window under the same records as over MQTT. An `end` event
says why a stream is over; a comment every few seconds keeps the connection and finds out that the client has gone.
Nothing is kept: what came while nobody listened is not sent again, so that `Last-Event-ID` means nothing here.
Source: HTML Standard, 9.2 Server-sent events.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from shugang.delivery.plane.gate import Rejected
from shugang.delivery.plane.governing import Unfit
from shugang.delivery.plane.journal import JournalFailed
from shugang.delivery.plane.pipes import Aborted, Pipe
from shugang.delivery.plane.replies import Denied
from shugang.delivery.plane.stream.windows import Ended, Subscription, joined

if TYPE_CHECKING:
    from shugang.delivery.plane.app import Plane

PREFIX = "/stream/v1/"
KEEP_SECONDS = 5.0
MOST_STREAMS = 100
HEADERS = [("content-type", "text/event-stream"), ("cache-control", "no-store"), ("x-accel-buffering", "no")]


class Events:
    """What a subscription hands over, written as events. One writes at a time."""

    def __init__(self, pipe: Pipe) -> None:
        self._pipe, self._turn = pipe, asyncio.Lock()

    async def deliver(self, product: str, messages: list[bytes], quality: int) -> None:
        await self.write(b"".join(b"data: %s\n\n" % message for message in messages))

    async def write(self, data: bytes) -> None:
        async with self._turn:
            await self._pipe.write(data)


async def handle(plane: Plane, scope: Any, proto: Any, product: str) -> None:
    gate = plane.gate
    use = await gate.admit(gate.holder(scope.headers).products["stream"].get(product), scope, retries=False)
    if plane.counters["streams_open"] >= MOST_STREAMS:
        raise Rejected(use, Denied("rate_limited", wait=5.0))
    pipe = plane.pipe()  # the subscription looks after the grant, and what it released is charged and may leave
    try:
        events = Events(pipe)
        try:
            subscription = Subscription(plane, use, product, 0, events)
        except Unfit as error:
            raise Rejected(use, Denied("source_unavailable")) from error
        if not await joined(subscription):
            raise Rejected(use, Denied("source_unavailable"))
        plane.counters["streams_open"] += 1
        try:
            pipe.answer(proto, 200, HEADERS)
            await events.write(b": %s\n\n" % product.encode())
            await pipe.taken()
            await _run(plane, subscription, events)
            await pipe.finish()
        finally:
            plane.counters["streams_open"] -= 1
            subscription.leave()
    finally:
        pipe.close()


async def _run(plane: Plane, subscription: Subscription, events: Events) -> None:
    """Until the stream is over, or the client has gone (Aborted)."""
    running = asyncio.ensure_future(subscription.run())
    try:
        while not (await asyncio.wait([running], timeout=KEEP_SECONDS))[0]:
            if plane.stopping:
                raise Aborted("the plane stops")
            await events.write(b":\n\n")
        running.result()
    except Ended as ended:
        await plane.gate.refuse(subscription.now(), ended.denied)
        await events.write(b"event: end\ndata: %s\n\n" % ended.denied.body(sharing=False))
    except JournalFailed as error:
        raise Aborted("the journal failed") from error
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
