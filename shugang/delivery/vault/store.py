"""Where published files lie: a folder of this machine, or S3-compatible storage with a cache beside it.

Names are those of `DatasetVersion.path`. A name once written keeps its bytes.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
from pathlib import Path
from typing import Protocol

from django.conf import settings

from shugang.kernel.errors import Refusal
from shugang.policy.text import Text

from ..plane.objects import NotFetched, Objects, object_name
from ..plane.s3 import S3Failed
from .receiving import fsync_folder, vault_root


class Store(Protocol):
    def send(self, source: Path, dataset: str, sha256: str) -> None:
        """Carry a sealed file to a distant store, before any transaction begins. Raises Refusal `vault_unreachable`."""

    def delta_path(self, path: str, sha256: str) -> str:
        """Where a version's file lies, seen from the data set's folder."""

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

    def send(self, source: Path, dataset: str, sha256: str) -> None:
        return None

    def delta_path(self, path: str, sha256: str) -> str:
        return path.partition("/")[2]

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


class Distant(Folder):
    """S3-compatible storage; the folder keeps copies of what is read. Objects are never removed: another row may name
    the same content."""

    def __init__(self, objects: Objects) -> None:
        self._objects = objects

    def send(self, source: Path, dataset: str, sha256: str) -> None:
        try:
            asyncio.run(self._objects.send(source, f"{dataset}/{sha256}.parquet"))
        except (S3Failed, BaseExceptionGroup):
            raise _unreachable() from None

    def delta_path(self, path: str, sha256: str) -> str:
        return object_name(path, sha256).partition("/")[2]

    def local(self, name: str, sha256: str) -> Path:
        place = super().local(name, sha256)
        if not place.exists():
            try:
                asyncio.run(self._objects.fetch(object_name(name, sha256), sha256, place))
            except NotFetched:
                raise _unreachable() from None
        return place

    def write_once(self, name: str, body: bytes) -> bool:
        return asyncio.run(self._objects.put_small(name, body))


def _unreachable() -> Refusal:
    return Refusal(
        "vault_unreachable",
        Text(
            "数据仓库的存储暂时不可用，已上传的内容没有丢失，平台会自动重试。",
            "The vault's storage cannot be reached; nothing is lost, and it is tried again.",
        ),
        503,
    )


def store() -> Store:
    url = str(settings.SHUGANG_VAULT_S3_URL)
    return Distant(Objects.of(url)) if url else Folder()
