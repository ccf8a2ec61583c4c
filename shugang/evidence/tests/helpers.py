"""Logs of any size for the tests of this package."""

import hashlib
from datetime import UTC, datetime
from pathlib import Path

from shugang.evidence.entry import Entry
from shugang.evidence.hashing import commitment
from shugang.evidence.log import Log
from shugang.evidence.note import Ed25519Signer
from shugang.evidence.store import TileStore

ORIGIN = "log.example.cn/evidence"
SIGNER = Ed25519Signer(ORIGIN, b"\x07" * 32)
VKEY = SIGNER.verifier.vkey
RECEIPT_INDEX = 300
AT = datetime(2026, 3, 1, 2, 3, 4, 567890, tzinfo=UTC)


def payload_of(index: int) -> dict[str, object]:
    return {"编号": f"示例-{index}", "count": index, "rate": 0.25, "tags": ["公开", None, True]}


def salt_of(index: int) -> bytes:
    return hashlib.sha256(b"salt %d" % index).digest()


def real_entry(index: int) -> bytes:
    return Entry("registration.accepted", AT, commitment(payload_of(index), salt_of(index))).encode()


def plain(count: int, start: int = 0) -> list[bytes]:
    return [b'{"n":%d}' % index for index in range(start, start + count)]


class Database:
    """What the kernel keeps: the entries and the last committed checkpoint."""

    def __init__(self) -> None:
        self.entries: list[bytes] = []
        self.text: str | None = None

    def read(self, start: int, end: int) -> list[bytes]:
        return self.entries[start:end]

    def commit(self, log: Log, entries: list[bytes]) -> None:
        batch = log.stage(entries, log.size)
        self.entries += entries
        self.text = batch.text
        log.accept(batch)


def open_log(folder: Path) -> Log:
    return Log(TileStore(folder, durable=False), SIGNER)


def published(folder: Path, entries: list[bytes], step: int = 0) -> tuple[Log, Database]:
    """A log in `folder` that holds these entries, published every `step` (0: once)."""
    log, database = open_log(folder), Database()
    for start in range(0, len(entries), step or max(1, len(entries))):
        database.commit(log, entries[start : start + (step or len(entries))])
        log.publish()
    return log, database


def files(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}
