"""The writer's side of the log, for the one process that holds the sequencer lock.

    log = Log(TileStore(folder), signers)
    log.recover(last_checkpoint_in_database, read_entries)     # once, when the lock is taken
    batch = log.stage(entries, start_index=log.size)           # changes nothing
    ... store entries and batch.text in one transaction, commit ...
    log.accept(batch)                                          # only after that commit
    log.publish()                                              # tiles, then the checkpoint; may lag behind

The database is the authority and the folder a cache. A batch whose transaction failed is just dropped."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Literal

from shugang.evidence.checkpoint import Checkpoint, open_checkpoint, sign_checkpoint
from shugang.evidence.errors import EvidenceError, InconsistentLogError
from shugang.evidence.hashing import leaf_hash
from shugang.evidence.note import Signature, Signer, Verifier
from shugang.evidence.proofs import consistency_proof, inclusion_proof, range_root
from shugang.evidence.store import TileStore
from shugang.evidence.tiles import (
    ENTRIES,
    WIDTH,
    Tile,
    Tiles,
    fetch_tile,
    frame,
    node_at,
    tile_path,
    width_at,
)
from shugang.evidence.tree import Tree

EntryReader = Callable[[int, int], Iterable[bytes]]
"""(start, end) → the bytes of entries [start, end) in order, from the database."""
Recovery = Literal["current", "caught_up", "rebuilt"]
_CHUNK = 64 * WIDTH


@dataclass(frozen=True)
class Batch:
    """Entries that are numbered and signed for, but not yet part of the log.

    `text`: the signed checkpoint after them, to be stored in the same transaction as the entries."""

    start: int
    checkpoint: Checkpoint
    text: str
    state: "_State"
    full: list[Tile]
    base: "_State"


@dataclass(frozen=True)
class _State:
    """`tail`: the framed entries of the bundle that is not full yet."""

    tree: Tree
    tail: list[bytes]

    def extend(self, entries: Iterable[bytes]) -> tuple["_State", list[Tile]]:
        """The state after these entries, and what became full. This state stays as it is."""
        tree, tail, full = self.tree.copy(), self.tail.copy(), []
        leaves = []
        for entry in entries:
            tail.append(frame(entry))
            leaves.append(leaf_hash(entry))
            if len(tail) == WIDTH:
                n = (tree.size + len(leaves)) // WIDTH - 1
                full.append(Tile(ENTRIES, n, WIDTH, b"".join(tail)))
                tail = []
        full += tree.append(leaves)
        return _State(tree, tail), full

    def partial(self) -> list[Tile]:
        """What a checkpoint of this size needs besides full tiles."""
        tiles = self.tree.partial_tiles()
        if self.tail:
            tiles.append(Tile(ENTRIES, self.tree.size // WIDTH, len(self.tail), b"".join(self.tail)))
        return tiles


class Log:
    """Appends, signs and publishes. Not thread-safe: its caller holds the sequencer lock."""

    def __init__(self, store: TileStore, signers: Signer | Sequence[Signer], retired: Sequence[Verifier] = ()) -> None:
        """The first signer's name is the log's origin; further signers add lines of their own. `retired`: earlier
        keys of the log, whose checkpoints still bind."""
        self.store = store
        self.signers: Sequence[Signer] = list(signers) if isinstance(signers, Sequence) else [signers]
        self.origin = self.signers[0].name
        self._retired = list(retired)
        self.checkpoint: Checkpoint | None = None
        self._text: str | None = None
        self._beside: list[Signature] = []
        self._state = _State(Tree(), [])
        self._pending: dict[str, Tile] = {}
        self._obsolete: list[Tile] = []

    @property
    def _keys(self) -> list[Verifier]:
        return [self.signers[0].verifier, *self._retired]

    @property
    def size(self) -> int:
        """Entries accepted so far; the index of the next one."""
        return self._state.tree.size

    def stage(self, entries: Sequence[bytes], start_index: int) -> Batch:
        """Number and sign for these entries without taking them. An empty list signs the present size.

        FormatError for an entry that does not fit; InconsistentLogError when start_index is not `size`."""
        if start_index != self.size:
            raise InconsistentLogError(f"next index is {self.size}, not {start_index}")
        state, full = self._state.extend(entries)
        checkpoint = Checkpoint(self.origin, state.tree.size, state.tree.root())
        proof: list[bytes] = []
        if self.checkpoint is not None:
            view = self._view(state.tree, {tile.path: tile for tile in full})
            proof = consistency_proof(self.checkpoint.size, state.tree.size, lambda h, i: node_at(view, h, i))
        text = sign_checkpoint(checkpoint, self.signers, self.checkpoint, proof)
        return Batch(start_index, checkpoint, text, state, full, self._state)

    def accept(self, batch: Batch) -> None:
        """Take a staged batch after its transaction committed. InconsistentLogError: staged on another state."""
        if batch.base is not self._state:
            raise InconsistentLogError("this batch was staged on another state of the log")
        self._state, self.checkpoint, self._text, self._beside = batch.state, batch.checkpoint, batch.text, []
        self._pending.update({tile.path: tile for tile in batch.full})

    def cosigned(self, lines: Sequence[Signature]) -> bool:
        """Take witnesses' lines on the present checkpoint, to be published below our own. Whether they are news."""
        news = list(lines) != self._beside
        self._beside = list(lines)
        return news

    def publish(self) -> None:
        """Write what was accepted, the checkpoint last. After an error it may be called again: nothing is
        lost, and nothing half written is ever read."""
        if self._text is None:
            return
        self._flush(self._state)
        self.store.write_checkpoint(self._text + "".join([signature.line() for signature in self._beside]))
        while self._obsolete:
            tile = self._obsolete.pop()
            self.store.drop_partials(tile.level, tile.n)

    def _flush(self, state: _State | None) -> None:
        partial = state.partial() if state else []
        self.store.write_tiles((tile.path, tile.data) for tile in [*self._pending.values(), *partial])
        self._obsolete += self._pending.values()
        self._pending.clear()

    def inclusion_proof(self, index: int, size: int | None = None) -> list[bytes]:
        """RFC 6962 path of entry `index` in the tree of `size` (default: all). ValueError out of range."""
        size = self._within(size)
        view = self._view(self._state.tree, {})
        return inclusion_proof(index, size, lambda h, i: node_at(view, h, i))

    def consistency_proof(self, old: int, new: int | None = None) -> list[bytes]:
        """RFC 6962 proof that the tree of `old` entries is a prefix of that of `new`."""
        new = self._within(new)
        view = self._view(self._state.tree, {})
        return consistency_proof(old, new, lambda h, i: node_at(view, h, i))

    def root(self, size: int | None = None) -> bytes:
        """Root hash at any size up to the present one."""
        size = self._within(size)
        view = self._view(self._state.tree, {})
        return range_root(0, size, lambda h, i: node_at(view, h, i))

    def _within(self, size: int | None) -> int:
        if size is None:
            return self.size
        if not 0 <= size <= self.size:
            raise ValueError(f"the log has {self.size} entries, not {size}")
        return size

    def _view(self, tree: Tree, fresh: dict[str, Tile]) -> Tiles:
        """Tiles of this tree: its edge, what awaits writing, then the folder."""

        def tiles(level: int, n: int) -> bytes:
            edge = tree.edge_tile(level, n)
            if edge:
                return edge
            path = tile_path(level, n)
            tile = fresh.get(path) or self._pending.get(path)
            return tile.data if tile else self._stored(level, n, tree.size)

        return tiles

    def recover(self, committed: str | None, read_entries: EntryReader) -> Recovery:
        """Bring memory and folder to the last committed checkpoint (its signed text; None: never signed).

        Catches up when the folder lags, rebuilds it when it is lost or damaged. InconsistentLogError, and
        nothing written, when the entries do not give the signed root, or when the folder is ahead of the
        database: then the database lost history, and signing on would fork the log."""
        self.store.sweep()
        published = self._published()
        if committed is None:
            if published is not None:
                raise InconsistentLogError(f"size {published.size} is published, the database has none")
            return "current"
        target = open_checkpoint(committed, self._keys)
        if published is not None and published.size > target.size:
            raise InconsistentLogError(f"size {published.size} is published, the database ends at {target.size}")
        state = self._load(published, read_entries) if published else None
        if state is not None and _leads_to(state.tree, read_entries, [target]):
            try:
                self._replay(state, read_entries, target, committed)
                return "current" if published == target else "caught_up"
            except InconsistentLogError:
                # The entries were just proved to be the signed ones: the file in the way is damaged.
                self._pending.clear()
        self.rebuild(committed, read_entries, published)
        return "rebuilt"

    def succeed(self, predecessor: Verifier | Sequence[Verifier], committed: str, read_entries: EntryReader) -> None:
        """Open a log of a new name over the entries of another one, which signs no more: after a restored backup
        that is behind what was published. `committed`: the predecessor's last checkpoint that the database has.

        The next batch is the first that this log signs; the caller makes its first entry name the predecessor.
        InconsistentLogError when the entries are not those, or when this folder has a checkpoint already."""
        target = open_checkpoint(committed, predecessor)
        if target.origin == self.origin:
            raise InconsistentLogError(f"{self.origin} cannot succeed itself")
        if self.store.fetch("checkpoint") is not None:
            raise InconsistentLogError("the new log's folder is in use")
        if not _leads_to(Tree(), read_entries, [target]):
            raise InconsistentLogError("the entries do not give the root that was signed for them")
        self._take(_State(Tree(), []), read_entries, target.size)
        self.checkpoint = self._text = None

    def rebuild(self, committed: str, read_entries: EntryReader, published: Checkpoint | None = None) -> None:
        """Write the whole folder anew. The entries must first give the committed root and that of `published`:
        any checkpoint that was ever signed binds, even one whose tiles are damaged. InconsistentLogError."""
        target = open_checkpoint(committed, self._keys)
        signed = [target] if published is None else [published, target]
        if not _leads_to(Tree(), read_entries, signed):
            raise InconsistentLogError("the entries do not give the roots that were signed for them")
        self.store.clear()
        self._replay(_State(Tree(), []), read_entries, target, committed)

    def _published(self) -> Checkpoint | None:
        """The folder's checkpoint; None when absent or unreadable, for then the folder proves nothing."""
        data = self.store.fetch("checkpoint")
        try:
            return None if data is None else open_checkpoint(data.decode(), self._keys)
        except (EvidenceError, UnicodeDecodeError):
            return None

    def _load(self, published: Checkpoint, read_entries: EntryReader) -> _State | None:
        """The folder's state, or None when its edge is lost or is not that of the entries. Its root is compared
        by `_leads_to`."""
        try:
            tree = Tree.load(published.size, lambda level, n: self._stored(level, n, published.size))
        except EvidenceError:
            return None
        start = tree.size - tree.size % WIDTH
        tail = list(read_entries(start, tree.size))
        leaves = b"".join([leaf_hash(entry) for entry in tail])
        if leaves != tree.edge_tile(0, tree.size // WIDTH):
            return None
        return _State(tree, [frame(entry) for entry in tail])

    def _stored(self, level: int, n: int, size: int) -> bytes:
        return fetch_tile(self.store.fetch, level, n, width_at(size, level, n))

    def _replay(self, state: _State, read_entries: EntryReader, target: Checkpoint, text: str) -> None:
        self._take(state, read_entries, target.size)
        self.checkpoint, self._text = target, text
        self.publish()

    def _take(self, state: _State, read_entries: EntryReader, size: int) -> None:
        """Go on from `state` to `size`, writing full tiles on the way."""
        self._pending.clear()
        self._obsolete.clear()
        for chunk in _chunks(read_entries(state.tree.size, size)):
            state, full = state.extend(chunk)
            self._pending.update({tile.path: tile for tile in full})
            self._flush(None)
        self._state = state


def _leads_to(tree: Tree, read_entries: EntryReader, targets: Sequence[Checkpoint]) -> bool:
    """Whether the entries after this tree give each of these roots; found before anything is written."""
    trial = tree.copy()
    for target in targets:
        for chunk in _chunks(read_entries(trial.size, target.size)):
            trial.append([leaf_hash(entry) for entry in chunk])
        if (trial.size, trial.root()) != (target.size, target.root):
            return False
    return True


def _chunks(entries: Iterable[bytes]) -> Iterator[list[bytes]]:
    iterator = iter(entries)
    while chunk := list(islice(iterator, _CHUNK)):
        yield chunk
