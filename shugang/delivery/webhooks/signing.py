"""Standard Webhooks signatures (standardwebhooks.com, spec 1.0): v1 HMAC-SHA256 by each valid secret, v1a Ed25519."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Iterable

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

PREFIX, PUBLIC_PREFIX = "whsec_", "whpk_"


def new_secret() -> str:
    """`whsec_` and 32 random bytes in base64."""
    return PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def signed_content(message_id: str, timestamp: int, body: bytes) -> bytes:
    return f"{message_id}.{timestamp}.".encode() + body


def hmac_signature(secret: str, content: bytes) -> str:
    key = base64.b64decode(secret.removeprefix(PREFIX))
    return "v1," + base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()


def key_signature(seed: bytes, content: bytes) -> str:
    return "v1a," + base64.b64encode(Ed25519PrivateKey.from_private_bytes(seed).sign(content)).decode()


def public_key(seed: bytes) -> str:
    raw = Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()
    return PUBLIC_PREFIX + base64.b64encode(raw).decode()


def headers(message_id: str, timestamp: int, body: bytes, valid: Iterable[str], seed: bytes) -> dict[str, str]:
    """The three headers of the standard; a receiver accepts when any one of the signatures fits."""
    content = signed_content(message_id, timestamp, body)
    signatures = [hmac_signature(secret, content) for secret in valid] + [key_signature(seed, content)]
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(signatures),
    }
