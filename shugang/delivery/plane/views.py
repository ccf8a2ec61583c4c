"""Granted views: made once per (source, policy), kept in the cache folder, found again after a restart."""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shugang.delivery.plane.config import PlaneConfig
from shugang.delivery.plane.index import Access, Index
from shugang.delivery.plane.lookup import LookupTable
from shugang.delivery.plane.materialise import MANIFEST, PART
from shugang.delivery.plane.replies import Denied
from shugang.policy.grant import CompiledGrant
from shugang.policy.sources import ApiSource, TableSource

log = logging.getLogger("shugang.plane.views")
RETRY_SECONDS = 5.0


@dataclass(frozen=True)
class TableView:
    """A materialised granted table: all that its metadata says comes from here, never from the base."""

    path: Path
    size: int
    sha256: str
    rows: int
    stats: str
    columns: tuple[tuple[str, str], ...]


class EscapedVault(ValueError):
    """A source path that leaves the vault."""


def vault_file(root: Path, relative: str) -> Path:
    """The file inside the vault; links are followed first, so that a link out is refused too."""
    base = root.resolve(strict=True)
    path = (base / relative).resolve(strict=True)
    if not path.is_relative_to(base) or not path.is_file():
        raise EscapedVault(relative)
    return path


class Views:
    def __init__(self, config: PlaneConfig) -> None:
        self._config = config
        self._tasks: dict[str, asyncio.Task[Any]] = {}
        self._failed: dict[str, float] = {}
        self._one_at_a_time = asyncio.Semaphore(1)
        self.lookups: dict[str, LookupTable] = {}
        self.tables: dict[str, TableView] = {}
        self.made = 0

    async def table(self, access: Access[TableSource]) -> TableView:
        found = self.tables.get(access.view)
        return found or await self._shared(access, self._open_table(access))

    async def lookup(self, access: Access[ApiSource]) -> LookupTable:
        found = self.lookups.get(access.view)
        return found if found is not None else await self._shared(access, self._open_lookup(access))

    async def _shared(self, access: Access[Any], opening: Any) -> Any:
        """Concurrent requests wait for one making; a failure is remembered for some seconds."""
        key = access.view
        task = self._tasks.get(key)
        if task is None:
            if time.monotonic() - self._failed.get(key, -RETRY_SECONDS) < RETRY_SECONDS:
                opening.close()
                raise Denied("source_unavailable")
            task = self._tasks[key] = asyncio.ensure_future(opening)
            task.add_done_callback(lambda done: self._finished(key, done))
        else:
            opening.close()
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            raise
        except Exception as error:
            raise Denied("source_unavailable") from error

    def _finished(self, key: str, task: asyncio.Task[Any]) -> None:
        self._tasks.pop(key, None)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._failed[key] = time.monotonic()
            log.error("view %s cannot be made: %s", key[:16], error)

    async def _open_table(self, access: Access[TableSource]) -> TableView:
        folder, manifest = await self._ensure(access.grant, "table", access.view, "")
        columns = tuple((column["name"], column["type"]) for column in manifest["columns"])
        view = TableView(
            folder / PART, manifest["size"], manifest["sha256"], manifest["rows"], manifest["stats"], columns
        )
        self.tables[access.view] = view
        return view

    async def _open_lookup(self, access: Access[ApiSource]) -> LookupTable:
        key_column = access.source.key_column
        folder, _ = await self._ensure(access.grant, "api", access.view, key_column)
        table = await asyncio.to_thread(LookupTable.load, folder / PART)
        self.lookups[access.view] = table
        return table

    async def _ensure(self, grant: CompiledGrant, kind: str, view: str, key_column: str) -> tuple[Path, dict[str, Any]]:
        source = grant.source
        assert isinstance(source, TableSource | ApiSource)
        if self._config.vault_root is None:
            raise EscapedVault("this plane has no vault")
        name = hashlib.sha256(f"{kind}\x1f{key_column}\x1f{view}".encode()).hexdigest()[:40]
        folder = self._config.cache_dir / name
        if (manifest := _read_manifest(folder)) is not None:
            return folder, manifest
        path = await asyncio.to_thread(vault_file, self._config.vault_root, source.path)
        document = source.to_json()
        job = {
            "kind": kind,
            "path": str(path),
            "sha256": source.sha256,
            "columns": document["columns"],
            "terms": grant.terms.to_json(),
            "keys": dict(self._config.policy_keys),
            "key_column": key_column,
            "out": str(folder),
            "memory_mb": 1024,
            "threads": 2,
            "cpu_seconds": 3600,
        }
        async with self._one_at_a_time:
            manifest = await _run(job)
        self.made += 1
        return folder, manifest

    async def prewarm(self, index: Index) -> None:
        """Open what the grants in force need, and drop from memory what none needs any more."""
        wanted: set[str] = set()
        for access in _hosted(index):
            wanted.add(access.view)
            if access.grant.state != "active":
                continue
            try:
                if isinstance(access.source, ApiSource):
                    await self.lookup(access)
                else:
                    await self.table(access)
            except Denied:
                continue
        for known in (self.lookups, self.tables):
            for gone in set(known) - wanted:
                del known[gone]


def _hosted(index: Index) -> Iterable[Access[Any]]:
    for holder in index.holders.values():
        yield from (access for access in holder.all() if isinstance(access.source, TableSource | ApiSource))


def _read_manifest(folder: Path) -> dict[str, Any] | None:
    try:
        manifest: dict[str, Any] = json.loads((folder / MANIFEST).read_text())
        return manifest if (folder / PART).stat().st_size == manifest["size"] else None
    except (OSError, ValueError, KeyError):
        return None


async def _run(job: dict[str, Any]) -> dict[str, Any]:
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "shugang.delivery.plane.materialise",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await child.communicate(json.dumps(job).encode())
    try:
        answer: dict[str, Any] = json.loads(out)
    except ValueError:
        answer = {"error": f"exit {child.returncode}: {err.decode(errors='replace')[-400:]}"}
    if "error" in answer:
        raise RuntimeError(answer["error"])
    return answer
