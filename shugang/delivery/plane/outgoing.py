"""Every outgoing connection to an address that someone else chose: connectors, upstream APIs, destinations.

Resolved once, all addresses judged (`policy.addresses`), the judged address dialled, Host and TLS name kept; no redirects
followed, no proxy of the environment used, no cookies kept. A kept-alive connection goes on to the address that was
judged when it was opened; whether the pair is still allowed is asked for every request.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Iterable
from ipaddress import ip_address
from typing import Any

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from shugang.policy.addresses import AddressRefused, Rules, check_ip, origin

Resolve = Callable[[str, int], Iterable[str]]
SECONDS = 30.0
CONNECT_SECONDS = 5.0
PIECE = 64 * 1024


class TooLarge(ValueError):
    """The other end sends more than was agreed to take."""


def resolve(host: str, port: int) -> list[str]:
    """Blocking. The addresses of `host`, each once; OSError or UnicodeError where there are none."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(info[4][0]) for info in found))


def pinned(host: str, port: int, rules: Rules, resolver: Resolve = resolve) -> str:
    """The one address to dial for `host:port`, now. Blocking; for drivers with sockets of their own, at each use.

    Raises AddressRefused.
    """
    return _judged(host, port, rules, resolver)[0]


def _judged(host: str, port: int, rules: Rules, resolver: Resolve) -> list[str]:
    rules.check_pair(host, port)
    try:
        found = list(resolver(host, port))
    except (OSError, UnicodeError):
        raise AddressRefused("域名无法解析", "the name does not resolve") from None
    return rules.check_all(found)


class _Judge(AbstractResolver):
    """aiohttp's resolver: all addresses of a name, if all are good."""

    def __init__(self, outgoing: Outgoing, resolver: Resolve) -> None:
        self._outgoing, self._resolver = outgoing, resolver

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        found = await asyncio.to_thread(_judged, host, port, self._outgoing.rules, self._resolver)
        return [
            {
                "hostname": host,
                "host": text,
                "port": port,
                "family": socket.AF_INET6 if ":" in text else socket.AF_INET,
                "proto": 0,
                "flags": socket.AI_NUMERICHOST,
            }
            for text in found
        ]

    async def close(self) -> None:
        return None


class Outgoing:
    """An HTTP client that reaches only what `rules` allow (they may be replaced while it runs). Make it inside the
    running loop; `close` it. `seconds` bound a whole answer, `decompress` undoes content codings."""

    def __init__(
        self,
        rules: Rules,
        *,
        seconds: float = SECONDS,
        connect_seconds: float = CONNECT_SECONDS,
        connections: int = 64,
        decompress: bool = False,
        tls: ssl.SSLContext | None = None,
        resolver: Resolve = resolve,
    ) -> None:
        self.rules = rules
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                resolver=_Judge(self, resolver),
                use_dns_cache=False,
                limit=connections,
                ssl=tls or True,
                socket_factory=self._socket,
            ),
            timeout=aiohttp.ClientTimeout(total=seconds, sock_connect=connect_seconds),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=decompress,
            trust_env=False,
        )

    def _socket(self, info: Any) -> socket.socket:
        """The last look before dialling, whatever way the address came."""
        family, kind, proto, _, where = info
        check_ip(ip_address(where[0]), self.rules.admitted)
        made = socket.socket(family, kind, proto)
        made.setblocking(False)
        return made

    @contextlib.asynccontextmanager
    async def request(self, method: str, url: str | URL, **more: Any) -> AsyncIterator[aiohttp.ClientResponse]:
        """As `aiohttp.ClientSession.request`. A redirect is an answer like any other.

        Raises AddressRefused before anything is dialled; aiohttp.ClientError, TimeoutError, OSError as aiohttp does.
        """
        where = origin(str(url))
        self.rules.check_pair(where.host, where.port)
        more["allow_redirects"] = False
        more.pop("proxy", None)
        async with self._session.request(method, url, **more) as response:
            yield response

    async def close(self) -> None:
        await self._session.close()


def guarded_session(rules: Rules, **settings: Any) -> Outgoing:
    """A guarded HTTP client; `settings` as `Outgoing` takes them."""
    return Outgoing(rules, **settings)


async def pieces(response: aiohttp.ClientResponse, most: int) -> AsyncIterator[bytes]:
    """The body as it comes, at most `most` bytes. Raises TooLarge, before a byte if the length is declared."""
    if response.content_length is not None and response.content_length > most:
        raise TooLarge(f"{response.content_length} bytes are declared, {most} are taken")
    size = 0
    async for piece in response.content.iter_chunked(PIECE):
        size += len(piece)
        if size > most:
            raise TooLarge(f"more than {most} bytes")
        yield piece


async def whole(response: aiohttp.ClientResponse, most: int) -> bytes:
    """The body, at most `most` bytes. Raises TooLarge."""
    return b"".join([piece async for piece in pieces(response, most)])
