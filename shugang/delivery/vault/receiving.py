"""Where files wait and are kept, and taking a small one to disk in one go."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, NamedTuple

from django.conf import settings

from .refusals import empty, too_large
from .sniffing import CHUNK, check_name

UPLOAD = "upload"


class Received(NamedTuple):
    """`folder/upload` is complete, sent under this name."""

    name: str


def upload_limit() -> int:
    """Bytes that one upload may have."""
    return int(settings.SHUGANG_UPLOAD_MAX_BYTES)


def direct_limit() -> int:
    """Bytes that may be sent in one request, whose sender waits for the answer."""
    return min(upload_limit(), int(settings.SHUGANG_UPLOAD_DIRECT_BYTES))


def vault_root() -> Path:
    root = Path(settings.VAR_DIR) / "vault"
    root.mkdir(parents=True, exist_ok=True, mode=0o700)
    return root


def incoming() -> Path:
    folder = vault_root() / ".incoming"
    folder.mkdir(exist_ok=True, mode=0o700)
    return folder


@contextmanager
def waiting_room() -> Iterator[Path]:
    """A folder for one upload; gone afterwards whatever happened."""
    with tempfile.TemporaryDirectory(prefix="direct-", dir=incoming()) as folder:
        yield Path(folder)


def plain_name(filename: str) -> str:
    return filename.replace("\\", "/").rsplit("/", 1)[-1][:200]


def receive(stream: BinaryIO, filename: str, folder: Path) -> Received:
    """Store `stream` in `folder`, counted while it arrives. Raises Refusal `file_too_large`, `wrong_file_type`."""
    limit = direct_limit()
    name = plain_name(filename)
    check_name(name)
    size = 0
    with (folder / UPLOAD).open("wb") as out:
        while chunk := stream.read(CHUNK):
            size += len(chunk)
            if size > limit:
                raise too_large(limit)
            out.write(chunk)
    if size == 0:
        raise empty()
    return Received(name)


def fsync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
