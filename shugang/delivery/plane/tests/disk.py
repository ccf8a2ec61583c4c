"""A disk that loses power: SQLite's writes are recorded once, then any number of crashes are replayed from them.

A write that was not synced may be kept, lost, or torn at a sector; what was synced stands. `kill -9` proves nothing of
this kind, since the operating system keeps a killed program's writes. Source of the method: SQLite, "Atomic Commit In
SQLite", §9 (what a disk may do), and its own crash tests; the recorder is an `apsw` VFS.
"""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import apsw

SECTOR = 512
# (operation, file, offset or size, data)
Operation = tuple[str, str, int, bytes]


class Recorder(apsw.VFS):
    """Passes everything on to the real file system and keeps what was done in `operations`."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.operations: list[Operation] = []
        super().__init__(name, "")

    def xOpen(self, name: Any, flags: list[int]) -> Any:
        return _File(self, name, flags)

    def xDelete(self, name: str, sync: bool) -> None:
        self.operations.append(("delete", Path(name).name, 0, b""))
        super().xDelete(name, sync)


class _File(apsw.VFSFile):
    def __init__(self, disk: Recorder, name: Any, flags: list[int]) -> None:
        path = name if isinstance(name, str) else name.filename()
        self._disk, self._name = disk, Path(path).name
        super().__init__("", name, flags)

    def xWrite(self, data: bytes, offset: int) -> None:
        self._disk.operations.append(("write", self._name, offset, bytes(data)))
        super().xWrite(data, offset)

    def xTruncate(self, size: int) -> None:
        self._disk.operations.append(("truncate", self._name, size, b""))
        super().xTruncate(size)

    def xSync(self, flags: int) -> None:
        self._disk.operations.append(("sync", self._name, 0, b""))
        super().xSync(flags)


class Connection:
    """What the journal asks of `sqlite3.Connection`, over the recording disk.

    Exclusive, since a VFS written in Python has no shared memory; the write-ahead log on disk is the same.
    """

    def __init__(self, path: str, vfs: str, synchronous: str = "FULL") -> None:
        self._con = apsw.Connection(path, vfs=vfs)
        self.execute("PRAGMA locking_mode=EXCLUSIVE")
        self.execute("PRAGMA journal_mode=WAL").fetchall()
        self.execute(f"PRAGMA synchronous={synchronous}")
        self.execute("PRAGMA wal_autocheckpoint=0").fetchall()

    def execute(self, sql: str, values: Any = ()) -> Any:
        return self._con.execute(sql, tuple(values))

    def executemany(self, sql: str, rows: Any) -> Any:
        return self._con.executemany(sql, [tuple(row) for row in rows])

    def executescript(self, sql: str) -> None:
        self._con.execute(sql)

    def close(self) -> None:
        self._con.close()


class Disk:
    """The files as they may be found after a crash, advanced operation by operation."""

    def __init__(self) -> None:
        self._synced: dict[str, bytearray] = {}
        self._pending: dict[str, list[Operation]] = {}

    def apply(self, operation: Operation) -> None:
        kind, name = operation[0], operation[1]
        if kind == "sync":
            content = self._synced.setdefault(name, bytearray())
            for pending in self._pending.pop(name, []):
                _do(content, pending)
        elif kind == "delete":
            self._synced.pop(name, None)
            self._pending.pop(name, None)
        else:
            self._pending.setdefault(name, []).append(operation)

    def crash(self, chance: random.Random) -> dict[str, bytes]:
        """One way in which the power may fail now."""
        keep = chance.choice((0.0, 0.1, 0.5, 0.9, 1.0))
        found = {}
        for name in {*self._synced, *self._pending}:
            content = bytearray(self._synced.get(name, b""))
            for operation in self._pending.get(name, []):
                if chance.random() < keep:
                    _do(content, _torn(operation, chance) if chance.random() < 0.2 else operation)
            found[name] = bytes(content)
        return found


def _torn(operation: Operation, chance: random.Random) -> Operation:
    """Some sectors of a write, from its front or from its end."""
    kind, name, offset, data = operation
    sectors = len(data) // SECTOR
    if kind != "write" or sectors < 2:
        return operation
    cut = SECTOR * chance.randrange(1, sectors)
    return (kind, name, offset, data[:cut]) if chance.random() < 0.5 else (kind, name, offset + cut, data[cut:])


def _do(content: bytearray, operation: Operation) -> None:
    kind, _, place, data = operation
    if kind == "truncate":
        del content[place:]
        return
    if len(content) < place:
        content.extend(bytes(place - len(content)))
    content[place : place + len(data)] = data
