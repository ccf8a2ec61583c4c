"""The backup file: a plain tar of data files, then `manifest.json` (sizes and SHA-256 of each), then `keys.sealed`."""

from __future__ import annotations

import hashlib
import io
import json
import os
import tarfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import IO, Any

from .errors import Stopped

FORMAT = "shugang-backup-1"
MANIFEST, KEYS = "manifest.json", "keys.sealed"
DATA = "data/"
CHUNK = 1 << 20
_SMALL = 64 << 20


class _Digesting:
    """A file as it is read, and the digest of what was read."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self.digest = file, hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(size)
        self.digest.update(data)
        return data


class Writer:
    """Writes `path` under another name; `finish` makes it appear."""

    def __init__(self, path: Path) -> None:
        self.path, self.part = path, path.with_name(path.name + ".part")
        handle = os.open(self.part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        self._out = os.fdopen(handle, "wb")
        self._tar = tarfile.open(fileobj=self._out, mode="w", format=tarfile.PAX_FORMAT)  # noqa: SIM115
        self.files: list[dict[str, Any]] = []

    def add_file(self, name: str, source: Path) -> None:
        """A file of the data folder under its relative name, as long as it is now."""
        with source.open("rb") as file:
            info = tarfile.TarInfo(DATA + name)
            info.size, info.mode = os.fstat(file.fileno()).st_size, 0o600
            reader = _Digesting(file)
            self._tar.addfile(info, reader)
        self.files.append({"name": name, "size": info.size, "sha256": reader.digest.hexdigest()})

    def add_bytes(self, name: str, data: bytes) -> None:
        info = tarfile.TarInfo(name)
        info.size, info.mode = len(data), 0o600
        self._tar.addfile(info, io.BytesIO(data))

    def finish(self) -> None:
        """Durable, complete, but still under its other name."""
        self._tar.close()
        self._out.flush()
        os.fsync(self._out.fileno())
        self._out.close()

    def appear(self) -> None:
        os.replace(self.part, self.path)
        handle = os.open(self.path.parent, os.O_RDONLY | os.O_DIRECTORY)
        os.fsync(handle)
        os.close(handle)

    def drop(self) -> None:
        """Nothing stays. Closing may fail once more on a full disk; the file goes all the same."""
        with suppress(OSError):
            self._out.close()
        self.part.unlink(missing_ok=True)


def damaged(why: str) -> Stopped:
    return Stopped(f"备份不完整或被改动：{why}。", f"The backup is damaged or was changed: {why}.")


def _safe(name: str) -> bool:
    path = PurePosixPath(name)
    return bool(name) and not path.is_absolute() and ".." not in path.parts and path.as_posix() == name


class Reader:
    """An archive whose list of contents is sound; the contents themselves are checked as they are read."""

    def __init__(self, path: Path) -> None:
        try:
            self._tar = tarfile.open(path, "r:")  # noqa: SIM115
            self._members = {member.name: member for member in self._tar.getmembers()}
            if any(not member.isreg() for member in self._members.values()):
                raise damaged("it holds something that is no file")
            self.manifest_bytes, self.sealed = self._small(MANIFEST), self._small(KEYS)
            self.manifest: dict[str, Any] = json.loads(self.manifest_bytes)
            self._check()
        except (tarfile.TarError, OSError, ValueError, KeyError, TypeError, EOFError) as error:
            raise damaged(f"{path.name}: {type(error).__name__}") from None

    def _small(self, name: str) -> bytes:
        member = self._members.get(name)
        if member is None or member.size > _SMALL:
            raise damaged(f"{name} is missing")
        file = self._tar.extractfile(member)
        assert file is not None
        return file.read()

    def _check(self) -> None:
        if self.manifest["format"] != FORMAT:
            raise damaged(f"format {self.manifest['format']}")
        names = [str(told["name"]) for told in self.manifest["files"]]
        if {DATA + name for name in names} | {MANIFEST, KEYS} != set(self._members) or len(set(names)) != len(names):
            raise damaged("its list of files is not what it holds")
        for told in self.manifest["files"]:
            if not _safe(told["name"]) or self._members[DATA + told["name"]].size != told["size"]:
                raise damaged(told["name"])

    def close(self) -> None:
        self._tar.close()

    def chunks(self, told: dict[str, Any]) -> Iterator[bytes]:
        """The bytes of one file; Stopped at the end when they are not those that were saved."""
        digest = hashlib.sha256()
        try:
            file = self._tar.extractfile(self._members[DATA + told["name"]])
            assert file is not None
            while data := file.read(CHUNK):
                digest.update(data)
                yield data
        except (tarfile.TarError, EOFError) as error:
            raise damaged(f"{told['name']}: {type(error).__name__}") from None
        if digest.hexdigest() != told["sha256"]:
            raise damaged(told["name"])

    def extract(self, told: dict[str, Any], target: Path) -> None:
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with target.open("xb") as out:
            target.chmod(0o600)
            for data in self.chunks(told):
                out.write(data)
            out.flush()
            os.fsync(out.fileno())
