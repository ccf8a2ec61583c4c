"""The buyers' side: MQTT 3.1.1 on a port of the plane's own, for subscribing and nothing else.

A buyer signs on with his key as the password (`user` names a key that signs, or is whatever he likes), subscribes to
`products/{product}` and is let go when his grant ends. No session is kept: what was released before a break is charged
and not sent again. No will, no publishing, no wildcard.
"""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import logging
import ssl
from hashlib import sha256
from time import time
from typing import TYPE_CHECKING, Any

from shugang.delivery.plane.gate import Rejected, Signed
from shugang.delivery.plane.governing import Unfit
from shugang.delivery.plane.index import Holder
from shugang.delivery.plane.journal import JournalFailed
from shugang.delivery.plane.replies import Denied
from shugang.delivery.plane.stream import packets
from shugang.delivery.plane.stream.windows import Ended, SlowConsumer, Subscription, joined

if TYPE_CHECKING:
    from shugang.delivery.plane.app import Plane

log = logging.getLogger("shugang.plane.stream")
PREFIX = "products/"
CONNECT_SECONDS = 10.0
STALL_SECONDS = 10.0
PART_SECONDS = 2.0
MOST_CONNECTIONS = 1000
MOST_SUBSCRIPTIONS = 20
# Messages of quality 1 that a buyer has not acknowledged yet.
MOST_UNACKNOWLEDGED = 2000


class Listener:
    """All connections of buyers."""

    def __init__(self, plane: Plane) -> None:
        self._plane = plane
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self.sessions: dict[str, Session] = {}

    async def start(self) -> None:
        config = self._plane.config
        if not config.mqtt_port:
            return
        tls = None
        if config.tls_cert and config.tls_key:
            tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            tls.load_cert_chain(config.tls_cert, config.tls_key)
        self._server = await asyncio.start_server(
            self._accept, config.host, config.mqtt_port, ssl=tls, reuse_port=config.worker > 0
        )

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def __len__(self) -> int:
        return len(self._tasks)

    def end_session(self, key: str, before: float) -> None:
        """A client has connected again, here or at another worker: its connection from before ends [MQTT-3.1.4-2]."""
        older = self.sessions.get(key)
        if older is not None and older.began < before:
            older.end()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        if len(self._tasks) >= MOST_CONNECTIONS:
            writer.close()
            return
        self._tasks.add(task)
        session = Session(self._plane, self, reader, writer)
        try:
            await session.run()
        except (packets.Malformed, asyncio.IncompleteReadError, OSError, TimeoutError, SlowConsumer) as error:
            log.debug("a buyer's connection ended: %s", type(error).__name__)
        except JournalFailed:
            pass
        except Exception:
            log.exception("a buyer's connection failed")
        finally:
            self._tasks.discard(task)
            await session.close()


class _Scope:
    """A connection as the gate sees a request: its caller's address and no headers but the key."""

    def __init__(self, client: str, authorization: str = "") -> None:
        self.client = client
        self.headers = _Headers(authorization)


class _Headers:
    def __init__(self, authorization: str) -> None:
        self._authorization = authorization

    def get(self, name: str, default: Any = None) -> Any:
        return self._authorization if name == "authorization" and self._authorization else default

    def get_all(self, name: str) -> list[str]:
        return []


class Session:
    def __init__(
        self, plane: Plane, listener: Listener, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._plane, self._listener, self._reader, self._writer = plane, listener, reader, writer
        peer = writer.get_extra_info("peername") or ("", 0)
        self._client = f"[{peer[0]}]:{peer[1]}" if ":" in str(peer[0]) else f"{peer[0]}:{peer[1]}"
        self._key = ""
        self.began = time()
        self._running: dict[str, asyncio.Task[None]] = {}
        self._sending = asyncio.Lock()
        self._number = 0
        self._unacknowledged: set[int] = set()
        self._acknowledged = asyncio.Event()
        self._ended = asyncio.Event()

    async def run(self) -> None:
        async with asyncio.timeout(CONNECT_SECONDS):
            first = await packets.receive(self._reader)
            if first.kind != packets.CONNECT:
                raise packets.Malformed("the first packet is not CONNECT")
            try:
                asked = packets.connect(first.body)
                holder = self._holder(asked)
            except packets.NotAccepted as refused:
                self._writer.write(packets.connack(refused.code))
                await self._writer.drain()
                return
        await self._take_over(holder, asked.client_id)
        await self._send(packets.connack(packets.ACCEPTED))
        # A client that is silent for one and a half keep-alive periods is gone [MQTT-3.1.2-24].
        patience = asked.keep_alive * 1.5 or None
        reading = asyncio.create_task(self._read(asked, patience))
        ended = asyncio.create_task(self._ended.wait())
        try:
            await asyncio.wait([reading, ended], return_when=asyncio.FIRST_COMPLETED)
            if reading.done():
                reading.result()
        finally:
            for task in (reading, ended):
                task.cancel()
            await asyncio.gather(reading, ended, return_exceptions=True)

    def _holder(self, asked: packets.Connect) -> Holder:
        """Raises NotAccepted. What the key opens is asked for each subscription."""
        gate = self._plane.gate
        credential, holder = gate.index.by_id.get(asked.user, (None, None))
        if credential is not None and holder is not None and credential.kind == "aksk":
            given = sha256(asked.password.encode()).hexdigest()
            if hmac.compare_digest(given, credential.digest) and not holder.revoked:
                return holder
            raise packets.NotAccepted(packets.BAD_LOGIN)
        try:
            return gate.holder(_Headers(f"Bearer {asked.password}"))
        except Denied as denied:
            code = packets.UNAVAILABLE if denied.code == "bundle_stale" else packets.BAD_LOGIN
            raise packets.NotAccepted(code) from None
        except Signed:
            raise packets.NotAccepted(packets.BAD_LOGIN) from None

    async def _take_over(self, holder: Holder, client_id: str) -> None:
        """A client is known by its keys (whatever bundle they came with) and its id, at every worker."""
        if not client_id:
            return
        keys = sorted({access.credential.id for access in holder.all()})
        self._key = sha256("\n".join((*keys, client_id)).encode()).hexdigest()
        self._listener.end_session(self._key, self.began)
        self._listener.sessions[self._key] = self
        if self._plane.peers is not None:
            await self._plane.peers.all({"ask": "session", "key": self._key, "before": self.began})

    async def _read(self, asked: packets.Connect, patience: float | None) -> None:
        while True:
            async with asyncio.timeout(patience):
                packet = await packets.receive(self._reader)
            if packet.kind == packets.SUBSCRIBE:
                number, wanted = packets.subscribe(packet.body)
                codes = [await self._subscribe(asked, topic, quality) for topic, quality in wanted]
                await self._send(packets.suback(number, codes))
            elif packet.kind == packets.UNSUBSCRIBE:
                number, topics = packets.unsubscribe(packet.body)
                for topic in topics:
                    await self._unsubscribe(topic)
                await self._send(packets.unsuback(number))
            elif packet.kind == packets.PUBACK:
                self._unacknowledged.discard(packets.puback(packet.body))
                self._acknowledged.set()
            elif packet.kind == packets.PINGREQ:
                await self._send(packets.pingresp())
            elif packet.kind == packets.DISCONNECT:
                return
            else:
                raise packets.Malformed("a second CONNECT")

    # -- subscriptions ------------------------------------------------------------------------------------

    async def _subscribe(self, asked: packets.Connect, topic: str, quality: int) -> int:
        """The return code of [MQTT-3.9.3]: the granted quality or a refusal, which the journal explains."""
        product = topic[len(PREFIX) :] if topic.startswith(PREFIX) else ""
        if not product or len(self._running) >= MOST_SUBSCRIPTIONS:
            return packets.REFUSED
        await self._unsubscribe(topic)
        gate, plane = self._plane.gate, self._plane
        try:
            # Asked anew: since he signed on a bundle may have ended his key.
            holder = self._holder(asked)
            use = await gate.admit(holder.products["stream"].get(product), _Scope(self._client))
            subscription = Subscription(plane, use, product, min(quality, 1), self)
            if not await joined(subscription):
                raise Rejected(use, Denied("source_unavailable"))
        except Rejected as rejected:
            await gate.refuse(rejected.use, rejected.denied)
            return packets.REFUSED
        except (Denied, Unfit, packets.NotAccepted) as error:
            log.info("a subscription is refused: %s", error)
            return packets.REFUSED
        task = self._running[topic] = asyncio.create_task(self._follow(subscription))
        task.add_done_callback(lambda _: subscription.leave())
        plane.counters["subscriptions"] += 1
        return subscription.quality

    async def _follow(self, subscription: Subscription) -> None:
        try:
            await subscription.run()
        except Ended as ended:
            with contextlib.suppress(JournalFailed):
                await self._plane.gate.refuse(subscription.now(), ended.denied)
            # MQTT 3.1.1 knows no way to end one subscription: the connection ends, and what he asks anew is refused.
            self.end()
        except (OSError, JournalFailed):
            self.end()
        except Exception:
            log.exception("a subscription failed")
            self.end()

    async def _unsubscribe(self, topic: str) -> None:
        task = self._running.pop(topic, None)
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    # -- sending ------------------------------------------------------------------------------------------

    async def deliver(self, product: str, messages: list[bytes], quality: int) -> None:
        """All in order. Raises SlowConsumer where the buyer takes or acknowledges nothing for a while."""
        topic = (PREFIX + product).encode()
        for start in range(0, len(messages), 100):
            part = messages[start : start + 100]
            numbers = [await self._next_number() for _ in part] if quality else [0] * len(part)
            await self._send(b"".join(map(packets.publish, [topic] * len(part), part, numbers)))

    async def _next_number(self) -> int:
        while len(self._unacknowledged) >= MOST_UNACKNOWLEDGED:
            self._acknowledged.clear()
            try:
                async with asyncio.timeout(STALL_SECONDS):
                    await self._acknowledged.wait()
            except TimeoutError:
                raise SlowConsumer from None
        while True:
            self._number = self._number % 65535 + 1
            if self._number not in self._unacknowledged:
                self._unacknowledged.add(self._number)
                return self._number

    async def _send(self, data: bytes) -> None:
        async with self._sending:
            self._writer.write(data)
            try:
                async with asyncio.timeout(STALL_SECONDS):
                    await self._writer.drain()
            except TimeoutError:
                raise SlowConsumer from None

    def end(self) -> None:
        self._ended.set()

    async def close(self) -> None:
        for task in self._running.values():
            task.cancel()
        await asyncio.gather(*self._running.values(), return_exceptions=True)
        if self._key and self._listener.sessions.get(self._key) is self:
            del self._listener.sessions[self._key]
        await self._part()

    async def _part(self) -> None:
        """What was released is charged, so it has to arrive: closing while acknowledgements lie unread would make the
        kernel throw it away. Hence our side is ended, and his is read to its end, for a moment."""
        with contextlib.suppress(OSError, TimeoutError):
            async with asyncio.timeout(PART_SECONDS):
                await self._writer.drain()
                if self._writer.can_write_eof():
                    self._writer.write_eof()
                while await self._reader.read(4096):
                    pass
        self._writer.close()
        self._writer.transport.abort()
