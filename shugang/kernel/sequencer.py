"""Numbers events and uses, signs checkpoints, writes tiles. Alone: it holds a lock over the whole log.

The database is the authority: entries and the signed checkpoint are stored in one transaction, then the
files are written, the checkpoint last. Rows are taken where `log_index` is null, never by "id > last":
a transaction that commits late would be skipped (reference: outbox tailing on a serial loses rows).
"""

from __future__ import annotations

import fcntl
import logging
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import close_old_connections, connection, transaction

from shugang.evidence.checkpoint import open_checkpoint
from shugang.evidence.entry import Entry
from shugang.evidence.errors import InconsistentLogError, MissingDataError
from shugang.evidence.hashing import Commitment, commitment
from shugang.evidence.log import Batch, Log
from shugang.evidence.note import NoteSigner
from shugang.evidence.reader import LogReader
from shugang.evidence.receipt import make_receipt
from shugang.evidence.store import TileStore

from . import clock, logkeys, origins, witnessing
from .actors import SYSTEM
from .events import emit
from .models import Checkpoint, Event, Evidenced, LogEntry, Witness

BATCH = 1000
_ADVISORY_LOCK = 0x5348_5547_0001
_sources: list[type[Evidenced]] = [Event]
_log = logging.getLogger("shugang.sequencer")


def sequenced(model: type[Evidenced]) -> type[Evidenced]:
    """Register a wing's evidenced table (usage records, say) with the sequencer; usable as a class decorator."""
    if model not in _sources:
        _sources.append(model)
    return model


def folder() -> Path:
    return origins.folder(origins.current().epoch)


def origin() -> str:
    return origins.current().name


def signer() -> NoteSigner:
    return logkeys.signers(origin())[0]


@contextmanager
def leadership() -> Iterator[bool]:
    """Whether this process alone may number entries; held until the block ends."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_lock(%s)", [_ADVISORY_LOCK])
            held = bool(cursor.fetchone()[0])
            try:
                yield held
            finally:
                if held:
                    cursor.execute("SELECT pg_advisory_unlock(%s)", [_ADVISORY_LOCK])
        return
    path = Path(settings.VAR_DIR) / "sequencer.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True


def _read_entries(start: int, end: int) -> Iterable[bytes]:
    rows = LogEntry.objects.filter(index__gte=start, index__lt=end).order_by("index")
    return (bytes(data) for data in rows.values_list("data", flat=True).iterator(chunk_size=2000))


def open_log() -> Log:
    """The log, recovered to the last committed checkpoint. Only the leader may call this."""
    log = Log(TileStore(folder()), logkeys.signers(origin()), logkeys.verifiers(origin()))
    last = Checkpoint.objects.order_by("-size").first()
    how = log.recover(last.text if last else None, _read_entries)
    if how != "current":
        _log.warning("the tile folder was %s from the database", how)
    return log


def _pending() -> list[Evidenced]:
    """Rows without a number: per table in id order, which is as near to the order of events as tables allow."""
    rows: list[Evidenced] = []
    for model in _sources:
        rows.extend(model._default_manager.filter(log_index__isnull=True).order_by("pk")[: BATCH - len(rows)])
    return rows


def _entry(row: Evidenced) -> bytes:
    digests = Commitment(bytes.fromhex(row.sha256), bytes.fromhex(row.sm3))
    return Entry(row.log_kind(), row.log_time(), digests).encode()


def append_batch(log: Log) -> int:
    """Number one batch of pending rows and sign for it. Returns how many entries were added."""
    with transaction.atomic():
        rows = _pending()
        if not rows:
            return 0
        batch = _number(log, rows)
    log.accept(batch)
    return len(rows)


def _number(log: Log, rows: Sequence[Evidenced]) -> Batch:
    """In the caller's transaction: the rows' entries, their numbers, and the checkpoint over them."""
    entries = [_entry(row) for row in rows]
    log.signers = logkeys.signers(log.origin)
    batch = log.stage(entries, log.size)
    LogEntry.objects.bulk_create(LogEntry(index=log.size + i, data=data) for i, data in enumerate(entries))
    for index, row in enumerate(rows, start=log.size):
        row.log_index = index
    for model in _sources:
        mine = [row for row in rows if type(row) is model]
        model._default_manager.bulk_update(mine, ["log_index"], batch_size=200)
    Checkpoint.objects.create(
        size=batch.checkpoint.size, root=batch.checkpoint.root.hex(), text=batch.text, at=clock.real_now()
    )
    return batch


def continue_under_a_new_name(known: str) -> str:
    """After a restore that is behind `known`, a checkpoint that this log published: open a log of a new name over the
    entries that are here, and make its first own entry name the old one. Returns the new name.

    Raises shugang.evidence.errors.EvidenceError: `known` is not this log's, or not ahead; then nothing was changed.
    """
    last, before = current_checkpoint(), origins.current()
    old = logkeys.verifiers(before.name)
    seen = open_checkpoint(known, old)
    size, root = (last.size, last.root) if last else (0, "")
    if seen.size <= size:
        raise InconsistentLogError(f"size {seen.size} is not ahead of the {size} entries that are here")
    name = origins.next_name(before)
    log = Log(TileStore(origins.folder(before.epoch + 1)), logkeys.signers(name))
    with leadership() as held:
        if not held:
            raise InconsistentLogError("a sequencer is running; stop it first")
        if last:
            log.succeed(old, last.text, _read_entries)
        with transaction.atomic():
            former = {
                "origin": before.name, "vkey": old[0].vkey, "checkpoint": known, "known_size": seen.size,
                "restored_size": size, "restored_root": root,
            }  # fmt: skip
            event = emit(
                origins.CONTINUED,
                SYSTEM,
                [("log", name)],
                {"origin": name, "epoch": before.epoch + 1, "former": former},
            )
            Witness.objects.update(size=0)  # of the new name they have seen nothing
            batch = _number(log, [event])
        log.accept(batch)
        log.publish()
    return name


def drain(log: Log) -> int:
    """Append until nothing is pending, then publish. Returns how many entries were added."""
    total = 0
    while added := append_batch(log):
        total += added
    beside = witnessing.cosignatures(log.checkpoint.size) if log.checkpoint else []
    if log.cosigned(beside) or total:
        log.publish()
    return total


def run_once() -> int:
    """One leader's pass, for commands and tests. Returns how many entries were added; 0 when another leads."""
    with leadership() as held:
        return drain(open_log()) if held else 0


def run_forever(stopped: Callable[[], bool], pause: float = 0.2) -> None:
    """The sequencer process. After a database or disk error it stops the log and recovers, never retries blindly."""
    while not stopped():
        close_old_connections()
        with leadership() as held:
            if not held:
                time.sleep(2)
                continue
            log = open_log()
            while not stopped():
                if not drain(log):
                    time.sleep(pause)


def current_checkpoint() -> Checkpoint | None:
    return Checkpoint.objects.order_by("-size").first()


def vkey() -> str:
    """The log's public key as outsiders give it to their verifiers (C2SP signed-note vkey)."""
    return signer().verifier.vkey


def status() -> dict[str, Any]:
    """Size, age and backlog of the log, for the log page, /metrics and `shugang doctor`."""
    last = current_checkpoint()
    backlog = sum(model._default_manager.filter(log_index__isnull=True).count() for model in _sources)
    return {
        "size": last.size if last else 0,
        "root": last.root if last else "",
        "at": last.at if last else None,
        "backlog": backlog,
    }


def reader() -> LogReader:
    return LogReader(TileStore(folder()).fetch, logkeys.verifiers(origin()))


def proof_state(row: Evidenced | None) -> str:
    """`pending` (待锚定), `logged` (已锚定: a checkpoint covers the row) or `witnessed` (已见证: enough witnesses cosigned
    one that does)."""
    return state_at(row.log_index if row else None)


def state_at(index: int | None) -> str:
    """The same for a place in the log."""
    if index is None:
        return "pending"
    if (seen := witnessing.witnessed()) and seen.size > index:
        return "witnessed"
    last = current_checkpoint()
    return "logged" if last and last.size > index else "pending"


def receipt_for(row: Evidenced, show_content: bool = True) -> dict[str, Any] | None:
    """The JSON receipt of an evidenced row (shugang.evidence.receipt); None while it is pending. Under the newest
    witnessed checkpoint where that covers the row, so that the receipt carries the witnesses' lines.

    Raises shugang.evidence.errors.VerificationError when the stored content is no longer what was recorded:
    the evidence record wins over the table.
    """
    state = proof_state(row)
    if state == "pending" or row.log_index is None:
        return None
    under = witnessing.witnessed_text() if state == "witnessed" else None
    try:
        entry, proof = reader().proof(row.log_index, under)
    except MissingDataError:
        return None  # numbered, but the files of its checkpoint are not published yet
    key = logkeys.opens(proof.checkpoint, logkeys.verifiers(origin())).vkey
    if not show_content:
        return make_receipt(entry, proof, key)
    return make_receipt(entry, proof, key, row.commitment_payload(), bytes(row.salt))


def content_matches(row: Evidenced) -> bool:
    """Whether the row's present content still opens its commitment (核验不符 otherwise)."""
    found = commitment(row.commitment_payload(), bytes(row.salt))
    return (found.sha256.hex(), found.sm3.hex()) == (row.sha256, row.sm3)
