"""The platform's own Ed25519 keys, one a purpose, kept sealed in the variable folder (never in the database)."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from django.conf import settings

from .secrets import seal, unseal

PURPOSES = ("log", "bundle", "document")


def _path(purpose: str) -> Path:
    return Path(settings.VAR_DIR) / "keys" / f"{purpose}.key"


@cache
def private_key(purpose: str) -> Ed25519PrivateKey:
    """The key for `log` (checkpoints), `bundle` (grant bundles) or `document` (certificates); made at first use."""
    if purpose not in PURPOSES:
        raise ValueError(f"no platform key for {purpose}")
    path = _path(purpose)
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        raw = Ed25519PrivateKey.generate().private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())
        temporary = path.with_suffix(f".{os.getpid()}")
        temporary.write_bytes(seal(raw, f"platform:{purpose}"))
        temporary.chmod(0o600)
        try:
            os.link(temporary, path)  # the first process wins; the others read its key
        except FileExistsError:
            pass
        finally:
            temporary.unlink()
    return Ed25519PrivateKey.from_private_bytes(unseal(path.read_bytes(), f"platform:{purpose}"))
