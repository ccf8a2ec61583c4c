"""A supplier's HTTP interface as the plane calls it: guarded, pooled, with credentials that the buyer never sees.

Nothing of the buyer's request travels but declared parameters, nothing of the answer's headers is used but its length
and type. An error names the kind of failure alone: an address could carry the credential.
"""

from __future__ import annotations

import logging
from base64 import b64encode
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import quote

import aiohttp

from shugang.delivery.plane.config import ConfigError, PlaneConfig
from shugang.delivery.plane.connectors import SourceFailed
from shugang.delivery.plane.outgoing import Outgoing, TooLarge, whole
from shugang.policy.addresses import AddressRefused, origin

log = logging.getLogger("shugang.plane.upstream")
AUTHS = ("none", "bearer", "basic", "header", "query")
_JSON_TYPES = ("application/json", "text/json")


class BadUpstream(ValueError):
    """The connector's settings cannot be used; the message names the setting, never a secret."""


class Answer(NamedTuple):
    status: int
    body: bytes


class Upstream:
    """`settings`: `url` (origin and base path), `auth` (one of AUTHS), `user` (basic), `name` (of the header or query
    parameter), `secret`."""

    def __init__(self, settings: Mapping[str, str], client: Outgoing, most: int) -> None:
        try:
            where = origin(settings["url"])
        except (KeyError, AddressRefused):
            raise BadUpstream("url") from None
        if where.scheme not in ("http", "https") or "?" in where.path:
            raise BadUpstream("url")
        host = f"[{where.host}]" if ":" in where.host else where.host
        self._base = f"{where.scheme}://{host}:{where.port}{where.path.rstrip('/')}"
        self._client, self._most = client, most
        self._headers = {"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "shugang-plane"}
        self._query = ""
        self._authorise(settings)

    def _authorise(self, settings: Mapping[str, str]) -> None:
        auth, secret, name = (settings.get(key, "") for key in ("auth", "secret", "name"))
        if (auth or "none") not in AUTHS or any(character in secret + name for character in "\r\n\0"):
            raise BadUpstream("auth")
        if auth not in ("", "none") and not secret:
            raise BadUpstream("secret")
        if auth in ("header", "query") and not name:
            raise BadUpstream("name")
        if auth == "bearer":
            self._headers["Authorization"] = f"Bearer {secret}"
        elif auth == "basic":
            pair = f"{settings.get('user', '')}:{secret}".encode()
            self._headers["Authorization"] = f"Basic {b64encode(pair).decode()}"
        elif auth == "header":
            self._headers[name] = secret
        elif auth == "query":
            self._query = f"{quote(name, safe='')}={quote(secret, safe='')}"

    async def call(self, method: str, target: str, body: bytes | None, kind: str) -> Answer:
        """`target` is the path and query below the base, percent-encoded. Raises SourceFailed."""
        url = self._base + target
        if self._query:
            url += ("&" if "?" in target else "?") + self._query
        headers = {**self._headers, "Content-Type": kind} if body is not None else self._headers
        try:
            async with self._client.request(method, url, data=body, headers=headers) as response:
                encoding = response.headers.get("Content-Encoding", "identity").strip().lower()
                if encoding != "identity":
                    raise SourceFailed("source_unavailable", "the answer is compressed, which was not asked for")
                answer = await whole(response, self._most)
                if answer and not _is_json(response.headers.get("Content-Type", "")):
                    answer = b""
                return Answer(response.status, answer)
        except TooLarge:
            raise SourceFailed("source_unavailable", f"the answer is longer than {self._most} bytes") from None
        except TimeoutError:
            raise SourceFailed("source_timeout", "no whole answer in time") from None
        except AddressRefused as error:
            raise SourceFailed("source_unavailable", str(error)) from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise SourceFailed("source_unavailable", type(error).__name__) from None


def _is_json(kind: str) -> bool:
    name = kind.partition(";")[0].strip().lower()
    return name in _JSON_TYPES or (name.startswith("application/") and name.endswith("+json"))


class Upstreams:
    """The HTTP connectors of this plane's own settings. Make it inside the running loop; `close` it."""

    def __init__(self, config: PlaneConfig) -> None:
        self._client = Outgoing(config.rules, seconds=config.query_seconds, connections=config.backpressure)
        self._found: dict[str, Upstream] = {}
        for name, settings in config.upstreams.items():
            if settings["url"].startswith("http"):
                try:
                    self._found[name] = Upstream(settings, self._client, config.max_upstream)
                except BadUpstream as error:
                    raise ConfigError(f"connector {name}: {error}") from error

    def get(self, name: str) -> Upstream | None:
        return self._found.get(name)

    async def close(self) -> None:
        await self._client.close()
