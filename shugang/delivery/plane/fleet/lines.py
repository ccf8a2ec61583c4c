"""Lines between the workers of a fleet: one small question, one answer that may be long, over TLS 1.3.

Both ends hold the plane's secret, from which each makes the same key and the same certificate (RFC 5869, RFC 8032);
each shows it and takes nothing else. So nobody but a worker of this plane can ask or answer, and what passes between
machines is not read. A question is a line of JSON; an answer is a line of JSON (its head) and `length` bytes.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from shugang.delivery.plane.config import write_private

log = logging.getLogger("shugang.plane.fleet")
DIAL_SECONDS = 2.0
MOST_LINE = 64 * 1024
PIECE = 256 * 1024
# Both ends must make the same certificate, whatever their clocks say.
_FROM, _UNTIL = datetime(2020, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC)


class Unreachable(ConnectionError):
    """No worker of this plane answers at that address."""


class Elsewhere(Unreachable):
    """It stands on a machine that this one does not reach; the message names the machine."""


class Answering:
    """One question's answer as the modes write answers (the part of RSGI's protocol that they use)."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self._copying: asyncio.Task[None] | None = None

    def response_bytes(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        self._head(status, headers, len(body))
        self._writer.write(body)

    def response_file(self, status: int, headers: list[tuple[str, str]], path: str) -> None:
        """`path` is a named pipe that is being filled (`plane.pipes`)."""
        self._head(status, headers, int(dict(headers)["content-length"]))
        pipe = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        self._copying = asyncio.create_task(self._copy(pipe))

    def _head(self, status: int, headers: list[tuple[str, str]], length: int) -> None:
        self._writer.write(json.dumps({"status": status, "headers": headers, "length": length}).encode() + b"\n")

    async def _copy(self, pipe: int) -> None:
        reader = asyncio.StreamReader(PIECE)
        source = os.fdopen(pipe, "rb", buffering=0)
        loop = asyncio.get_running_loop()
        transport, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), source)
        try:
            while data := await reader.read(PIECE):
                self._writer.write(data)
                await self._writer.drain()
        finally:
            transport.close()

    async def client_disconnect(self) -> None:
        """Returns when the one that asked has gone: it sends nothing after its question."""
        with contextlib.suppress(OSError):
            await self._reader.read(1)

    async def finish(self) -> None:
        if self._copying is not None:
            await self._copying
        await self._writer.drain()

    def end(self) -> None:
        if self._copying is not None:
            self._copying.cancel()
        self._writer.close()


class Lines:
    """Answers questions at `host` (a port of its own) through `answer`, and asks others."""

    def __init__(self, host: str, secret: bytes, folder: Path, answer: Callable[[Any, Answering], Awaitable[None]]):
        self._host, self._answer = host, answer
        self._tls = {
            side: _context(secret, folder, side) for side in (ssl.PROTOCOL_TLS_SERVER, ssl.PROTOCOL_TLS_CLIENT)
        }
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def open(self) -> str:
        """Where others reach it."""
        tls = self._tls[ssl.PROTOCOL_TLS_SERVER]
        self._server = await asyncio.start_server(self._accept, self._host, 0, ssl=tls, limit=MOST_LINE)
        return f"{self._host}:{self._server.sockets[0].getsockname()[1]}"

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        answering = Answering(reader, writer)
        try:
            async with asyncio.timeout(DIAL_SECONDS):
                question = json.loads(await reader.readline())
            await self._answer(question, answering)
            await answering.finish()
        except (OSError, TimeoutError, ValueError) as error:
            log.debug("a line between workers ended: %r", error)
        except Exception:
            log.exception("a question of another worker failed")
        finally:
            self._tasks.discard(task)
            answering.end()

    @asynccontextmanager
    async def ask(self, address: str, question: dict[str, Any]) -> AsyncIterator[asyncio.StreamReader]:
        """The answer: its head (read it by `head`), then its bytes. Raises Unreachable."""
        host, _, port = address.rpartition(":")
        try:
            async with asyncio.timeout(DIAL_SECONDS):
                tls = self._tls[ssl.PROTOCOL_TLS_CLIENT]
                reader, writer = await asyncio.open_connection(
                    host, int(port), ssl=tls, server_hostname="", limit=MOST_LINE
                )
        except (OSError, ValueError, TimeoutError) as error:
            raise Unreachable(address) from error
        try:
            writer.write(json.dumps(question).encode() + b"\n")
            yield reader
        finally:
            writer.close()


def reachable(address: str, place: str) -> str:
    """`address`, unless it is good on another machine only. `place` is `host:pid`. Raises Elsewhere."""
    machine = place.rpartition(":")[0]
    if not address or (address.startswith("127.") and machine != socket.gethostname()):
        raise Elsewhere(machine)
    return address


async def head(reader: asyncio.StreamReader) -> dict[str, Any]:
    """Raises Unreachable where the other end went before it had answered."""
    try:
        found: dict[str, Any] = json.loads(await reader.readline())
    except (OSError, ValueError) as error:
        raise Unreachable("no answer") from error
    return found


def _context(secret: bytes, folder: Path, side: Any) -> ssl.SSLContext:
    key = Ed25519PrivateKey.from_private_bytes(HKDF(SHA256(), 32, None, b"shugang-fleet-line-v1").derive(secret))
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "shugang fleet")])
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    made = made.serial_number(1).not_valid_before(_FROM).not_valid_after(_UNTIL)
    made = made.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    certificate = made.sign(key, None).public_bytes(Encoding.PEM)
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    context = ssl.SSLContext(side)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.check_hostname = False
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(cadata=certificate.decode())
    # The standard library reads keys from files alone.
    path = folder / f"line-{os.getpid()}.pem"
    write_private(path, private + certificate)
    try:
        context.load_cert_chain(path)
    finally:
        path.unlink()
    return context
