"""What a server needs of MQTT 3.1.1 (OASIS standard, 29 October 2014) to let clients subscribe and nothing else.

Clauses in brackets are those of the standard. What is malformed ends the connection [MQTT-4.8.0-1].
"""

from __future__ import annotations

import asyncio
from typing import NamedTuple

CONNECT, CONNACK, PUBLISH, PUBACK = 1, 2, 3, 4
SUBSCRIBE, SUBACK, UNSUBSCRIBE, UNSUBACK, PINGREQ, PINGRESP, DISCONNECT = 8, 9, 10, 11, 12, 13, 14
ACCEPTED, BAD_VERSION, BAD_ID, UNAVAILABLE, BAD_LOGIN, NOT_AUTHORISED = range(6)
REFUSED = 0x80
# A client sends nothing long: who he is and what he wants to hear.
MOST_RECEIVED = 16 * 1024
# Flags of the fixed header [MQTT-2.2.2-1].
_FLAGS = {CONNECT: 0, PUBACK: 0, SUBSCRIBE: 2, UNSUBSCRIBE: 2, PINGREQ: 0, DISCONNECT: 0}


class Malformed(ValueError):
    """The bytes are not what the standard allows from a client here."""


class NotAccepted(ValueError):
    """The connection is answered with a return code of [MQTT-3.2.2] and closed."""

    def __init__(self, code: int) -> None:
        super().__init__(str(code))
        self.code = code


class Packet(NamedTuple):
    kind: int
    body: bytes


class Connect(NamedTuple):
    """`keep_alive` in seconds, 0 for none."""

    client_id: str
    keep_alive: int
    user: str
    password: str


async def receive(reader: asyncio.StreamReader, most: int = MOST_RECEIVED) -> Packet:
    """The next packet of a client. Raises Malformed, asyncio.IncompleteReadError at the end."""
    first = (await reader.readexactly(1))[0]
    kind, flags = first >> 4, first & 15
    if kind not in _FLAGS or flags != _FLAGS[kind]:
        raise Malformed(f"packet type {kind} with flags {flags}")
    length = shift = 0
    while True:
        byte = (await reader.readexactly(1))[0]
        length |= (byte & 127) << shift
        if not byte & 128:
            break
        shift += 7
        if shift > 21:
            raise Malformed("remaining length")
    if length > most:
        raise Malformed("too long")
    return Packet(kind, await reader.readexactly(length))


class _Reader:
    def __init__(self, body: bytes) -> None:
        self._body, self._place = body, 0

    def take(self, count: int) -> bytes:
        found = self._body[self._place : self._place + count]
        if len(found) != count:
            raise Malformed("too short")
        self._place += count
        return found

    def whole(self) -> int:
        return int.from_bytes(self.take(2), "big")

    def binary(self) -> bytes:
        return self.take(self.whole())

    def text(self) -> str:
        """UTF-8 without NUL [MQTT-1.5.3-1, -2]."""
        try:
            found = self.binary().decode()
        except UnicodeDecodeError as error:
            raise Malformed("not UTF-8") from error
        if "\0" in found:
            raise Malformed("NUL")
        return found

    @property
    def done(self) -> bool:
        return self._place == len(self._body)


def connect(body: bytes) -> Connect:
    """Raises Malformed, NotAccepted. A will is a wish to publish, which buyers may not."""
    r = _Reader(body)
    if r.text() != "MQTT":
        raise Malformed("protocol name")
    if r.take(1)[0] != 4:
        raise NotAccepted(BAD_VERSION)
    flags, keep_alive, client_id = r.take(1)[0], r.whole(), r.text()
    user, password, will = flags & 128, flags & 64, flags & 4
    if flags & 1 or (password and not user) or (not will and flags & 0b111000) or (flags >> 3) & 3 == 3:
        raise Malformed("connect flags")
    if will:
        r.text(), r.binary()
    name = r.text() if user else ""
    try:
        secret = r.binary().decode() if password else ""
    except UnicodeDecodeError:
        raise NotAccepted(BAD_LOGIN) from None
    if not r.done:
        raise Malformed("trailing bytes")
    if not client_id and not flags & 2:
        raise NotAccepted(BAD_ID)
    if will:
        raise NotAccepted(NOT_AUTHORISED)
    return Connect(client_id, keep_alive, name, secret)


def subscribe(body: bytes) -> tuple[int, list[tuple[str, int]]]:
    """(packet id, [(topic filter, wished quality)])."""
    r = _Reader(body)
    number, found = _number(r), []
    while not r.done:
        topic, quality = r.text(), r.take(1)[0]
        if not topic or quality > 2:
            raise Malformed("subscription")
        found.append((topic, quality))
    if not found:
        raise Malformed("no subscription")
    return number, found


def unsubscribe(body: bytes) -> tuple[int, list[str]]:
    r = _Reader(body)
    number, found = _number(r), []
    while not r.done:
        found.append(r.text())
    if not found:
        raise Malformed("no subscription")
    return number, found


def puback(body: bytes) -> int:
    r = _Reader(body)
    number = _number(r)
    if not r.done:
        raise Malformed("trailing bytes")
    return number


def _number(r: _Reader) -> int:
    number = r.whole()
    if not number:
        raise Malformed("packet id 0")
    return number


def connack(code: int) -> bytes:
    return bytes((CONNACK << 4, 2, 0, code))


def suback(number: int, codes: list[int]) -> bytes:
    return _packet(SUBACK << 4, number.to_bytes(2, "big") + bytes(codes))


def unsuback(number: int) -> bytes:
    return _packet(UNSUBACK << 4, number.to_bytes(2, "big"))


def pingresp() -> bytes:
    return bytes((PINGRESP << 4, 0))


def publish(topic: bytes, payload: bytes, number: int) -> bytes:
    """`number` is the packet id at quality 1, 0 at quality 0."""
    head = len(topic).to_bytes(2, "big") + topic
    if number:
        return _packet(PUBLISH << 4 | 2, head + number.to_bytes(2, "big") + payload)
    return _packet(PUBLISH << 4, head + payload)


def _packet(first: int, body: bytes) -> bytes:
    length, out = len(body), bytearray((first,))
    while True:
        length, byte = length >> 7, length & 127
        out.append(byte | 128 if length else byte)
        if not length:
            return bytes(out) + body
