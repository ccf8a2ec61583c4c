"""The plane's side of the line to control: it dials out, signs every request, and trusts only signed bundles."""

from __future__ import annotations

import hashlib
import json
import time
import uuid
from base64 import b64encode
from urllib.parse import urlsplit

import aiohttp
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

PREFIX = "shugang-plane-v1"


class ControlError(RuntimeError):
    """Control is away or refused; the plane goes on by its lease and tries again."""


def signed_headers(
    key: Ed25519PrivateKey, plane: str, method: str, target: str, body: bytes, now: float | None = None
) -> dict[str, str]:
    """`target` is path and query as sent. The signature covers method, target, time, nonce and body digest."""
    moment, nonce = str(int(time.time() if now is None else now)), str(uuid.uuid4())
    digest = hashlib.sha256(body).hexdigest()
    message = "\n".join((PREFIX, method, target, moment, nonce, digest)).encode()
    return {
        "X-Plane": plane,
        "X-Time": moment,
        "X-Nonce": nonce,
        "X-Signature": b64encode(key.sign(message)).decode(),
    }


class Refused(ControlError):
    """Control answered, and said no: its stable code, and the numbers that it gave with it."""

    def __init__(self, words: str, body: bytes) -> None:
        super().__init__(words)
        self.code, self.expected = "", 0
        try:
            told = json.loads(body)
            self.code = str(told["code"])
            self.expected = int(told["fields"]["expected"])
        except (ValueError, KeyError, TypeError):
            return


class Control:
    def __init__(self, url: str, plane: str, key: Ed25519PrivateKey, seconds: float = 10.0) -> None:
        self._url, self._plane, self._key = url.rstrip("/"), plane, key
        self._path = urlsplit(self._url).path
        self._session = aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=seconds, connect=3.0),
            auto_decompress=True,
        )

    async def close(self) -> None:
        await self._session.close()

    async def get(self, target: str) -> bytes:
        return await self._request("GET", target, b"")

    async def post(self, target: str, body: bytes) -> bytes:
        return await self._request("POST", target, body)

    async def _request(self, method: str, target: str, body: bytes) -> bytes:
        headers = signed_headers(self._key, self._plane, method, self._path + target, body)
        if body:
            headers["Content-Type"] = "application/json"
        try:
            async with self._session.request(
                method, self._url + target, data=body or None, headers=headers, allow_redirects=False
            ) as response:
                answer = await response.read()
                if response.status != 200:
                    raise Refused(f"{method} {target}: control answered {response.status}", answer)
                return answer
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise ControlError(f"{method} {target}: {type(error).__name__}") from error
