"""Secrets on their way to one plane: sealed by control, opened by that plane alone.

Used for everything secret that a signed bundle must carry (signing keys of buyers, passwords of connectors and
destinations). A bundle is signed, not secret: whoever copies one learns nothing from it.

    sealed = seal_to_plane(plane.public_key, b"secret", of_credential("MY-2026-000001"))    # control; text for JSON
    secret = open_sealed(config.private_key(), sealed, of_credential("MY-2026-000001"))     # the plane

`bound_to` names what the secret is for and must be equal on both sides, so that a sealed secret cannot be moved to
another place of the bundle.

Form: `s1.` and base64url of ephemeral X25519 key[32] ‖ AES-256-GCM ciphertext and tag. The key is HKDF-SHA256 (RFC
5869) of the X25519 secret (RFC 7748), with both public keys as salt; it is used once, so that the nonce is zero. A
plane's X25519 key is its Ed25519 key on the birationally equivalent curve (RFC 7748 §4.1, RFC 8032 §5.1.5), so that a
plane has one key to keep and to register.
"""

from __future__ import annotations

import hashlib
from base64 import b64decode, urlsafe_b64decode, urlsafe_b64encode

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

VERSION = "s1."
_PRIME = 2**255 - 19
_NONCE = bytes(12)
_INFO = b"shugang-sealed-v1\n"


def of_credential(number: str) -> str:
    """`bound_to` of a signing key's secret."""
    return f"credential:{number}"


def of_mark(grant: str) -> str:
    """`bound_to` of the secret that marks what a grant delivers."""
    return f"mark:{grant}"


class NotOpened(ValueError):
    """The text was sealed to another plane or for another purpose, or was changed."""


def seal_to_plane(public_key: str, plain: bytes, bound_to: str) -> str:
    """`plain` sealed to the plane that holds the private half of `public_key` (raw Ed25519 key in base64, as
    `Plane.public_key` keeps it). Each call gives another text. Raises ValueError for a bad key."""
    recipient = X25519PublicKey.from_public_bytes(_montgomery(b64decode(public_key, validate=True)))
    ephemeral = X25519PrivateKey.generate()
    sender = ephemeral.public_key().public_bytes_raw()
    key = _derive(ephemeral.exchange(recipient), sender + recipient.public_bytes_raw(), bound_to)
    return VERSION + urlsafe_b64encode(sender + AESGCM(key).encrypt(_NONCE, plain, None)).decode()


def open_sealed(key: Ed25519PrivateKey, sealed: str, bound_to: str) -> bytes:
    """What `seal_to_plane` sealed to this key for `bound_to`. Raises NotOpened."""
    own = X25519PrivateKey.from_private_bytes(hashlib.sha512(key.private_bytes_raw()).digest()[:32])
    try:
        if not sealed.startswith(VERSION):
            raise ValueError("unknown version")
        raw = urlsafe_b64decode(sealed[len(VERSION) :])
        sender = raw[:32]
        shared = own.exchange(X25519PublicKey.from_public_bytes(sender))
        derived = _derive(shared, sender + own.public_key().public_bytes_raw(), bound_to)
        return AESGCM(derived).decrypt(_NONCE, raw[32:], None)
    except (ValueError, InvalidTag) as error:
        raise NotOpened("a sealed secret does not open with this plane's key") from error


def _montgomery(edwards: bytes) -> bytes:
    """The u-coordinate of an Ed25519 public key: u = (1 + y) / (1 - y) (RFC 7748 §4.1)."""
    if len(edwards) != 32:
        raise ValueError("an Ed25519 public key has 32 bytes")
    y = int.from_bytes(edwards, "little") & ((1 << 255) - 1)
    if y >= _PRIME or y == 1:
        raise ValueError("not a point that a key can be agreed with")
    return ((1 + y) * pow(1 - y, -1, _PRIME) % _PRIME).to_bytes(32, "little")


def _derive(shared: bytes, salt: bytes, bound_to: str) -> bytes:
    return HKDF(SHA256(), 32, salt, _INFO + bound_to.encode()).derive(shared)
