"""Audit of a whole published log from its public key: every entry re-hashed, every tile and root compared.

Works over a folder (`TileStore`: left-over partial tiles are checked too) or any `fetch`, as over HTTP."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from shugang.evidence.checkpoint import Checkpoint, open_checkpoint
from shugang.evidence.errors import EvidenceError, FormatError
from shugang.evidence.hashing import HASH_SIZE, leaf_hash
from shugang.evidence.note import Verifier, open_note, parse_vkey
from shugang.evidence.reader import LogReader
from shugang.evidence.store import TileStore
from shugang.evidence.tiles import (
    CHECKPOINT,
    ENTRIES,
    WIDTH,
    Fetch,
    Level,
    Tile,
    decode_bundle,
    encode_bundle,
    fetch_tile,
    parse_path,
    width_at,
)
from shugang.evidence.tree import Tree

MAX_PROBLEMS = 100
EntryCheck = Callable[[int, bytes], str | None]
"""(index, entry) → what is wrong with it, or None: lets the caller compare with its own records."""


class Problem(NamedTuple):
    """`code`: stable, for machines and translations: checkpoint, signature, known_checkpoint, fork, rollback, bundle,
    entry, tile, root, file. `path`: the file; `detail`: a plain sentence for operators."""

    code: str
    path: str
    detail: str


@dataclass
class AuditReport:
    """`ok` only when the whole log was read and nothing was wrong. Keep `checkpoint_text` as `known` next time."""

    checkpoint: Checkpoint | None = None
    checkpoint_text: str = ""
    entries: int = 0
    tiles: int = 0
    problems: list[Problem] = field(default_factory=list)
    truncated: bool = False

    @property
    def ok(self) -> bool:
        complete = self.checkpoint is not None and self.entries == self.checkpoint.size
        return complete and not self.problems

    def add(self, code: str, path: str, detail: str) -> None:
        if len(self.problems) < MAX_PROBLEMS:
            self.problems.append(Problem(code, path, detail))
        else:
            self.truncated = True


def audit_log(
    source: TileStore | Fetch,
    vkey: str,
    known: Sequence[str] = (),
    check_entry: EntryCheck | None = None,
    also: Sequence[Verifier] = (),
    former: Sequence[Verifier] = (),
) -> AuditReport:
    """`known`: texts of earlier checkpoints that the auditor kept; a log that does not continue one is forked.
    `also`: keys that must have signed the checkpoint besides: the log's SM2 key, witnesses. `former`: earlier keys
    of the log, which `known` may carry.

    Never raises for a bad log: what is wrong is in the report. FormatError for a bad vkey."""
    verifier = parse_vkey(vkey)
    fetch = source.fetch if isinstance(source, TileStore) else source
    report = AuditReport()
    try:
        report.checkpoint, report.checkpoint_text = LogReader(fetch, verifier).checkpoint()
    except EvidenceError as error:
        report.add("checkpoint", CHECKPOINT, str(error))
        return report
    for key in also:
        _check_signed(report, key)
    earlier = []
    for text in known:
        try:
            earlier.append(open_checkpoint(text, [verifier, *former]))
        except EvidenceError as error:
            report.add("known_checkpoint", CHECKPOINT, f"the checkpoint you hold is not valid: {error}")
    extras = _partials(source, report) if isinstance(source, TileStore) else {}
    _Audit(fetch, report.checkpoint, report, extras, earlier, check_entry).run()
    return report


def _check_signed(report: AuditReport, key: Verifier) -> None:
    try:
        open_note(report.checkpoint_text, [key])
    except EvidenceError:
        report.add("signature", CHECKPOINT, f"{key.name} did not sign it")


def _partials(store: TileStore, report: AuditReport) -> dict[tuple[Level, int], list[tuple[str, int]]]:
    """All partial tiles that lie in the folder, wanted or not: (level, n) → [(path, width)]."""
    found: dict[tuple[Level, int], list[tuple[str, int]]] = defaultdict(list)
    for path in store.paths():
        tile = parse_path(path)
        if tile is None:
            report.add("file", path, "this file does not belong to a log")
        elif tile[2] < WIDTH:
            found[tile[0], tile[1]].append((path, tile[2]))
    return found


@dataclass
class _Audit:
    fetch: Fetch
    checkpoint: Checkpoint
    report: AuditReport
    extras: dict[tuple[Level, int], list[tuple[str, int]]]
    known: list[Checkpoint]
    check_entry: EntryCheck | None
    tree: Tree = field(default_factory=Tree)

    def run(self) -> None:
        size = self.checkpoint.size
        self._compare_known()
        for n in range(-(-size // WIDTH)):
            leaves = self._leaves(n, width_at(size, ENTRIES, n))
            if leaves is None:
                return
            for tile in self._append(leaves):
                self._check_tile(tile)
        for tile in self.tree.partial_tiles():
            self._check_tile(tile)
        if self.tree.root() != self.checkpoint.root:
            self.report.add("root", CHECKPOINT, "the entries do not give the root that was signed")

    def _leaves(self, n: int, width: int) -> list[bytes] | None:
        """Leaf hashes from the bundle; from the tile where the bundle is unreadable; None where both are."""
        wanted = Tile(ENTRIES, n, width, b"")
        try:
            entries = decode_bundle(fetch_tile(self.fetch, ENTRIES, n, width), width)
        except EvidenceError as error:
            self.report.add("bundle", wanted.path, str(error))
            return self._tile_hashes(n, width)
        self._check_extras(ENTRIES, n, lambda count: encode_bundle(entries[:count]))
        self.report.entries += width
        leaves = [leaf_hash(entry) for entry in entries]
        stored = self._tile_hashes(n, width) or leaves
        for offset, entry in enumerate(entries):
            index = n * WIDTH + offset
            if leaves[offset] != stored[offset]:
                self.report.add("entry", wanted.path, f"entry {index} does not match its tile")
            fault = self.check_entry(index, entry) if self.check_entry else None
            if fault:
                self.report.add("entry", wanted.path, f"entry {index}: {fault}")
        return leaves

    def _tile_hashes(self, n: int, width: int) -> list[bytes] | None:
        try:
            row = fetch_tile(self.fetch, 0, n, width)
        except EvidenceError:
            return None  # `_check_tile` reports it, or `ok` stays false because entries are missing
        return [row[i : i + HASH_SIZE] for i in range(0, len(row), HASH_SIZE)]

    def _append(self, leaves: list[bytes]) -> list[Tile]:
        """Stops at the size of each known checkpoint to compare roots."""
        full: list[Tile] = []
        end = self.tree.size + len(leaves)
        while self.known and self.known[0].size <= end:
            earlier = self.known.pop(0)
            count = earlier.size - self.tree.size
            full += self.tree.append(leaves[:count])
            leaves = leaves[count:]
            self._compare(earlier)
        return full + self.tree.append(leaves)

    def _compare_known(self) -> None:
        self.known.sort(key=lambda checkpoint: checkpoint.size)
        while self.known and self.known[-1].size > self.checkpoint.size:
            detail = f"the log went back from {self.known.pop().size} to {self.checkpoint.size} entries"
            self.report.add("rollback", CHECKPOINT, detail)
        while self.known and self.known[0].size == 0:
            self._compare(self.known.pop(0))

    def _compare(self, earlier: Checkpoint) -> None:
        if earlier.root != self.tree.root():
            detail = f"the log does not continue the checkpoint of size {earlier.size} that you hold"
            self.report.add("fork", CHECKPOINT, detail)

    def _check_tile(self, tile: Tile) -> None:
        self.report.tiles += 1
        try:
            stored = fetch_tile(self.fetch, tile.level, tile.n, tile.width)
            if stored != tile.data:
                raise FormatError("this tile is not the one that the entries give")
        except EvidenceError as error:
            self.report.add("tile", tile.path, str(error))
        self._check_extras(tile.level, tile.n, lambda count: tile.data[: count * HASH_SIZE])

    def _check_extras(self, level: Level, n: int, first: Callable[[int], bytes]) -> None:
        """Other widths of one tile must begin alike. A width beyond the checkpoint is a batch being published."""
        for path, count in self.extras.pop((level, n), ()):
            data, expected = self.fetch(path) or b"", first(count)
            short = level != ENTRIES and len(data) != count * HASH_SIZE
            narrow = count <= width_at(self.checkpoint.size, level, n)
            if short or (data != expected if narrow else not data.startswith(expected)):
                self.report.add("tile", path, "this partial tile is not the one that the entries give")
