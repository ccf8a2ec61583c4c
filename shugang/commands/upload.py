"""`shugang upload`: send a large file in pieces (tus 1.0.0) and wait for its version. Needs no platform settings.

Started again after any interruption, it finds its upload by data set, name and size and goes on.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import http.client
import json
import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

PIECE = 16 << 20
TUS = {"Tus-Resumable": "1.0.0"}
PATIENCE = 600.0


class Refused(Exception):
    """The platform's answer, in its words."""


class Platform:
    """One connection to the platform, opened anew when it breaks."""

    def __init__(self, address: str, token: str) -> None:
        parts = urlsplit(address)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise SystemExit(f"网址不对 / not an address: {address}")
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        self._open = lambda: kind(parts.hostname or "", parts.port, timeout=60)
        self._token, self._line = token, self._open()

    def ask(
        self, method: str, path: str, headers: Mapping[str, str] = {}, body: bytes | None = None
    ) -> tuple[int, Any, bytes]:
        """(status, headers, body). Raises OSError, http.client.HTTPException where the line breaks."""
        try:
            given = {"Authorization": f"Bearer {self._token}", **headers}
            self._line.request(method, path, body=body, headers=given)
            answer = self._line.getresponse()
            return answer.status, answer.headers, answer.read()
        except (OSError, http.client.HTTPException):
            self._line.close()
            self._line = self._open()
            raise

    def right(self, wanted: int, answer: tuple[int, Any, bytes]) -> tuple[Any, bytes]:
        status, headers, body = answer
        if status == wanted:
            return headers, body
        try:
            said = json.loads(body)
            raise Refused(f"{said['message']} / {said['message_en']}")
        except (ValueError, KeyError, TypeError):
            raise Refused(f"HTTP {status}") from None


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _begin(platform: Platform, path: Path, args: argparse.Namespace) -> str:
    """The address of the upload that goes on, or of a new one."""
    digest, size = _digest(path), path.stat().st_size
    _, body = platform.right(200, platform.ask("GET", f"/api/v1/uploads?dataset={args.dataset}&state=receiving"))
    for known in json.loads(body)["items"]:
        if (known["name"], known["size"], known["sha256"]) == (path.name, size, digest):
            return f"/api/v1/uploads/{known['key']}"
    said = {"filename": path.name, "dataset": args.dataset, "sha256": digest, "keys": args.keys,
            "append": "1" if args.append else ""}  # fmt: skip
    metadata = ",".join(f"{k} {base64.b64encode(v.encode()).decode()}" for k, v in said.items() if v)
    headers = {**TUS, "Upload-Length": str(size), "Upload-Metadata": metadata}
    made, _ = platform.right(201, platform.ask("POST", "/api/v1/uploads", headers))
    return str(made["Location"])


def _send(platform: Platform, path: Path, address: str) -> None:
    """All pieces, through broken lines, until nothing came through for `PATIENCE` seconds."""
    size, pause, last = path.stat().st_size, 1.0, time.monotonic()
    with path.open("rb") as file:
        while True:
            try:
                headers, _ = platform.right(200, platform.ask("HEAD", address, TUS))
                at = int(headers["Upload-Offset"])
                while at < size:
                    file.seek(at)
                    piece = file.read(PIECE)
                    checksum = base64.b64encode(hashlib.sha256(piece).digest()).decode()
                    given = {**TUS, "Upload-Offset": str(at), "Content-Type": "application/offset+octet-stream",
                             "Upload-Checksum": f"sha256 {checksum}"}  # fmt: skip
                    answer = platform.ask("PATCH", address, given, piece)
                    if answer[0] in (409, 423, 429, 460, 502, 503, 504):
                        break
                    headers, _ = platform.right(204, answer)
                    at, pause, last = int(headers["Upload-Offset"]), 1.0, time.monotonic()
                    print(f"\r{100 * at // size:3d}%  {at:,}/{size:,}", end="", file=sys.stderr, flush=True)
                else:
                    print(file=sys.stderr)
                    return
            except (OSError, http.client.HTTPException) as error:
                if time.monotonic() > last + PATIENCE:
                    raise SystemExit(
                        f"网络一直不通，稍后重新运行即可继续 / no connection; run this again to go on ({error})"
                    ) from None
            time.sleep(pause)
            pause = min(pause * 2, 30.0)


def _wait(platform: Platform, address: str) -> int:
    """Follow the conversion; 0 when a version is stored."""
    while True:
        try:
            _, body = platform.right(200, platform.ask("GET", address))
        except (OSError, http.client.HTTPException):
            time.sleep(5)
            continue
        upload = json.loads(body)
        if upload["state"] == "stored":
            print(f"第{upload['version']}版已存入 / stored as version {upload['version']}")
            return 0
        if upload["state"] not in ("waiting", "converting"):
            print(f"{upload['state']}: {upload['message']} / {upload['message_en']}", file=sys.stderr)
            return 1
        time.sleep(1)


def run(args: argparse.Namespace) -> int:
    """The token comes from the environment, so that it stands in no list of processes."""
    token, path = os.environ.get("SHUGANG_TOKEN", ""), Path(args.file)
    if not token:
        print("请把访问令牌设为环境变量SHUGANG_TOKEN / set SHUGANG_TOKEN to your access token", file=sys.stderr)
        return 2
    if not path.is_file() or not path.stat().st_size:
        print(f"没有这个文件，或文件是空的 / no such file, or it is empty: {path}", file=sys.stderr)
        return 2
    platform = Platform(args.url, token)
    try:
        address = _begin(platform, path, args)
        _send(platform, path, address)
        return _wait(platform, address)
    except Refused as refused:
        print(refused, file=sys.stderr)
        return 1
    except (OSError, http.client.HTTPException) as error:
        print(f"连不上平台 / cannot reach the platform: {error}", file=sys.stderr)
        return 1
