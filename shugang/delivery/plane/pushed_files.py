"""The files of a push: the granted view as it is, or written anew as CSV, and the pieces in which they leave."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from shugang.delivery.plane import render
from shugang.delivery.plane.gate import Rejected, Use
from shugang.delivery.plane.replies import Denied

if TYPE_CHECKING:
    from shugang.delivery.plane.app import Plane

FORMATS = {"parquet": "application/vnd.apache.parquet", "csv": "text/csv"}
PIECE = 8 * 1024 * 1024
MOST_PIECES = 9000  # S3 takes 10,000


class File(NamedTuple):
    name: str
    path: Path
    size: int
    rows: int


async def made(plane: Plane, use: Use, form: str, folder: Path) -> tuple[list[File], str]:
    """The files, and a digest of what they hold: only where it is the same can a further try leave files out."""
    try:
        view = await plane.views.pushed(use.access)
    except Denied as denied:
        raise Rejected(use, denied) from denied
    files = [File(f"part-{n:05d}.parquet", part.path, part.size, part.rows) for n, part in enumerate(view.parts)]
    if form == "csv":
        files = [await asyncio.to_thread(_as_csv, file, folder) for file in files]
    plan = sha256("".join(part.sha256 for part in view.parts).encode() + repr([f.size for f in files]).encode())
    return files, plan.hexdigest()[:32]


def _as_csv(file: File, folder: Path) -> File:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / file.name.replace(".parquet", ".csv")
    head = True
    with pq.ParquetFile(file.path) as source, path.open("xb") as target:
        for batch in source.iter_batches(render.ROWS_PER_PART):
            lines = list(render.parts(pa.Table.from_batches([batch]), render.CSV, "", ""))
            for line in lines if head else lines[1:]:
                target.write(line.data)
            head = False
        if head:
            target.write(next(iter(render.parts(source.schema_arrow.empty_table(), render.CSV, "", ""))).data)
    return File(path.name, path, path.stat().st_size, file.rows)


def removed(folder: Path) -> None:
    if folder.is_dir():
        for path in folder.iterdir():
            path.unlink()
        folder.rmdir()


def digest_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def pieces(source: Any, size: int) -> Iterator[bytes]:
    piece = max(PIECE, -(-size // MOST_PIECES))
    while data := source.read(piece):
        yield data
