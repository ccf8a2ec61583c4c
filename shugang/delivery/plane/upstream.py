"""A supplier's HTTP interface as the plane calls it: guarded, pooled, with credentials that the buyer never sees.

Nothing of the buyer's request travels but declared parameters, nothing of the answer's headers is used but its length
and type. An error names the kind of failure alone: an address could carry the credential.
"""

from __future__ import annotations

import re
import ssl
from base64 import b64encode
from collections.abc import Mapping
from functools import lru_cache
from urllib.parse import quote

from shugang.delivery.plane.config import ConfigError, PlaneConfig
from shugang.delivery.plane.connectors import SourceFailed
from shugang.delivery.plane.outgoing import TooLarge
from shugang.delivery.plane.wire import Answer, BadAnswer, Pool
from shugang.policy.addresses import AddressRefused, Rules, origin

AUTHS = ("none", "bearer", "basic", "header", "query")
_JSON_TYPES = ("application/json", "text/json")
_TOKEN = re.compile(r"[A-Za-z0-9_-]{1,64}")
_OURS = ("host", "accept", "accept-encoding", "content-type", "content-length", "transfer-encoding", "connection")


class BadUpstream(ValueError):
    """The connector's settings cannot be used; the message names the setting, never a secret."""


class Upstream:
    """`settings`: `url` (origin and base path), `auth` (one of AUTHS), `user` (basic), `name` (of the header or query
    parameter), `secret`. Make it inside the running loop; `close` it."""

    def __init__(self, settings: Mapping[str, str], rules: Rules, most: int, seconds: float, connections: int) -> None:
        try:
            where = origin(settings["url"])
        except (KeyError, AddressRefused):
            raise BadUpstream("url") from None
        if where.scheme not in ("http", "https") or "?" in where.path:
            raise BadUpstream("url")
        self._base, self._most, self._seconds = where.path.rstrip("/"), most, seconds
        self._query = ""
        headers = {"Host": where.pair, "Accept": "application/json", "Accept-Encoding": "identity"}
        headers["User-Agent"] = "shugang-plane"
        headers |= self._authorised(settings)
        self._headers = "".join(f"{name}: {value}\r\n" for name, value in headers.items()).encode()
        tls = ssl.create_default_context() if where.scheme == "https" else None
        self._pool = Pool(where.host, where.port, tls, rules, most, connections)

    def _authorised(self, settings: Mapping[str, str]) -> dict[str, str]:
        auth, secret, name = (settings.get(key, "") for key in ("auth", "secret", "name"))
        if (auth or "none") not in AUTHS:
            raise BadUpstream("auth")
        if auth in ("", "none"):
            return {}
        if not secret or not secret.isascii() or not secret.isprintable():
            raise BadUpstream("secret")
        if auth == "bearer":
            return {"Authorization": f"Bearer {secret}"}
        if auth == "basic":
            pair = f"{settings.get('user', '')}:{secret}".encode()
            return {"Authorization": f"Basic {b64encode(pair).decode()}"}
        if not _TOKEN.fullmatch(name) or name.lower() in _OURS:
            raise BadUpstream("name")
        if auth == "header":
            return {name: secret}
        self._query = f"{quote(name, safe='')}={quote(secret, safe='')}"
        return {}

    async def call(self, method: str, target: str, body: bytes | None, kind: str) -> Answer:
        """`target` is the path and query below the base, percent-encoded. Raises SourceFailed."""
        line = f"{method} {self._base}{target}"
        if self._query:
            line += ("&" if "?" in target else "?") + self._query
        request = b"".join((line.encode("ascii"), b" HTTP/1.1\r\n", self._headers))
        if body is None:
            request += b"\r\n"
        else:
            request += f"Content-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body
        try:
            answer = await self._pool.call(request, self._seconds, method == "GET")
        except TooLarge:
            raise SourceFailed("source_unavailable", f"the answer is longer than {self._most} bytes") from None
        except TimeoutError:
            raise SourceFailed("source_timeout", "no whole answer in time") from None
        except AddressRefused as error:
            raise SourceFailed("source_unavailable", str(error)) from None
        except (BadAnswer, OSError) as error:
            raise SourceFailed("source_unavailable", type(error).__name__) from None
        if answer.encoding.lower() != "identity":
            raise SourceFailed("source_unavailable", "the answer is compressed, which was not asked for")
        return answer if _is_json(answer.kind) else answer._replace(body=b"")

    def close(self) -> None:
        self._pool.close()


@lru_cache(maxsize=64)
def _is_json(kind: str) -> bool:
    name = kind.partition(";")[0].strip().lower()
    return name in _JSON_TYPES or (name.startswith("application/") and name.endswith("+json"))


class Upstreams:
    """The HTTP connectors of this plane's own settings. Make it inside the running loop; `close` it."""

    def __init__(self, config: PlaneConfig) -> None:
        self._found: dict[str, Upstream] = {}
        for name, settings in config.upstreams.items():
            if settings["url"].startswith("http"):
                try:
                    self._found[name] = Upstream(
                        settings, config.rules, config.max_upstream, config.query_seconds, config.backpressure
                    )
                except BadUpstream as error:
                    raise ConfigError(f"connector {name}: {error}") from error

    def get(self, name: str) -> Upstream | None:
        return self._found.get(name)

    def close(self) -> None:
        for upstream in self._found.values():
            upstream.close()
