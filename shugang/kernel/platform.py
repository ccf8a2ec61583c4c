"""The platform's own keys, kept outside the database, each under a name.

`signing_key` is the door for whatever signs through `evidence.keys`: the log and the witness. Where those keys live is
chosen by `SHUGANG_KEY_STORE`: an HSM is another class with the two methods of `SealedFiles`.
"""

from __future__ import annotations

import os
import secrets
from functools import cache
from pathlib import Path
from typing import Protocol

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings
from django.utils.module_loading import import_string

from shugang.evidence.keys import ED25519, SigningKey, can_sign, software_key

from .secrets import seal, unseal

PURPOSES = ("bundle", "document")


class KeyStore(Protocol):
    def can(self, algorithm: str) -> bool:
        """Whether keys of this algorithm can sign here."""

    def open(self, name: str, algorithm: str) -> SigningKey:
        """The key of that name, made at its first use."""


class SealedFiles:
    """Keys in software: 32 secret bytes a file, sealed with the master key, in the variable folder."""

    def can(self, algorithm: str) -> bool:
        return can_sign(algorithm)

    def open(self, name: str, algorithm: str) -> SigningKey:
        return software_key(algorithm, _secret(name))


def store() -> KeyStore:
    made: KeyStore = import_string(settings.SHUGANG_KEY_STORE)()
    return made


@cache
def signing_key(name: str, algorithm: str = ED25519) -> SigningKey:
    return store().open(name, algorithm)


@cache
def private_key(purpose: str) -> Ed25519PrivateKey:
    """The key for `bundle` (grant bundles) or `document` (certificates, orders to the bank); made at first use."""
    if purpose not in PURPOSES:
        raise ValueError(f"no platform key for {purpose}")
    return Ed25519PrivateKey.from_private_bytes(_secret(purpose))


def _secret(name: str) -> bytes:
    path = Path(settings.VAR_DIR) / "keys" / f"{name}.key"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        temporary = path.with_suffix(f".{os.getpid()}")
        # Below 2^255, so that the bytes are a private key of either algorithm.
        raw = secrets.randbits(255).to_bytes(32, "big")
        temporary.write_bytes(seal(raw, f"platform:{name}"))
        temporary.chmod(0o600)
        try:
            os.link(temporary, path)  # the first process wins; the others read its key
        except FileExistsError:
            pass
        finally:
            temporary.unlink()
    return unseal(path.read_bytes(), f"platform:{name}")
