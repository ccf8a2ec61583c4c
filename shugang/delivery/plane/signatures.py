"""Requests signed with an access key and its secret (AK/SK): the secret itself never travels.

    Authorization: SG-HMAC-SHA256 Credential=MY-2026-000001, Timestamp=1795000000, Nonce=b1946ac9, Signature=…

`SG-HMAC-SHA256` or `SG-HMAC-SM3` (GB/T 32905, HMAC after RFC 2104). The signature is the lower-case hex HMAC, keyed by
the secret, over `signing_text`. A nonce (1-128 visible ASCII characters but `,`) is good once; Timestamp is in seconds
since 1970, at most five minutes off by this machine's real time, which is shorter than nonces are remembered.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import AsyncIterator
from time import time
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from shugang.delivery.plane.gate import Gate, Rejected, Use
from shugang.delivery.plane.index import Holder, inside
from shugang.delivery.plane.replies import Denied
from shugang.policy.grant import Credential
from shugang.policy.sealing import NotOpened, of_credential, open_sealed

if TYPE_CHECKING:
    from shugang.delivery.plane.app import Plane

HASHES = {"SG-HMAC-SHA256": "sha256", "SG-HMAC-SM3": "sm3"}
WINDOW_SECONDS = 300
_HEADER = re.compile(
    r"(SG-HMAC-[A-Z0-9]+) Credential=([A-Za-z0-9._:-]{1,64}), *Timestamp=([0-9]{1,12}), *"
    r"Nonce=([\x21-\x2b\x2d-\x7e]{1,128}), *Signature=([0-9a-f]{64})"
)
# Secrets kept open; beyond them one is opened each time (about 0.1 ms).
_MOST_OPEN = 10_000


def signing_text(
    algorithm: str, method: str, host: str, path: str, query: str, timestamp: str, nonce: str, body: bytes
) -> bytes:
    """Eight lines: algorithm, method, host (with port, as sent), path (percent-decoded), query (the parts between `&`
    as sent, sorted by their bytes), timestamp, nonce, hex digest of the body by the algorithm's hash."""
    parts = "&".join(sorted(query.split("&")))
    digest = hashlib.new(HASHES[algorithm], body).hexdigest()
    return "\n".join((algorithm, method, host.lower(), path, parts, timestamp, nonce, digest)).encode()


class Signatures:
    """Judges signed requests by the grants of this moment. `key` opens the secrets that control sealed to this plane."""

    def __init__(self, gate: Gate, key: Ed25519PrivateKey) -> None:
        self._gate, self._key = gate, key
        self._open: dict[str, bytes] = {}
        self._nobody = secrets.token_bytes(32)

    async def judge(self, scope: Any, body: bytes) -> str:
        """The id of the credential that signed this request. Raises Denied `bad_request`, `signature_stale`,
        `unknown_key` (an unknown key and a wrong signature alike), `revoked`; Rejected `nonce_repeated`."""
        read = _HEADER.fullmatch(scope.headers.get("authorization") or "")
        if read is None or read[1] not in HASHES:
            raise Denied("bad_request", "Authorization", "not a signature that the interface describes", journal=False)
        algorithm, number, timestamp, nonce, given = read.groups()
        if abs(time() - int(timestamp)) > WINDOW_SECONDS:
            raise Denied("signature_stale", "Timestamp", journal=False)
        credential, holder = self._gate.index.by_id.get(number, (None, None))
        secret = self._secret(credential) if credential is not None and credential.kind == "aksk" else self._nobody
        host = scope.headers.get("host") or getattr(scope, "authority", "") or ""
        text = signing_text(algorithm, scope.method, host, scope.path, scope.query_string, timestamp, nonce, body)
        made = hmac.new(secret, text, HASHES[algorithm]).hexdigest()
        if not hmac.compare_digest(made, given) or secret is self._nobody or credential is None or holder is None:
            self._gate.unknown_keys += 1
            self._gate.check_fresh()
            raise Denied("unknown_key", journal=False)
        if holder.revoked:
            self._gate.check_fresh()
            raise Denied("revoked", journal=False)
        await self._spend(credential, holder, nonce)
        return credential.id

    async def _spend(self, credential: Credential, holder: Holder, nonce: str) -> None:
        if await self._gate.journal.spend(credential.id, nonce):
            return
        access = next(iter(holder.all()))
        use = Use(access, self._gate.new_id(), False, self._gate.clock.now())
        raise Rejected(use, Denied("nonce_repeated", "Nonce"))

    def _secret(self, credential: Credential) -> bytes:
        found = self._open.get(credential.digest)
        if found is None:
            try:
                found = open_sealed(self._key, credential.sealed, of_credential(credential.id))
            except NotOpened:
                return self._nobody
            if len(self._open) >= _MOST_OPEN:
                self._open.clear()
            self._open[credential.digest] = found
        return found


async def verified(plane: Plane, scope: Any, proto: Any) -> tuple[Any, Any]:
    """The request once more, with the signature replaced by what only this process can write. Raises like `judge`."""
    body = await plane.body(scope, proto)
    number = await plane.signatures.judge(scope, body)
    return _Scope(scope, _Headers(scope.headers, inside(number))), _Proto(proto, body)


class _Headers:
    def __init__(self, headers: Any, authorization: str) -> None:
        self._headers, self._authorization = headers, authorization

    def get(self, name: str, default: Any = None) -> Any:
        return self._authorization if name == "authorization" else self._headers.get(name, default)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._headers, name)


class _Scope:
    def __init__(self, scope: Any, headers: _Headers) -> None:
        self._scope, self.headers = scope, headers

    def __getattr__(self, name: str) -> Any:
        return getattr(self._scope, name)


class _Proto:
    """The answering side as it is; the body that was read already."""

    def __init__(self, proto: Any, body: bytes) -> None:
        self._proto, self._body = proto, body

    async def __call__(self) -> bytes:
        return self._body

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self._body

    def __getattr__(self, name: str) -> Any:
        return getattr(self._proto, name)
