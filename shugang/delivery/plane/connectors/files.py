"""Files as tables: a folder of this machine or a bucket of an S3-compatible store, named in the connector's settings.

For each question the files that it names are brought into a private folder (capped; an object's etag and digest noted),
where a confined child reads them (`plane.reading`), and everything is removed. The child sees no other file and no network.
"""

from __future__ import annotations

import asyncio
import fnmatch
import json
import logging
import os
import shutil
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import pyarrow as pa
import sqlglot
from sqlglot import exp

from shugang.delivery.plane.confine import give
from shugang.delivery.plane.connectors.base import MOST_BYTES, Rows, SourceFailed
from shugang.delivery.plane.outgoing import Outgoing
from shugang.delivery.plane.s3 import S3, Bucket, S3Failed
from shugang.policy.addresses import Rules

log = logging.getLogger("shugang.plane.connectors.files")
KINDS = ("parquet", "csv", "json", "jsonl", "ndjson", "xlsx")
MOST_FILES = 1000
MEMORY_MB = 1024
RESULT = "result.arrow"


class Brought(NamedTuple):
    """One file in the private folder; `note` tells what it was (key or path, etag, digest) for the local log."""

    name: str
    kind: str
    note: str


class Store(Protocol):
    def bring(self, pattern: str, into: Path, first: int, most: int, seconds: float) -> list[Brought]:
        """The files of `pattern` as `into/{first…}`, at most `most` bytes in all. Raises SourceFailed."""
        ...


def kind_of(name: str) -> str:
    """The kind of a file by its name; SourceFailed where it is none of KINDS."""
    kind = name.rpartition(".")[2].lower()
    if kind not in KINDS:
        raise SourceFailed("source_unavailable", f"a file is none of {', '.join(KINDS)}")
    return kind


@dataclass(frozen=True)
class FilesConnector:
    """`tables`: name → path or pattern below the store's root (`sales/2026-*.csv`)."""

    store: Store
    tables: Mapping[str, str]
    most: int
    scratch: Path
    dialect: str = "duckdb"

    def fetch(self, sql: str, values: Mapping[str, Any], cap: int, seconds: float) -> Rows:
        until = time.monotonic() + seconds
        self.scratch.mkdir(parents=True, exist_ok=True, mode=0o700)
        folder = Path(tempfile.mkdtemp(prefix="ask-", dir=self.scratch))
        try:
            tables = self._brought(named(sql, self.tables), folder, until)
            job = {
                "tables": {name: [[b.name, b.kind] for b in found] for name, found in tables.items()},
                "sql": sql,
                "values": {name: tagged(value) for name, value in values.items()},
                "cap": cap,
                "memory_mb": MEMORY_MB,
                "cpu_seconds": max(1, int(seconds) + 1),
                "file_size": max(MOST_BYTES, 4 * self.most),
            }
            return _answer(folder, job, until)
        except OSError as error:
            raise SourceFailed("source_unavailable", type(error).__name__) from error
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _brought(self, names: list[str], folder: Path, until: float) -> dict[str, list[Brought]]:
        tables: dict[str, list[Brought]] = {}
        left, count = self.most, 0
        for name in names:
            found = self.store.bring(self.tables[name], folder, count, left, until - time.monotonic())
            if not found:
                raise SourceFailed("source_unavailable", f"the table {name} has no file")
            count += len(found)
            left -= sum((folder / each.name).stat().st_size for each in found)
            log.info("table %s: %s", name, "; ".join(each.note for each in found[:5]))
            tables[name] = found
        return tables


def named(sql: str, tables: Mapping[str, str]) -> list[str]:
    """The declared tables that a checked query names, as declared. Raises SourceFailed for another name."""
    known = {name.lower(): name for name in tables}
    try:
        tree = sqlglot.parse_one(sql, read="duckdb")
    except sqlglot.errors.SqlglotError as error:
        raise SourceFailed("source_unavailable", "the query cannot be parsed") from error
    own = {cte.alias.lower() for cte in tree.find_all(exp.CTE)}
    asked = {table.name.lower() for table in tree.find_all(exp.Table) if isinstance(table.this, exp.Identifier)}
    if unknown := asked - known.keys() - own:
        raise SourceFailed("source_unavailable", f"no table {sorted(unknown)[0]} is declared")
    return [known[name] for name in sorted(asked & known.keys())]


def tagged(value: Any) -> list[Any]:
    """A bound value with its kind, for the child."""
    if isinstance(value, datetime):
        return ["time", value.isoformat()]
    if isinstance(value, date):
        return ["date", value.isoformat()]
    if isinstance(value, Decimal):
        return ["exact", f"{value:f}"]
    return ["plain", value]


def _answer(folder: Path, job: dict[str, Any], until: float) -> Rows:
    give(folder)
    child = subprocess.Popen(
        [sys.executable, "-m", "shugang.delivery.plane.reading"],
        cwd=folder,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={"PATH": os.environ.get("PATH", ""), "PYTHONPATH": os.pathsep.join(sys.path), "TMPDIR": "."},
    )
    try:
        out, _ = child.communicate(json.dumps(job).encode(), timeout=max(0.05, until - time.monotonic()))
    except subprocess.TimeoutExpired:
        raise SourceFailed("source_timeout", "the files were not read in time") from None
    finally:
        child.kill()
        child.wait()
    said = out[:200].decode(errors="replace").strip()
    if child.returncode != 0 or said != "done":
        late = child.returncode == -24  # SIGXCPU
        why = said if said and child.returncode == 1 else f"exit {child.returncode}"
        raise SourceFailed("source_timeout" if late else "source_unavailable", why)
    return _rows(folder / RESULT)


def _rows(path: Path) -> Rows:
    """The child read what others wrote, so what it wrote is judged too."""
    if path.stat().st_size > MOST_BYTES:
        raise SourceFailed("answer_too_large", f"more than {MOST_BYTES} bytes")
    try:
        with pa.OSFile(str(path)) as file:
            table = pa.ipc.open_stream(file).read_all()
            table.validate(full=True)
    except pa.ArrowException as error:
        raise SourceFailed("source_unavailable", "the reading child's answer is damaged") from error
    columns = [column.to_pylist() for column in table.columns]
    return table.column_names, list(zip(*columns, strict=True)) if columns else []


@dataclass(frozen=True)
class Folder:
    """Files below `root`; links are followed first, so that a link out of it is refused."""

    root: Path

    def bring(self, pattern: str, into: Path, first: int, most: int, seconds: float) -> list[Brought]:
        until = time.monotonic() + seconds
        try:
            root = self.root.resolve(strict=True)
            found = sorted(path for path in root.glob(pattern) if not path.is_dir())
        except (OSError, ValueError, NotImplementedError) as error:
            raise SourceFailed("source_unavailable", "the folder cannot be read") from error
        if len(found) > MOST_FILES:
            raise SourceFailed("source_unavailable", f"more than {MOST_FILES} files")
        brought = []
        for place, path in enumerate(found, first):
            kind = kind_of(path.name)
            name = f"{place:04d}.{kind}"
            most -= _copy(root, path, into / name, most, until)
            brought.append(Brought(name, kind, str(path.relative_to(root))))
        return brought


def _copy(root: Path, path: Path, target: Path, most: int, until: float) -> int:
    try:
        real = path.resolve(strict=True)
        if not real.is_relative_to(root):
            raise SourceFailed("source_unavailable", "a link leads out of the folder")
        with (
            open(os.open(real, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as source,
            target.open("xb") as copy,
        ):
            facts = os.fstat(source.fileno())
            if not stat.S_ISREG(facts.st_mode):
                raise SourceFailed("source_unavailable", "what a table names is no plain file")
            size = 0
            while count := os.sendfile(copy.fileno(), source.fileno(), size, 1 << 24):
                size += count
                if size > most:
                    raise SourceFailed("source_unavailable", "the files are larger than max_source")
                if time.monotonic() > until:
                    raise SourceFailed("source_timeout", "the files were not read in time")
    except OSError as error:
        raise SourceFailed("source_unavailable", type(error).__name__) from error
    return size


@dataclass(frozen=True)
class Objects:
    """Objects of one bucket. `prefix` stands before every pattern."""

    bucket: Bucket
    rules: Rules = field(repr=False)
    prefix: str = ""

    def bring(self, pattern: str, into: Path, first: int, most: int, seconds: float) -> list[Brought]:
        try:
            return asyncio.run(self._bring(self.prefix + pattern, into, first, most, seconds))
        except TimeoutError as error:
            raise SourceFailed("source_timeout", "the store did not answer in time") from error
        except S3Failed as error:
            code = "source_timeout" if error.code == "Timeout" else "source_unavailable"
            raise SourceFailed(code, f"the store: {error}") from error

    def test(self, seconds: float) -> None:
        """Whether the store lets itself be listed. Blocking; raises S3Failed."""

        async def look() -> None:
            outgoing = Outgoing(self.rules, seconds=seconds)
            try:
                await S3(self.bucket, outgoing).list(self.prefix, MOST_FILES)
            except S3Failed as error:
                if error.code != "TooLarge":
                    raise
            finally:
                await outgoing.close()

        asyncio.run(look())

    async def _bring(self, pattern: str, into: Path, first: int, most: int, seconds: float) -> list[Brought]:
        outgoing, brought = Outgoing(self.rules, seconds=max(0.1, seconds)), []
        try:
            async with asyncio.timeout(seconds):
                store = S3(self.bucket, outgoing)
                for place, key in enumerate(await _keys(store, pattern), first):
                    kind = kind_of(key)
                    name = f"{place:04d}.{kind}"
                    with (into / name).open("xb") as file:
                        got = await store.fetch(key, file, most)
                    most -= got.size
                    brought.append(Brought(name, kind, f"{key} etag {got.etag} sha256 {got.sha256[:16]}"))
        finally:
            await outgoing.close()
        return brought


async def _keys(store: S3, pattern: str) -> list[str]:
    """One key, or those that fit a pattern: `*` within one level, as in a folder."""
    wild = min((pattern.find(sign) for sign in "*?[" if sign in pattern), default=-1)
    if wild < 0:
        return [pattern]
    found = await store.list(pattern[:wild], MOST_FILES)
    return [each.key for each in found if _fits(each.key, pattern)]


def _fits(key: str, pattern: str) -> bool:
    levels, wanted = key.split("/"), pattern.split("/")
    return len(levels) == len(wanted) and all(map(fnmatch.fnmatchcase, levels, wanted))
