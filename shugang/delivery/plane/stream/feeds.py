"""The supplier's side: one connection per connector and topics, open while somebody listens. Nothing is kept.

The session at the supplier's broker outlives a broken line (QoS 1, clean session off), so that a short break loses
nothing; what the broker then sends again carries the DUP flag and is left out if it was seen. A message that a device
publishes twice is two messages: nobody can tell it from one that says the same again.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import socket
import ssl
from collections import Counter, OrderedDict
from collections.abc import Callable, Mapping
from typing import Any, Protocol
from urllib.parse import urlsplit

import paho.mqtt.client as mqtt

from shugang.delivery.plane.governing import Unfit, loads
from shugang.delivery.plane.outgoing import pinned
from shugang.policy.addresses import AddressRefused, Rules, origin

log = logging.getLogger("shugang.plane.stream")
# Messages on their way from the network thread to the loop; beyond them they are dropped and counted.
MOST_WAITING = 20_000
# Digests of messages remembered to know one that the broker sends again.
REMEMBERED = 10_000
KEEP_ALIVE = 30
LINGER_SECONDS = 10.0


# A broker's settings and where this plane may dial for it.
Broker = tuple[Mapping[str, str], Rules]


class Listener(Protocol):
    def offer(self, topic: str, record: Any) -> None: ...


class BadBroker(ValueError):
    """The connector's settings cannot be used; the message names the setting, never a secret."""


class _Client(mqtt.Client):
    """paho's client, dialling the address that was judged for this very connection; TLS keeps the name."""

    rules: Rules

    def _create_socket_connection(self) -> socket.socket:
        try:
            address = pinned(self._host, self._port, self.rules)
        except AddressRefused as error:
            raise OSError(str(error)) from error
        return socket.create_connection((address, self._port), timeout=self._connect_timeout)


class Feed:
    """Make it inside the loop. `ready` is done when the broker has accepted all topics."""

    def __init__(
        self,
        settings: Mapping[str, str],
        rules: Rules,
        topics: tuple[str, ...],
        client_id: str,
        most: int,
        counts: Counter[str],
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._topics, self._most = topics, most
        self.listeners: set[Listener] = set()
        self.ready = asyncio.Event()
        self._counts = counts
        self._waiting = 0
        self._seen: OrderedDict[bytes, None] = OrderedDict()
        self._client = _open(settings, rules, client_id)
        self._client.on_connect = self._connected
        self._client.on_subscribe = self._subscribed
        self._client.on_message = self._came
        self._client.on_disconnect = self._gone

    def start(self) -> None:
        self._client.loop_start()

    def stop(self) -> None:
        """Blocking for moments: takes the subscription back, so that the broker keeps nothing for us."""
        self._client.on_message = None
        if self._client.is_connected():
            self._client.unsubscribe(list(self._topics))
        self._client.disconnect()
        self._client.loop_stop()

    # -- in paho's thread ---------------------------------------------------------------------------------

    def _connected(self, client: mqtt.Client, _: Any, flags: Any, reason: Any, properties: Any) -> None:
        if reason.is_failure:
            log.warning("a supplier's broker refuses the connection: %s", reason)
            return
        client.subscribe([(topic, 1) for topic in self._topics])

    def _subscribed(self, client: mqtt.Client, _: Any, number: int, reasons: Any, properties: Any) -> None:
        if any(reason.is_failure for reason in reasons):
            log.warning("a supplier's broker refuses a topic")
            return
        self._call(self.ready.set)

    def _gone(self, client: mqtt.Client, _: Any, flags: Any, reason: Any, properties: Any) -> None:
        self._call(self.ready.clear)

    def _came(self, client: mqtt.Client, _: Any, message: mqtt.MQTTMessage) -> None:
        if self._waiting >= MOST_WAITING or len(message.payload) > self._most or message.retain:
            # What a broker retains is not an event of now: it would be sold once for each connection of ours.
            self._counts["dropped"] += 1
            return
        self._waiting += 1
        self._call(self._arrived, message.topic, message.payload, message.dup)

    def _call(self, what: Callable[..., Any], *arguments: Any) -> None:
        try:
            self._loop.call_soon_threadsafe(what, *arguments)
        except RuntimeError:  # the loop has ended
            return

    # -- in the loop --------------------------------------------------------------------------------------

    def _arrived(self, topic: str, payload: bytes, repeated: bool) -> None:
        self._waiting -= 1
        if self._known(topic, payload) and repeated:
            self._counts["repeated"] += 1
            return
        self._counts["received"] += 1
        if not self.listeners:
            return
        try:
            document = loads(payload)
        except Unfit:
            self._counts["unfit"] += 1
            return
        for record in document if isinstance(document, list) else [document]:
            for listener in tuple(self.listeners):
                listener.offer(topic, record)

    def _known(self, topic: str, payload: bytes) -> bool:
        digest = hashlib.blake2b(topic.encode() + b"\0" + payload, digest_size=16).digest()
        known = digest in self._seen
        self._seen[digest] = None
        self._seen.move_to_end(digest)
        if len(self._seen) > REMEMBERED:
            self._seen.popitem(last=False)
        return known


def _open(settings: Mapping[str, str], rules: Rules, client_id: str) -> _Client:
    """`settings`: `url` (mqtt:// or mqtts://), `user`, `secret`, `ca_file` (for a broker with its own authority)."""
    parts = urlsplit(settings["url"])
    try:
        where = origin(settings["url"])
    except AddressRefused:
        raise BadBroker("url") from None
    if where.scheme not in ("mqtt", "mqtts") or parts.path not in ("", "/") or parts.query:
        raise BadBroker("url")
    client = _Client(
        mqtt.CallbackAPIVersion.VERSION2, client_id=client_id, clean_session=False, reconnect_on_failure=True
    )
    client.rules = rules
    client.connect_timeout = 5.0
    client.reconnect_delay_set(1, 30)
    if settings.get("user"):
        client.username_pw_set(settings["user"], settings.get("secret", ""))
    if where.scheme == "mqtts":
        client.tls_set_context(ssl.create_default_context(cafile=settings.get("ca_file") or None))
    client.connect_async(where.host, where.port, KEEP_ALIVE)
    return client


class Feeds:
    """The feeds of a plane by connector and topics. `close` ends them all."""

    def __init__(self, plane_id: str, find: Callable[[str], Broker | None], most: int) -> None:
        self._plane, self._find, self._most = plane_id, find, most
        self.counts: Counter[str] = Counter()
        self._open: dict[tuple[str, tuple[str, ...]], Feed] = {}
        self._ending: dict[tuple[str, tuple[str, ...]], asyncio.TimerHandle] = {}

    def join(self, connector: str, topics: tuple[str, ...], listener: Listener) -> Feed | None:
        """The feed, now with `listener`; None where this plane has no such connector."""
        found = self._find(connector)
        if found is None:
            return None
        settings, rules = found
        key = (connector, topics)
        feed = self._open.get(key)
        if feed is None:
            feed = self._open[key] = Feed(settings, rules, topics, self._client_id(key), self._most, self.counts)
            feed.start()
        if key in self._ending:
            self._ending.pop(key).cancel()
        feed.listeners.add(listener)
        return feed

    def leave(self, connector: str, topics: tuple[str, ...], listener: Listener) -> None:
        key = (connector, topics)
        feed = self._open.get(key)
        if feed is None:
            return
        feed.listeners.discard(listener)
        if not feed.listeners and key not in self._ending:
            # A buyer who reconnects finds the line still open.
            loop = asyncio.get_running_loop()
            self._ending[key] = loop.call_later(LINGER_SECONDS, self._end, key)

    def _end(self, key: tuple[str, tuple[str, ...]]) -> None:
        self._ending.pop(key, None)
        feed = self._open.pop(key, None)
        if feed is not None:
            asyncio.get_running_loop().run_in_executor(None, feed.stop)

    def _client_id(self, key: tuple[str, tuple[str, ...]]) -> str:
        """At most 23 characters of the kind that every broker accepts [MQTT-3.1.3-5]."""
        text = "\n".join((self._plane, key[0], *key[1]))
        return "sg" + hashlib.sha256(text.encode()).hexdigest()[:20]

    async def close(self) -> None:
        for handle in self._ending.values():
            handle.cancel()
        feeds, self._open = list(self._open.values()), {}
        await asyncio.gather(*(asyncio.to_thread(feed.stop) for feed in feeds))
