"""What a signature says, and how anybody checks it offline. Pure: no database, no trust in the platform.

Message signed: `shugang-sign-v1 LF context LF digest-hex`, Ed25519 (RFC 8032).
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey


def message(digest_hex: str, context: str) -> bytes:
    """The exact bytes. `context` names the object (`contract:HT-2026-000001`), so a signature serves no other."""
    if "\n" in context or len(digest_hex) != 64:
        raise ValueError("context is one line and the digest 64 hexadecimal characters")
    return f"shugang-sign-v1\n{context}\n{digest_hex}".encode()


def verify_signature(signature: Mapping[str, Any], digest_hex: str, context: str) -> bool:
    """Whether the signature of `sign_digest` holds for this digest and context."""
    try:
        key = Ed25519PublicKey.from_public_bytes(base64.b64decode(str(signature["public_key"]), validate=True))
        raw = base64.b64decode(str(signature["signature"]), validate=True)
        key.verify(raw, message(digest_hex, context))
    except (KeyError, ValueError, InvalidSignature):
        return False
    return signature.get("algorithm") == "ed25519"
