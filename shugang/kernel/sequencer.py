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
from typing import Any, NamedTuple

from django.conf import settings
from django.db import close_old_connections, connection, transaction
from django.db.models import QuerySet

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


class _Taken(NamedTuple):
    """Rows of one table without a number, in id order, and their entries."""

    table: str
    ids: list[int]
    entries: list[bytes]


def _take(model: type[Evidenced], rows: QuerySet[Any]) -> _Taken:
    ids, entries = [], []
    for pk, kind, at, sha256, sm3 in rows.values_list("pk", model.LOG_KIND, model.LOG_TIME, "sha256", "sm3"):
        ids.append(pk)
        entries.append(Entry(kind, at, Commitment(bytes.fromhex(sha256), bytes.fromhex(sm3))).encode())
    return _Taken(model._meta.db_table, ids, entries)


def _pending() -> list[_Taken]:
    """Per table in id order, which is as near to the order of events as tables allow."""
    taken, room = [], BATCH
    for model in _sources:
        rows = model._default_manager.filter(log_index__isnull=True).order_by("pk")
        taken.append(_take(model, rows[:room]))
        room -= len(taken[-1].ids)
    return taken


def append_batch(log: Log) -> int:
    """Number one batch of pending rows and sign for it. Returns how many entries were added."""
    with transaction.atomic():
        taken = _pending()
        count = sum(len(part.ids) for part in taken)
        if not count:
            return 0
        batch = _append(log, taken)
    log.accept(batch)
    return count


def _append(log: Log, taken: list[_Taken]) -> Batch:
    """In the caller's transaction: the rows' entries, their numbers, and the checkpoint over them."""
    log.signers = logkeys.signers(log.origin)
    batch = store(log, [entry for part in taken for entry in part.entries])
    start = batch.start
    for part in taken:
        _number(part, start)
        start += len(part.ids)
    return batch


def store(log: Log, entries: list[bytes]) -> Batch:
    """In the caller's transaction: the entries, and the signed checkpoint over them. Accepted after its commit."""
    batch = log.stage(entries, log.size)
    indices = list(range(batch.start, batch.start + len(entries)))
    _execute(
        'INSERT INTO kernel_logentry ("index", data) VALUES (%s, %s)',
        'INSERT INTO kernel_logentry ("index", data) SELECT * FROM unnest(%s::bigint[], %s::bytea[])',
        indices,
        entries,
    )
    made = batch.checkpoint
    Checkpoint(size=made.size, root=made.root.hex(), text=batch.text, at=clock.real_now()).save(force_insert=True)
    return batch


def _number(part: _Taken, start: int) -> None:
    name = connection.ops.quote_name(part.table)  # a table of ours, never anybody's input
    _execute(
        f"UPDATE {name} SET log_index = %s WHERE id = %s",  # noqa: S608
        f"UPDATE {name} SET log_index = v.i FROM unnest(%s::bigint[], %s::bigint[]) AS v(i, id) WHERE {name}.id = v.id",  # noqa: S608
        list(range(start, start + len(part.ids))),
        part.ids,
    )


def _execute(each: str, all_at_once: str, first: Sequence[Any], second: Sequence[Any]) -> None:
    """One statement over two columns of values: row by row within SQLite, as arrays on PostgreSQL."""
    if not first:
        return
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(all_at_once, [list(first), list(second)])
        else:
            cursor.executemany(each, list(zip(first, second, strict=True)))


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
            batch = _append(log, [_take(Event, Event.objects.filter(pk=event.pk))])
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
