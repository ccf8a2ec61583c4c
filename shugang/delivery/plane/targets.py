"""Where a push writes: a buyer's bucket or a folder that the operator set aside. One file at a time, seen when whole.

A file goes up in parts; a part may be sent again and replaces itself, so that a retry neither doubles nor mixes data.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import glob
import os
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from shugang.delivery.plane.outgoing import Outgoing
from shugang.delivery.plane.s3 import S3, Bucket, S3Failed
from shugang.policy.addresses import Rules
from shugang.policy.connections import Account, Place

CHECK_KEY = ".shugang-check"
PART_SECONDS = 120.0


class TargetFailed(RuntimeError):
    """The destination did not take it. `code` names why, without the other side's words."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Writing(Protocol):
    """One file under way."""

    async def part(self, number: int, data: bytes) -> None:
        """Parts from 1, in order; the same number again replaces it. Raises TargetFailed."""
        ...

    async def finish(self) -> None:
        """The file is whole and to be seen. Raises TargetFailed."""
        ...

    async def abort(self) -> None:
        """Takes back what was written; never raises."""
        ...


class Target(Protocol):
    async def test(self) -> None:
        """Writes a few bytes and removes them. Raises S3Failed or OSError."""
        ...

    def opened(self) -> contextlib.AbstractAsyncContextManager[Target]:
        """For one push: its connections live as long."""
        ...

    async def begin(self, name: str, kind: str) -> Writing: ...


def bucket_of(url: str, where: Place, account: Account) -> tuple[Bucket, str]:
    """The bucket of a registered address, and what stands before every key."""
    name, _, prefix = where.path.partition("/")
    parts = urlsplit(url)
    bucket = Bucket(
        f"{parts.scheme.removeprefix('s3+')}://{parts.netloc}",
        name,
        where.options.get("region", "us-east-1"),
        account.user,
        account.password,
        where.options.get("style", "path") == "path",
    )
    return bucket, f"{prefix.rstrip('/')}/" if prefix else ""


@dataclass
class StoreTarget:
    bucket: Bucket
    prefix: str
    rules: Rules = field(repr=False)
    _client: S3 | None = field(default=None, repr=False)

    @contextlib.asynccontextmanager
    async def opened(self) -> AsyncIterator[Target]:
        outgoing = Outgoing(self.rules, seconds=PART_SECONDS, connections=2)
        try:
            yield StoreTarget(self.bucket, self.prefix, self.rules, S3(self.bucket, outgoing))
        finally:
            await outgoing.close()

    async def test(self) -> None:
        async with self.opened() as ready:
            assert isinstance(ready, StoreTarget)
            await ready._client_of().put(f"{self.prefix}{CHECK_KEY}", b"shugang")
            await ready._client_of().remove(f"{self.prefix}{CHECK_KEY}")

    async def begin(self, name: str, kind: str) -> Writing:
        key = self.prefix + name
        try:
            upload = await _tried(lambda: self._client_of().begin(key, kind))
        except S3Failed as error:
            raise TargetFailed(error.code) from error
        return _Upload(self._client_of(), key, upload, {})

    def _client_of(self) -> S3:
        if self._client is None:
            raise RuntimeError("a push opens its target first")
        return self._client


@dataclass
class _Upload:
    client: S3
    key: str
    upload: str
    etags: dict[int, str]

    async def part(self, number: int, data: bytes) -> None:
        try:
            self.etags[number] = await _tried(lambda: self.client.part(self.key, self.upload, number, data))
        except S3Failed as error:
            raise TargetFailed(error.code) from error

    async def finish(self) -> None:
        try:
            await _tried(lambda: self.client.complete(self.key, self.upload, self.etags))
        except S3Failed as error:
            raise TargetFailed(error.code) from error

    async def abort(self) -> None:
        with contextlib.suppress(S3Failed):
            await self.client.abort(self.key, self.upload)


async def _tried(attempt: Callable[[], Awaitable[str]]) -> str:
    """Again after what may pass: no answer, or an error of the server's own."""
    for wait in (0.2, 1.0):
        try:
            return await attempt()
        except S3Failed as error:
            if error.status and error.status < 500 and error.status != 429 and error.code != "InternalError":
                raise
            if error.code == "Refused":
                raise
            await asyncio.sleep(wait)
    return await attempt()


@dataclass(frozen=True)
class FolderTarget:
    """Files appear under their names only when they are whole and durable."""

    folder: Path

    @contextlib.asynccontextmanager
    async def opened(self) -> AsyncIterator[Target]:
        yield self

    async def test(self) -> None:
        path = self.folder / f"{CHECK_KEY}-{secrets.token_hex(4)}"
        path.write_bytes(b"shugang")
        path.unlink()

    async def begin(self, name: str, kind: str) -> Writing:
        target = self.folder / name
        if not target.resolve().is_relative_to(self.folder.resolve()):
            raise TargetFailed("BadName")
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            _clear(target)
            part = target.with_name(f".{target.name}.{secrets.token_hex(6)}")
            handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o640)
            fcntl.flock(handle, fcntl.LOCK_EX)
            return _Temporary(part, target, handle)
        except OSError as error:
            raise TargetFailed("Unwritable") from error


def _clear(target: Path) -> None:
    """Takes away what a killed writer left half written: who still writes holds a lock on it."""
    for left in target.parent.glob(f".{glob.escape(target.name)}.????????????"):
        with contextlib.suppress(OSError):
            handle = os.open(left, os.O_WRONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                left.unlink()
            finally:
                os.close(handle)


@dataclass
class _Temporary:
    path: Path
    target: Path
    handle: int
    _starts: dict[int, int] = field(default_factory=lambda: {1: 0})

    async def part(self, number: int, data: bytes) -> None:
        start = self._starts[number]
        try:
            await asyncio.to_thread(self._write, start, data)
        except OSError as error:
            raise TargetFailed("Unwritable") from error
        self._starts[number + 1] = start + len(data)

    def _write(self, start: int, data: bytes) -> None:
        view = memoryview(data)
        while view:
            count = os.pwrite(self.handle, view, start)
            start, view = start + count, view[count:]

    async def finish(self) -> None:
        try:
            await asyncio.to_thread(self._settle)
        except OSError as error:
            raise TargetFailed("Unwritable") from error

    def _settle(self) -> None:
        os.fsync(self.handle)
        os.close(self.handle)
        self.handle = -1
        os.rename(self.path, self.target)
        folder = os.open(self.target.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    async def abort(self) -> None:
        if self.handle >= 0:
            os.close(self.handle)
            self.handle = -1
        self.path.unlink(missing_ok=True)
