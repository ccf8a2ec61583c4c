"""One upstream's HTTP/1.1 (RFC 9112), pooled: a call costs a third of what a general client takes.

Only what a small answer needs: a request is written whole, an answer is read whole up to a limit. A message that could be
read in two ways (two lengths, a length beside chunks, folded headers, bytes after its end) is refused and its connection
closed. Each new connection goes to an address that was judged for it (`outgoing`).
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import ssl
from collections import deque
from time import monotonic
from typing import NamedTuple, cast

from shugang.delivery.plane.outgoing import TooLarge, pinned
from shugang.policy.addresses import Rules

MOST_HEAD = 16 * 1024
IDLE_SECONDS = 15.0
CONNECT_SECONDS = 5.0
_STATUS = re.compile(rb"HTTP/1\.([01]) ([2-5][0-9]{2})(?: [^\r\n\0]*)?")
_HEADER = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([^\r\n\0]*?)[ \t]*")
_SIZE = re.compile(rb"([0-9A-Fa-f]{1,8})[ \t]*(?:;[^\r\n\0]*)?")


class BadAnswer(ValueError):
    """Not an HTTP/1.1 answer that can be read in one way only."""


class Gone(ConnectionError):
    """The connection ended; `fresh` where nothing of an answer had come."""

    def __init__(self, fresh: bool) -> None:
        super().__init__("the upstream closed the connection")
        self.fresh = fresh


class Head(NamedTuple):
    """`length` is None for chunks, -1 for a body that ends with the connection."""

    status: int
    kind: str
    encoding: str
    length: int | None
    keep: bool


class Answer(NamedTuple):
    status: int
    kind: str
    encoding: str
    body: bytes


def read_head(data: bytes) -> Head:
    """`data` is all before the empty line. Raises BadAnswer."""
    first, *lines = data.split(b"\r\n")
    start = _STATUS.fullmatch(first)
    if start is None:
        raise BadAnswer("status line")
    found: dict[bytes, bytes] = {}
    for line in lines:
        field = _HEADER.fullmatch(line)
        if field is None:
            raise BadAnswer("header")
        name = field[1].lower()
        if name in found and name in (b"content-length", b"transfer-encoding", b"content-type", b"content-encoding"):
            raise BadAnswer("a header that may stand once stands twice")
        found[name] = field[2]
    status, coding, length = int(start[2]), found.get(b"transfer-encoding"), found.get(b"content-length")
    keep = start[1] == b"1" and b"close" not in found.get(b"connection", b"").lower()
    if coding is not None and (coding.lower() != b"chunked" or length is not None or start[1] == b"0"):
        raise BadAnswer("transfer coding")
    if length is not None and not re.fullmatch(rb"[0-9]{1,18}", length):
        raise BadAnswer("content length")
    size: int | None = -1
    if status in (204, 304):
        size = 0
    elif coding is not None:
        size = None
    elif length is not None:
        size = int(length)
    kind, encoding = found.get(b"content-type", b""), found.get(b"content-encoding", b"identity")
    return Head(status, kind.decode("latin-1"), encoding.decode("latin-1"), size, keep and size != -1)


class Chunks:
    """The chunked coding (RFC 9112 §7.1), fed from one buffer that only grows."""

    def __init__(self, most: int) -> None:
        self._most, self._place, self._size = most, 0, 0
        self._parts: list[bytes] = []
        self._trailer = False

    def feed(self, buffer: bytearray) -> tuple[bytes, int] | None:
        """(body, where it ends) once it is whole. Raises BadAnswer, TooLarge."""
        while True:
            end = buffer.find(b"\r\n", self._place)
            if end < 0:
                if len(buffer) - self._place > MOST_HEAD:
                    raise BadAnswer("chunk")
                return None
            line = bytes(buffer[self._place : end])
            if self._trailer:
                if not line:
                    return b"".join(self._parts), end + 2
                if _HEADER.fullmatch(line) is None or end - self._place > MOST_HEAD:
                    raise BadAnswer("trailer")
                self._place = end + 2
                continue
            size = _SIZE.fullmatch(line)
            if size is None:
                raise BadAnswer("chunk")
            count = int(size[1], 16)
            if not count:
                self._trailer, self._place = True, end + 2
                continue
            self._size += count
            if self._size > self._most:
                raise TooLarge(f"more than {self._most} bytes")
            if len(buffer) < end + 2 + count + 2:
                self._size -= count
                return None
            if buffer[end + 2 + count : end + 4 + count] != b"\r\n":
                raise BadAnswer("chunk")
            self._parts.append(bytes(buffer[end + 2 : end + 2 + count]))
            self._place = end + 4 + count


class Connection(asyncio.Protocol):
    """One call at a time: `send`, then the future."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._buffer = bytearray()
        self._head: Head | None = None
        self._start = 0
        self._chunks: Chunks | None = None
        self._waiting: asyncio.Future[Answer] | None = None
        self._transport: asyncio.Transport | None = None
        self.usable, self.used = True, monotonic()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are none of asyncio's classes.
        self._transport = cast("asyncio.Transport", transport)

    def send(self, request: bytes, loop: asyncio.AbstractEventLoop) -> asyncio.Future[Answer]:
        assert self._transport is not None
        self._buffer.clear()
        self._head = self._chunks = None
        self._waiting = waiting = loop.create_future()
        self._transport.write(request)
        return waiting

    def data_received(self, data: bytes) -> None:
        if self._waiting is None or self._waiting.done():
            self.close()  # nobody asked for this
            return
        self._buffer += data
        try:
            self._read(False)
        except (BadAnswer, TooLarge) as error:
            self._fail(error)

    def eof_received(self) -> None:
        self._ended()

    def connection_lost(self, exc: Exception | None) -> None:
        self._ended()

    def _ended(self) -> None:
        self.usable = False
        if self._waiting is not None and not self._waiting.done():
            if self._head is not None and self._head.length == -1:
                with contextlib.suppress(TooLarge):
                    self._read(True)
            if not self._waiting.done():
                self._fail(Gone(self._head is None and not self._buffer))

    def _read(self, ended: bool) -> None:
        head = self._head
        if head is None:
            end = self._buffer.find(b"\r\n\r\n", 0, MOST_HEAD)
            if end < 0:
                if len(self._buffer) >= MOST_HEAD:
                    raise BadAnswer("head")
                return
            head = self._head = read_head(bytes(self._buffer[:end]))
            self._start = end + 4
            if head.length is None:
                del self._buffer[: self._start]
                self._chunks = Chunks(self._most)
            elif head.length > self._most:
                raise TooLarge(f"{head.length} bytes are declared, {self._most} are taken")
        if self._chunks is not None:
            whole = self._chunks.feed(self._buffer)
            if whole is not None:
                self._done(head, whole[0], len(self._buffer) - whole[1])
            elif len(self._buffer) > 2 * self._most + MOST_HEAD:
                raise TooLarge(f"more than {self._most} bytes")
            return
        size = len(self._buffer) - self._start
        assert head.length is not None
        if head.length >= 0:
            if size >= head.length:
                body = bytes(self._buffer[self._start : self._start + head.length])
                self._done(head, body, size - head.length)
        elif size > self._most:
            raise TooLarge(f"more than {self._most} bytes")
        elif ended:
            self._done(head, bytes(self._buffer[self._start :]), 0)

    def _done(self, head: Head, body: bytes, beyond: int) -> None:
        assert self._waiting is not None
        if beyond or not head.keep:
            # What follows an answer belongs to none of ours.
            self.close()
        self.used = monotonic()
        self._waiting.set_result(Answer(head.status, head.kind, head.encoding, body))

    def _fail(self, error: Exception) -> None:
        self.close()
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(error)

    def close(self) -> None:
        self.usable = False
        if self._transport is not None:
            self._transport.abort()


class Pool:
    """At most `connections` to one place. Make it inside the running loop; `close` it."""

    def __init__(
        self, host: str, port: int, tls: ssl.SSLContext | None, rules: Rules, most: int, connections: int
    ) -> None:
        self._host, self._port, self._tls, self._rules, self._most = host, port, tls, rules, most
        self._idle: deque[Connection] = deque()
        self._places = asyncio.Semaphore(connections)
        self._loop = asyncio.get_running_loop()

    async def call(self, request: bytes, seconds: float, again: bool) -> Answer:
        """`again`: the request may be repeated where a kept connection turns out to have ended before it was read.
        Raises BadAnswer, TooLarge, AddressRefused, TimeoutError, OSError."""
        async with asyncio.timeout(seconds), self._places:
            while True:
                connection = self._kept()
                fresh = connection is None
                if connection is None:
                    connection = await self._dial()
                try:
                    answer = await connection.send(request, self._loop)
                except Gone as gone:
                    if again and gone.fresh and not fresh:
                        continue
                    raise
                except BaseException:
                    connection.close()
                    raise
                if connection.usable:
                    self._idle.append(connection)
                return answer

    def _kept(self) -> Connection | None:
        while self._idle:
            connection = self._idle.pop()
            if connection.usable and monotonic() - connection.used < IDLE_SECONDS:
                return connection
            connection.close()
        return None

    async def _dial(self) -> Connection:
        address = await asyncio.to_thread(pinned, self._host, self._port, self._rules)
        async with asyncio.timeout(CONNECT_SECONDS):
            name = self._host if self._tls is not None else None
            _, connection = await self._loop.create_connection(
                lambda: Connection(self._most), address, self._port, ssl=self._tls, server_hostname=name
            )
        return connection

    def close(self) -> None:
        while self._idle:
            with contextlib.suppress(Exception):
                self._idle.pop().close()
