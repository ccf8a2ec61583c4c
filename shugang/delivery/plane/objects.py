"""The vault on S3-compatible storage: objects named by their content, fetched into the local folder and checked.

An object's name is `<data set>/<SHA-256>.parquet` below the prefix: another content has another name, so that nothing
published is ever written over, and what arrives is what the grant names or is not used. Encryption at rest is the
store's (the bucket's default); the digest is ours.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from shugang.delivery.plane.outgoing import Outgoing
from shugang.delivery.plane.s3 import S3, Bucket, S3Failed
from shugang.policy.addresses import AddressRefused, Rules

PART = 64 << 20
AT_ONCE = 3
LARGEST = 1 << 40
SECONDS = 6 * 3600.0


class NotFetched(RuntimeError):
    """The object is not to be had, or is not what its name says."""


def object_name(path: str, sha256: str) -> str:
    """The name of a stored version's object; `path` as the version has it, `<data set>/<version>/data.parquet`."""
    return f"{path.partition('/')[0]}/{sha256}.parquet"


@dataclass(frozen=True)
class Objects:
    """`prefix` is "" or ends with a slash."""

    bucket: Bucket = field(repr=False)
    prefix: str = ""

    @classmethod
    def of(cls, url: str) -> Objects:
        """`s3+https://KEY:SECRET@host[:port]/bucket[/prefix][?region=…]`, both keys percent-encoded. ValueError."""
        parts = urlsplit(url)
        scheme = parts.scheme.removeprefix("s3+")
        bucket, _, prefix = parts.path.lstrip("/").partition("/")
        if parts.scheme not in ("s3+https", "s3+http") or not (parts.hostname and parts.username and parts.password):
            raise ValueError("s3+https://KEY:SECRET@host/bucket/prefix?region=… is expected")
        region = parse_qs(parts.query).get("region", ["us-east-1"])[0]
        host = parts.netloc.rpartition("@")[2]
        place = Bucket(f"{scheme}://{host}", bucket, region, unquote(parts.username), unquote(parts.password))
        try:
            place.base  # noqa: B018 a bad address must not wait for its first use
        except AddressRefused as error:
            raise ValueError("it is no address of a store") from error
        return cls(place, prefix.strip("/") + "/" if prefix.strip("/") else "")

    @contextlib.asynccontextmanager
    async def open(self) -> AsyncIterator[S3]:
        # The operator's own choice, so it may stand in his own network; still one pair, no redirects.
        outgoing = Outgoing(Rules.of([self.bucket.pair], private=True), seconds=SECONDS)
        try:
            yield S3(self.bucket, outgoing)
        finally:
            await outgoing.close()

    async def send(self, source: Path, name: str) -> None:
        """The whole file, in parts of which few are in memory. Raises S3Failed; then nothing is to be seen."""
        key, size = self.prefix + name, source.stat().st_size
        async with self.open() as s3:
            if size <= PART:
                await s3.put(key, source.read_bytes())
                return
            upload = await s3.begin(key)
            try:
                etags = await self._parts(s3, key, upload, source, size)
                await s3.complete(key, upload, etags)
            except BaseException:
                with contextlib.suppress(S3Failed):
                    await s3.abort(key, upload)
                raise

    async def _parts(self, s3: S3, key: str, upload: str, source: Path, size: int) -> dict[int, str]:
        part = max(PART, -(-size // 9_000))  # at most 10,000 parts
        few, etags = asyncio.Semaphore(AT_ONCE), dict[int, str]()

        async def one(number: int) -> None:
            async with few:
                data = await asyncio.to_thread(_slice, source, (number - 1) * part, part)
                etags[number] = await s3.part(key, upload, number, data)

        async with asyncio.TaskGroup() as group:
            for number in range(1, -(-size // part) + 1):
                group.create_task(one(number))
        return etags

    async def fetch(self, name: str, sha256: str, place: Path) -> None:
        """The object at `place`, durable and read-only. Raises NotFetched; then nothing stands there."""
        place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle, partial = tempfile.mkstemp(dir=place.parent, prefix=".fetching-")
        try:
            with os.fdopen(handle, "wb") as file:
                async with self.open() as s3:
                    found = await s3.fetch(self.prefix + name, file, LARGEST)
                file.flush()
                os.fsync(file.fileno())
            if found.sha256 != sha256:
                raise NotFetched(f"the stored object's digest is {found.sha256[:16]}…, not {sha256[:16]}…")
            os.chmod(partial, 0o400)
            os.rename(partial, place)
        except S3Failed as error:
            raise NotFetched(str(error)) from error
        finally:
            Path(partial).unlink(missing_ok=True)

    async def put_small(self, name: str, body: bytes) -> bool:
        """A small object unless one of that name is there; whether it was written. Raises S3Failed."""
        async with self.open() as s3:
            if any(found.key == self.prefix + name for found in await s3.list(self.prefix + name, 10)):
                return False
            await s3.put(self.prefix + name, body)
            return True


def _slice(source: Path, start: int, length: int) -> bytes:
    with source.open("rb") as file:
        file.seek(start)
        return file.read(length)
