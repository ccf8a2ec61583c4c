"""Keys of a backup: sealed to a passphrase (scrypt, RFC 7914, and AES-256-GCM) or to a recipient's public key.

The associated data is the manifest's digest, so that keys open with the files that they were saved with, or not at all.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from shugang.delivery.plane.config import ConfigError, read_private_key, write_private
from shugang.policy.sealing import NotOpened, open_sealed, seal_to_plane

from .errors import Stopped

# 128 MiB and about a third of a second a guess.
COST = {"n": 2**17, "r": 8, "p": 1}
SHORTEST = 12


def _derive(passphrase: str, salt: bytes) -> bytes:
    memory = 128 * COST["n"] * COST["r"] * 2
    return hashlib.scrypt(passphrase.encode(), salt=salt, maxmem=memory, dklen=32, **COST)


def _bound_to(manifest: bytes) -> str:
    return f"backup:{hashlib.sha256(manifest).hexdigest()}"


def seal(secrets: dict[str, Any], manifest: bytes, passphrase: str = "", recipient: str = "") -> bytes:
    """The sealed file. Raises Stopped for a passphrase that is too short or a recipient that is no key."""
    plain = json.dumps(secrets).encode()
    if recipient:
        try:
            sealed = seal_to_plane(recipient, plain, _bound_to(manifest))
        except ValueError:
            raise Stopped(
                "接收方公钥不正确（应为32字节Base64）。",
                "The recipient's key is not a public key (32 bytes in base64).",
            ) from None
        return json.dumps({"kind": "recipient", "recipient": recipient, "sealed": sealed}).encode()
    if len(passphrase) < SHORTEST:
        raise Stopped(
            f"口令至少{SHORTEST}个字符，请换一个更长的。",
            f"A passphrase has at least {SHORTEST} characters. Please take a longer one.",
        )
    salt, nonce = os.urandom(16), os.urandom(12)
    sealed_bytes = AESGCM(_derive(passphrase, salt)).encrypt(nonce, plain, _bound_to(manifest).encode())
    parts = {"salt": salt, "nonce": nonce, "sealed": sealed_bytes}
    return json.dumps({"kind": "scrypt", **{k: base64.b64encode(v).decode() for k, v in parts.items()}}).encode()


def unseal(sealed: bytes, manifest: bytes, passphrase: str = "", identity: Path | None = None) -> dict[str, Any]:
    """Raises Stopped when the passphrase or key is not the right one, or the archive was changed."""
    try:
        told = json.loads(sealed)
        if told["kind"] == "recipient":
            if identity is None:
                raise Stopped(
                    "这份备份封存给了接收方公钥，请用--identity给出私钥文件。",
                    "This backup is sealed to a recipient's key. Please give its private half with --identity.",
                )
            plain = open_sealed(read_private_key(identity), told["sealed"], _bound_to(manifest))
        else:
            salt, nonce, body = (base64.b64decode(told[k], validate=True) for k in ("salt", "nonce", "sealed"))
            plain = AESGCM(_derive(passphrase, salt)).decrypt(nonce, body, _bound_to(manifest).encode())
        found: dict[str, Any] = json.loads(plain)
        return found
    except (InvalidTag, NotOpened, ConfigError, ValueError, KeyError, TypeError):
        raise Stopped(
            "密钥打不开：口令或私钥不对，或备份被改动过。",
            "The keys do not open: wrong passphrase or private key, or the backup was changed.",
        ) from None


def new_identity(path: Path) -> str:
    """Write a private key to `path` (owner only) and return the public half, which backups are sealed to."""
    if path.exists():
        raise Stopped(f"{path}已存在，不会覆盖。", f"{path} exists and stays as it is.")
    key = Ed25519PrivateKey.generate()
    write_private(path, base64.b64encode(key.private_bytes_raw()) + b"\n")
    return base64.b64encode(key.public_key().public_bytes_raw()).decode()
