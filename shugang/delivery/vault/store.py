"""Where published files lie: a folder of this machine, or S3-compatible storage with a cache beside it.

Names are those of `DatasetVersion.path`. A name once written keeps its bytes.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Protocol

from .receiving import fsync_folder, vault_root


class Store(Protocol):
    def put(self, source: Path, name: str) -> None:
        """Move a sealed file to its name, durably, before the row that names it commits."""

    def drop(self, name: str) -> None:
        """Take back what no row will name."""

    def local(self, name: str, sha256: str) -> Path:
        """A file of this machine with these bytes. Raises Refusal `vault_unreachable` where it cannot be had."""

    def write_once(self, name: str, body: bytes) -> bool:
        """Write a small file whole unless its name is taken; whether it was written."""


class Folder:
    """The vault's own folder."""

    def put(self, source: Path, name: str) -> None:
        place = vault_root() / name
        place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        os.replace(source, place)
        if os.geteuid() == 0:
            os.chown(place, 0, 0)  # the child that made it was somebody else
        for folder in (place.parent, place.parent.parent, vault_root()):
            fsync_folder(folder)

    def drop(self, name: str) -> None:
        (vault_root() / name).unlink(missing_ok=True)

    def local(self, name: str, sha256: str) -> Path:
        return vault_root() / name

    def write_once(self, name: str, body: bytes) -> bool:
        place = vault_root() / name
        if place.exists():
            return False
        place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle, whole = tempfile.mkstemp(dir=place.parent, prefix=".commit-")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(body)
                file.flush()
                os.fsync(file.fileno())
            os.chmod(whole, 0o400)
            os.link(whole, place)  # fails where another was quicker
        except FileExistsError:
            return False
        finally:
            os.unlink(whole)
        fsync_folder(place.parent)
        return True


def store() -> Store:
    return Folder()
