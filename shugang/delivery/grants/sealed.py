"""Secrets of signing keys: the one kind of key that must be recoverable, since a signature is checked with it."""

from __future__ import annotations

from shugang.kernel.secrets import seal, unseal

from .models import Credential


def _place(number: str) -> str:
    return f"delivery.Credential:{number}"


def seal_secret(number: str, secret: str) -> bytes:
    """What the row of key `number` keeps."""
    return seal(secret.encode(), _place(number))


def signing_secret(row: Credential) -> bytes:
    """The secret of a signing key, for the bundle of its plane alone. Raises SecretUnreadable."""
    return unseal(bytes(row.sealed_secret or b""), _place(row.number))
