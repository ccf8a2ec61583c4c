"""A vault on S3-compatible storage: its objects are part of a backup, and are put into the store when it is restored.

In a backup they stand where a vault in a folder has them, so that the restored folder is the store's cache.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from pathlib import Path

from shugang.delivery.plane.objects import NotFetched, Objects, object_name
from shugang.delivery.plane.s3 import S3Failed

from .errors import Stopped

VAULT = "vault"
MOST = 1_000_000
_LOG = "/_delta_log/"


def objects() -> Objects | None:
    from django.conf import settings

    url = str(settings.SHUGANG_VAULT_S3_URL)
    return Objects.of(url) if url else None


def _versions() -> Iterable[tuple[str, str]]:
    from shugang.delivery.datasets.models import DatasetVersion

    return DatasetVersion.objects.exclude(path="").order_by("id").values_list("path", "sha256").iterator()


def missing(store: Objects, have: set[str], scratch: Path) -> Iterator[tuple[str, Path]]:
    """(name in a backup, a copy that goes when the next one is asked for) of what no local folder holds. Raises Stopped."""
    copy = scratch / "object"
    try:
        for path, sha256 in _versions():
            if f"{VAULT}/{path}" not in have:
                asyncio.run(store.fetch(object_name(path, sha256), sha256, copy))
                yield f"{VAULT}/{path}", copy
                copy.unlink()
        for name in asyncio.run(_logs(store)):
            if f"{VAULT}/{name}" not in have:
                asyncio.run(_read(store, name, copy))
                yield f"{VAULT}/{name}", copy
                copy.unlink()
    except (NotFetched, S3Failed) as error:
        raise _unreachable(error) from None


async def _logs(store: Objects) -> list[str]:
    """The small files of Delta logs, by their names below the prefix."""
    async with store.open() as s3:
        found = await s3.list(store.prefix, MOST)
    return [each.key.removeprefix(store.prefix) for each in found if _LOG in each.key]


async def _read(store: Objects, name: str, place: Path) -> None:
    with place.open("wb") as file:
        async with store.open() as s3:
            await s3.fetch(store.prefix + name, file, 64 << 20)


def fill(store: Objects, vault: Path) -> int:
    """Put into the store what it lacks of the restored vault; how many objects. Raises Stopped."""
    sent = 0
    try:
        there = asyncio.run(_names(store))
        for path, sha256 in _versions():
            name, place = object_name(path, sha256), vault / path
            if name not in there and place.is_file():
                asyncio.run(store.send(place, name))
                sent += 1
                there.add(name)
        for place in sorted(vault.glob(f"*{_LOG}*.json")):
            name = place.relative_to(vault).as_posix()
            sent += name not in there and asyncio.run(store.put_small(name, place.read_bytes()))
    except (S3Failed, BaseExceptionGroup) as error:
        raise _unreachable(error) from None
    return sent


async def _names(store: Objects) -> set[str]:
    async with store.open() as s3:
        return {each.key.removeprefix(store.prefix) for each in await s3.list(store.prefix, MOST)}


def _unreachable(error: BaseException) -> Stopped:
    return Stopped(
        f"数据仓库的存储（S3）没有读写成功：{error}。请检查地址和密钥后再试。",
        f"The vault's store (S3) did not do it: {error}. Please check its address and keys and try again.",
    )
