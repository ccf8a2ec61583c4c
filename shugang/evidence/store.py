"""Tiles in a directory: files that any web server serves as they are; a rebuildable cache of the entries."""

import os
import shutil
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from shugang.evidence.errors import InconsistentLogError
from shugang.evidence.tiles import CHECKPOINT, Level, parse_path, tile_path

_TEMPORARY = ".tmp"


class TileStore:
    """One log's files below `root`. Written by the sequencer alone (it holds the lock), read by anyone.

    `durable=False` leaves flushing to the system, for tests and throw-away copies."""

    def __init__(self, root: Path | str, durable: bool = True) -> None:
        self.root = Path(root)
        self._durable = durable
        self._count = 0

    def fetch(self, path: str) -> bytes | None:
        """Bytes at a path of this format; None when absent or when the path is not of this format."""
        if path != CHECKPOINT and parse_path(path) is None:
            return None
        try:
            return (self.root / path).read_bytes()
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            return None

    def paths(self) -> Iterator[str]:
        """Every file below `tile/`, whether it belongs there or not."""
        for folder, _, names in os.walk(self.root / "tile"):
            for name in names:
                yield (Path(folder) / name).relative_to(self.root).as_posix()

    def write_tiles(self, files: Iterable[tuple[str, bytes]]) -> None:
        """Each file appears whole or not at all, and all are durable on return.

        A tile of one path never changes: InconsistentLogError when it is there with other bytes."""
        news: list[tuple[str, bytes]] = []
        for path, data in files:
            if parse_path(path) is None or not data:
                raise ValueError(f"{path} is no tile, or empty")
            present = self.fetch(path)
            if present is None:
                news.append((path, data))
            elif present != data:
                raise InconsistentLogError(f"{path} already holds other bytes")
        self._write(news)

    def write_checkpoint(self, text: str) -> None:
        """Only after every tile that it needs is durable: readers start here."""
        data = text.encode()
        if self.fetch(CHECKPOINT) != data:
            self._write([(CHECKPOINT, data)])

    def drop_partials(self, level: Level, n: int) -> None:
        """Partial tiles may go once the full one stands (C2SP tlog-tiles, "Partial Tiles")."""
        folder = self.root / (tile_path(level, n) + ".p")
        if folder.exists():  # few have any
            shutil.rmtree(folder, ignore_errors=True)

    def sweep(self) -> None:
        """Remove what a killed writer left half written."""
        shutil.rmtree(self.root / _TEMPORARY, ignore_errors=True)

    def clear(self) -> None:
        """Forget everything, the checkpoint first, so that no reader is promised tiles that are gone."""
        (self.root / CHECKPOINT).unlink(missing_ok=True)
        self._flush({self.root} if self.root.exists() else set())
        if (self.root / "tile").exists():
            shutil.rmtree(self.root / "tile")

    def _write(self, files: Sequence[tuple[str, bytes]]) -> None:
        """All are written aside and flushed, then each takes its place, then the folders are flushed."""
        placed = [(self._aside(data), self.root / path) for path, data in files]
        self._flush(temporary for temporary, _ in placed)
        folders: set[Path] = set()
        for folder in {target.parent for _, target in placed}:
            folders.add(folder)
            if not folder.exists():
                folders |= {p.parent for p in [folder, *folder.parents] if not p.exists()}
                folder.mkdir(parents=True, exist_ok=True)
        for temporary, target in placed:
            self._place(temporary, target)
        self._flush(folders)

    def _place(self, temporary: Path, target: Path) -> None:
        os.replace(temporary, target)

    def _aside(self, data: bytes) -> Path:
        temporary = self.root / _TEMPORARY / f"{os.getpid()}-{self._count}"
        self._count += 1
        try:
            temporary.write_bytes(data)
        except FileNotFoundError:  # the first since the folder was swept
            temporary.parent.mkdir(parents=True, exist_ok=True)
            temporary.write_bytes(data)
        return temporary

    def _flush(self, paths: Iterable[Path]) -> None:
        """Files or folders. Together, for the file system then writes its journal once for many of them."""
        todo = list(paths) if self._durable else []
        if len(todo) < 4:
            for path in todo:
                _sync(path)
            return
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(_sync, todo))


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
