"""Envelope encryption of stored secrets: AES-256-GCM, the key outside the database.

The associated data binds a ciphertext to its row, so that it cannot be moved to another.
"""

from __future__ import annotations

import base64
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

_VERSION = b"\x01"


class SecretUnreadable(RuntimeError):
    """The master key is missing or wrong, or the ciphertext was moved or changed."""


def _key() -> bytes:
    try:
        key = base64.b64decode(settings.SHUGANG_MASTER_KEY, validate=True)
    except ValueError:
        key = b""
    if len(key) != 32:
        raise SecretUnreadable("SHUGANG_MASTER_KEY must be 32 random bytes in base64; `shugang init` makes one")
    return key


def derive(purpose: str) -> bytes:
    """32 bytes for one purpose, from the master key by HKDF-SHA256 (RFC 5869): equal after every restart."""
    return HKDF(SHA256(), 32, None, b"shugang\n" + purpose.encode()).derive(_key())


def seal(plain: bytes, bound_to: str) -> bytes:
    """version ‖ nonce[12] ‖ ciphertext+tag, bound to e.g. `parties.SigningKey:7`."""
    nonce = os.urandom(12)
    return _VERSION + nonce + AESGCM(_key()).encrypt(nonce, plain, bound_to.encode())


def unseal(sealed: bytes, bound_to: str) -> bytes:
    if sealed[:1] != _VERSION:
        raise SecretUnreadable("unknown version of a sealed secret")
    try:
        return AESGCM(_key()).decrypt(sealed[1:13], sealed[13:], bound_to.encode())
    except InvalidTag as error:
        raise SecretUnreadable("a sealed secret does not open with this key") from error
