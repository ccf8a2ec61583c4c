"""Granted views: made once per (source, policy), kept in the cache folder, found again after a restart."""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import json
import logging
import os
import sys
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from shugang.delivery.plane.config import PlaneConfig
from shugang.delivery.plane.index import Access, Index
from shugang.delivery.plane.lookup import LookupTable
from shugang.delivery.plane.materialise import MANIFEST, PART
from shugang.delivery.plane.objects import object_name
from shugang.delivery.plane.pieces import Stored
from shugang.delivery.plane.replies import Denied
from shugang.policy.grant import CompiledGrant
from shugang.policy.sealing import of_mark, open_sealed
from shugang.policy.sources import ApiSource, FileSource, PushSource, SqlSource, TableSource

log = logging.getLogger("shugang.plane.views")
RETRY_SECONDS = 5.0


@dataclass(frozen=True)
class Part(Stored):
    """One Parquet file of a view: its statistics and the values of the columns that it is cut by."""

    stats: str
    values: Mapping[str, str | None]


@dataclass(frozen=True)
class TableView:
    """A materialised granted table: all that its metadata says comes from here, never from the base."""

    rows: int
    columns: tuple[tuple[str, str], ...]
    partitions: tuple[str, ...]
    parts: tuple[Part, ...]

    @property
    def size(self) -> int:
        return sum(part.size for part in self.parts)

    def part(self, name: str) -> Part | None:
        return next((part for part in self.parts if part.name == name), None)


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
        self.files: dict[str, Stored] = {}
        self.made = 0

    async def table(self, access: Access[TableSource] | Access[SqlSource]) -> TableView:
        found = self.tables.get(access.view)
        return found or await self._shared(access.view, self._open_table(access))

    async def pushed(self, access: Access[PushSource]) -> TableView:
        """The granted table as files that belong together, for a push."""
        found = self.tables.get(access.view)
        return found or await self._shared(access.view, self._open_files(access))

    async def lookup(self, access: Access[ApiSource]) -> LookupTable:
        found = self.lookups.get(access.view)
        return found if found is not None else await self._shared(access.view, self._open_lookup(access))

    async def _shared(self, key: str, opening: Any) -> Any:
        """Concurrent requests wait for one making; a failure is remembered for some seconds."""
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

    async def file(self, access: Access[FileSource], format: str) -> Stored:
        """The granted view as one file of a format."""
        key = f"{access.view}.{format}"
        found = self.files.get(key)
        return found or await self._shared(key, self._open_file(access, format, key))

    async def _open_file(self, access: Access[FileSource], format: str, key: str) -> Stored:
        folder, manifest = await self._ensure(access, "file", format, {"format": format})
        (part,) = manifest["parts"]
        stored = self.files[key] = Stored(
            f"{access.view[:24]}-{part['name']}",
            folder / part["name"],
            part["size"],
            part["sha256"],
            part["rows"],
        )
        return stored

    async def changes(self, before: Access[TableSource], after: Access[TableSource]) -> TableView:
        """What of the granted rows went and came from one version to the next."""
        key = changes_digest(before, after)
        found = self.tables.get(key)
        return found or await self._shared(key, self._open_changes(key, before, after))

    async def _open_table(self, access: Access[TableSource] | Access[SqlSource]) -> TableView:
        source = access.source
        more = {"partition": partition(access), "part_rows": self._config.part_rows}
        folder, manifest = await self._ensure(access, "table", "", more)
        view = self.tables[access.view] = _view(folder, manifest, access.view)
        log.debug("table %s version %d: %d parts", source.table, source.version, len(view.parts))
        return view

    async def _open_files(self, access: Access[PushSource]) -> TableView:
        more = {"partition": [], "part_rows": self._config.part_rows}
        folder, manifest = await self._ensure(access, "table", "", more)
        view = self.tables[access.view] = _view(folder, manifest, access.view)
        return view

    async def _open_changes(self, key: str, before: Access[TableSource], after: Access[TableSource]) -> TableView:
        sides = {"before": await self.table(before), "after": await self.table(after)}
        folder = self._folder("changes", "", key)
        manifest = _read_manifest(folder)
        if manifest is None:
            job = {
                "kind": "changes",
                "columns": [{"name": name, "type": kind} for name, kind in sides["after"].columns],
                "key_columns": _keys(after),
                "partition": list(sides["after"].partitions),
                "part_rows": self._config.part_rows,
                **{
                    side: [{"path": str(part.path), "values": dict(part.values)} for part in view.parts]
                    for side, view in sides.items()
                },
            }
            manifest = await self._make(folder, job)
        view = self.tables[key] = _view(folder, manifest, key)
        return view

    async def _open_lookup(self, access: Access[ApiSource]) -> LookupTable:
        key_column = access.source.key_column
        folder, _ = await self._ensure(access, "api", key_column, {"key_column": key_column})
        table = await asyncio.to_thread(LookupTable.load, folder / PART)
        self.lookups[access.view] = table
        return table

    def _folder(self, kind: str, detail: str, digest: str) -> Path:
        name = hashlib.sha256(f"{kind}\x1f{detail}\x1f{digest}".encode()).hexdigest()[:40]
        return self._config.cache_dir / name

    async def _ensure(
        self, access: Access[Any], kind: str, detail: str, more: dict[str, Any]
    ) -> tuple[Path, dict[str, Any]]:
        source = access.source
        if self._config.vault_root is None:
            raise EscapedVault("this plane has no vault")
        folder = self._folder(kind, detail, access.view)
        if (manifest := _read_manifest(folder)) is not None:
            return folder, manifest
        path = await self._stored(source.path, source.sha256)
        job = {
            "kind": kind,
            "path": str(path),
            "sha256": source.sha256,
            "columns": source.to_json()["columns"],
            "terms": access.grant.terms.to_json(),
            "keys": dict(self._config.policy_keys),
            **self._mark(access.grant),
            **more,
        }
        return folder, await self._make(folder, job)

    async def _stored(self, path: str, sha256: str) -> Path:
        """The version's file here, fetched from the vault's store where it is not; the child checks its digest."""
        root, objects = self._config.vault_root, self._config.objects
        if root is None:
            raise EscapedVault("this plane has no vault")
        try:
            return await asyncio.to_thread(vault_file, root, path)
        except FileNotFoundError:
            if objects is None:
                raise
        place = root.resolve() / path
        if not place.resolve().is_relative_to(root.resolve()):
            raise EscapedVault(path)
        async with self._one_at_a_time:
            if not place.exists():
                await objects.fetch(object_name(path, sha256), sha256, place)
        return await asyncio.to_thread(vault_file, root, path)

    def _mark(self, grant: CompiledGrant) -> dict[str, Any]:
        """What a marked view is made with. A secret that does not open fails the making: no data without its mark."""
        if grant.terms.mark is None:
            return {}
        secret = open_sealed(self._config.private_key(), grant.sealed_mark, of_mark(grant.id))
        return {"mark": {"secret": secret.hex(), "recipient": grant.id}}

    async def _make(self, folder: Path, job: dict[str, Any]) -> dict[str, Any]:
        job |= {"out": str(folder), "memory_mb": 1024, "threads": 2, "cpu_seconds": 3600}
        async with self._one_at_a_time:
            lock = await asyncio.to_thread(_making, folder)
            try:
                # Another worker of this machine may have made it meanwhile.
                manifest = _read_manifest(folder)
                if manifest is None:
                    manifest = await _run(job)
                    self.made += 1
            finally:
                os.close(lock)
        return manifest

    async def prewarm(self, index: Index) -> None:
        """Open what the grants in force need, and drop from memory what none needs any more."""
        wanted: set[str] = set()
        for access in _hosted(index):
            wanted |= set(_names(access))
            if access.grant.state != "active":
                continue
            try:
                if isinstance(access.source, ApiSource):
                    await self.lookup(access)
                elif isinstance(access.source, TableSource):
                    await self.table(access)
            except Denied:
                continue
        for known in (self.lookups, self.tables, self.files):
            for gone in [key for key in known if key.partition(".")[0] not in wanted]:
                del known[gone]


def partition(access: Access[TableSource] | Access[SqlSource]) -> list[str]:
    """The columns by whose values the files are cut: granted ones, as they are. A masked value would name a group of
    rows that the mask is there to hide the size of; what carries the mark stays in the file."""
    terms = access.grant.terms
    closed = {mask.column for mask in terms.masks}
    if terms.mark is not None:
        closed |= {*terms.mark.key_columns, *(marked.column for marked in terms.mark.columns)}
    return [name for name in getattr(access.source, "partition", ()) if name in terms.fields and name not in closed]


def _keys(access: Access[TableSource]) -> list[str]:
    """The declared keys of a row, if all of them are granted and unmasked; otherwise none."""
    masked = {mask.column for mask in access.grant.terms.masks}
    keys = access.source.key_columns
    return list(keys) if all(key in access.grant.terms.fields and key not in masked for key in keys) else []


def changes_digest(before: Access[TableSource], after: Access[TableSource]) -> str:
    parts = ("changes", before.view, after.view, *_keys(after))
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()


def steps(access: Access[TableSource]) -> list[tuple[Access[TableSource], Access[TableSource]]]:
    """Each version of a table with the one before it."""
    states = [access.at(state.version) for state in access.source.states()]
    known = [state for state in states if state is not None]
    return list(pairwise(known))


def _names(access: Access[Any]) -> Iterable[str]:
    """The digests of all views that an access may open."""
    yield access.view
    if isinstance(access.source, TableSource):
        for before, after in steps(access):
            yield before.view
            yield changes_digest(before, after)


def _hosted(index: Index) -> Iterable[Access[Any]]:
    kinds = (TableSource, ApiSource, FileSource, SqlSource)
    return (access for access in index.by_key.values() if isinstance(access.source, kinds))


def _view(folder: Path, manifest: dict[str, Any], digest: str) -> TableView:
    """Files are named by the view's digest: other terms under the same grant make other files."""
    return TableView(
        manifest["rows"],
        tuple((column["name"], column["type"]) for column in manifest["columns"]),
        tuple(manifest["partitions"]),
        tuple(
            Part(
                f"{digest[:24]}-{part['name']}",
                folder / part["name"],
                part["size"],
                part["sha256"],
                # Canary rows stand for nothing and count for nothing.
                part["rows"] - part.get("canaries", 0),
                part["stats"],
                part["values"],
            )
            for part in manifest["parts"]
        ),
    )


def _read_manifest(folder: Path) -> dict[str, Any] | None:
    """None where the view is not there whole: a missing or cut file means that it is made again."""
    try:
        manifest: dict[str, Any] = json.loads((folder / MANIFEST).read_text())
        whole = all((folder / part["name"]).stat().st_size == part["size"] for part in manifest["parts"])
        return manifest if whole else None
    except (OSError, ValueError, KeyError):
        return None


def _making(folder: Path) -> int:
    """One process of this machine makes views at a time; the lock ends with the handle."""
    handle = os.open(folder.parent / ".making.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    fcntl.flock(handle, fcntl.LOCK_EX)
    return handle


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
