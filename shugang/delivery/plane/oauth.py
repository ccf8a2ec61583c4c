"""OAuth 2.0 client credentials (RFC 6749 §4.4): `POST /oauth2/token` with HTTP Basic, number and secret of a key.

A token is `sgt_number.expiry.mac`, signed by this plane's own secret: it needs no table, outlives a restart, opens what
its credential opens now, and is dead with the first bundle that says that the credential is revoked.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from base64 import b64decode
from time import time
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote_plus

from shugang.delivery.plane.index import Holder, Index
from shugang.delivery.plane.replies import JSON

if TYPE_CHECKING:
    from shugang.delivery.plane.app import Plane

PATH = "/oauth2/token"
PREFIX = "sgt_"
SECONDS = 3600
_NOBODY = "0" * 64


class OAuthError(Exception):
    """RFC 6749 §5.2: `code` and what is wrong."""

    def __init__(self, code: str, description: str, status: int = 400) -> None:
        super().__init__(code)
        self.code, self.description, self.status = code, description, status


def make_token(secret: bytes, number: str, now: float) -> str:
    stem = f"{number}.{int(now) + SECONDS}"
    return f"{PREFIX}{stem}.{_mac(secret, stem)}"


def token_holder(token: str, index: Index, secret: bytes, now: float) -> Holder | None:
    """Whom a token speaks for; None for one that is forged or past its hour."""
    if not token.startswith(PREFIX) or not token.isascii():
        return None
    stem, _, mac = token[len(PREFIX) :].rpartition(".")
    number, _, until = stem.rpartition(".")
    if not hmac.compare_digest(mac, _mac(secret, stem)) or now >= int(until):
        return None
    credential, holder = index.by_id.get(number, (None, None))
    return holder if credential is not None and credential.kind == "oauth" else None


def _mac(secret: bytes, stem: str) -> str:
    return hmac.new(secret, b"shugang-token-v1\n" + stem.encode(), "sha256").hexdigest()


async def handle(plane: Plane, scope: Any, proto: Any) -> None:
    """A token, or an error as RFC 6749 §5.2 writes it."""
    try:
        if scope.method != "POST":
            raise OAuthError("invalid_request", "the token endpoint takes POST")
        number = _client(plane, scope.headers.get("authorization") or "")
        _grant_type(await plane.body(scope, proto))
    except OAuthError as error:
        plane.counters[f"refused:{error.code}"] += 1
        headers = [*JSON, ("pragma", "no-cache")]
        if error.status == 401:
            headers.append(("www-authenticate", 'Basic realm="shugang"'))
        body = {"error": error.code, "error_description": error.description}
        proto.response_bytes(error.status, headers, json.dumps(body).encode())
        return
    answer = {
        "access_token": make_token(plane.gate.secret, number, time()),
        "token_type": "Bearer",
        "expires_in": SECONDS,
    }
    proto.response_bytes(200, [*JSON, ("pragma", "no-cache")], json.dumps(answer).encode())


def _client(plane: Plane, given: str) -> str:
    """The number of the credential whose secret was given. An unknown, a wrong and a revoked one look alike."""
    number, secret = _basic(given)
    credential, holder = plane.gate.index.by_id.get(number, (None, None))
    known = credential is not None and credential.kind == "oauth"
    digest = credential.digest if credential is not None and known else _NOBODY
    fits = hmac.compare_digest(hashlib.sha256(secret.encode()).hexdigest(), digest)
    if not fits or not known or holder is None or holder.revoked:
        plane.gate.unknown_keys += 1
        plane.gate.check_fresh()
        raise OAuthError("invalid_client", "the client id or its secret is not valid", 401)
    return number


def _basic(given: str) -> tuple[str, str]:
    """RFC 6749 §2.3.1: both halves are form-encoded, then joined by `:` (RFC 7617)."""
    scheme, _, token = given.partition(" ")
    try:
        if scheme.lower() != "basic":
            raise ValueError(scheme)
        number, sign, secret = b64decode(token.strip(), validate=True).decode().partition(":")
        if not sign:
            raise ValueError("no colon")
    except ValueError:
        raise OAuthError("invalid_client", "authenticate with HTTP Basic: client id and secret", 401) from None
    return unquote_plus(number), unquote_plus(secret)


def _grant_type(body: bytes) -> None:
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=20)
    except ValueError:
        raise OAuthError("invalid_request", "the body is not a form") from None
    given = dict(pairs)
    if len(given) != len(pairs):
        raise OAuthError("invalid_request", "a parameter is given twice")
    if not given.get("grant_type"):
        raise OAuthError("invalid_request", "grant_type is missing")
    if given["grant_type"] != "client_credentials":
        raise OAuthError("unsupported_grant_type", "only client_credentials is offered")
