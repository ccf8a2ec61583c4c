"""A supplier's own plane (可连): make its key here, register the public half with a one-time code, write settings.

The private key never leaves the site. The connector's address is added by the supplier to the written file.
"""

from __future__ import annotations

import asyncio
import json
import platform
import re
from base64 import b64decode, b64encode
from pathlib import Path
from typing import Any

import aiohttp
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from shugang.delivery.plane.config import write_private

SETTINGS = "plane.toml"
KEY = "plane.key"
_PLANE_ID = re.compile(r"[A-Za-z0-9_.:-]{1,64}")


class EnrolFailed(RuntimeError):
    """The site is not enrolled; nothing was left behind that would prevent another try."""


def enrol(control_url: str, code: str, data_dir: Path, name: str = "") -> Path:
    """Register with `control_url` by the one-time `code`; the path of the settings file."""
    data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    settings = data_dir / SETTINGS
    if settings.exists():
        raise EnrolFailed(f"{settings} exists: this site is enrolled already")
    key = Ed25519PrivateKey.generate()
    body = {
        "code": code,
        "public_key": b64encode(key.public_key().public_bytes_raw()).decode(),
        "name": name or platform.node(),
    }
    answer = asyncio.run(_post(control_url.rstrip("/") + "/plane/v1/enrol", body))
    plane, platform_key = _checked(answer)
    write_private(data_dir / KEY, b64encode(key.private_bytes_raw()) + b"\n")
    write_private(settings, _document(plane, control_url, data_dir, platform_key).encode())
    return settings


async def _post(url: str, body: dict[str, str]) -> Any:
    try:
        timeout = aiohttp.ClientTimeout(total=15)
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.post(url, json=body, allow_redirects=False) as response,
        ):
            if response.status != 200:
                raise EnrolFailed(f"the platform refused ({response.status}): is the code right and unused?")
            return await response.json(content_type=None)
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
        raise EnrolFailed(f"the platform cannot be reached at {url}: {type(error).__name__}") from error


def _checked(answer: Any) -> tuple[str, str]:
    try:
        plane, platform_key = str(answer["plane"]), str(answer["platform_key"])
        Ed25519PublicKey.from_public_bytes(b64decode(platform_key, validate=True))
    except (KeyError, TypeError, ValueError) as error:
        raise EnrolFailed("the platform's answer cannot be read") from error
    if not _PLANE_ID.fullmatch(plane):
        raise EnrolFailed("the platform's answer cannot be read")
    return plane, platform_key


def _document(plane: str, control_url: str, data_dir: Path, platform_key: str) -> str:
    lines = ["[plane]", 'role = "edge"']
    values = {
        "plane_id": plane,
        "control_url": control_url,
        "data_dir": str(data_dir.absolute()),
        "private_key_file": str((data_dir / KEY).absolute()),
        "platform_key": platform_key,
    }
    lines += [f"{name} = {json.dumps(value)}" for name, value in values.items()]
    lines += [
        "",
        "# Your own database, read only; a network address must also be allowed:",
        '# allow = ["db.example.internal:5432"]   (under [plane])',
        "# [connectors.NAME]",
        '# url = "sqlite:////var/data/own.sqlite3"',
    ]
    return "\n".join(lines) + "\n"
