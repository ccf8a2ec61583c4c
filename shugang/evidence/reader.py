"""The reader's side of the log: a folder or a web address, and the log's public key. Trusts nothing else."""

from collections.abc import Sequence

from shugang.evidence.checkpoint import Checkpoint, open_checkpoint
from shugang.evidence.errors import FormatError, MissingDataError, VerificationError
from shugang.evidence.hashing import leaf_hash
from shugang.evidence.note import Verifier
from shugang.evidence.proofs import consistency_proof, inclusion_proof, verify_consistency, verify_inclusion
from shugang.evidence.receipt import TlogProof
from shugang.evidence.tiles import (
    CHECKPOINT,
    ENTRIES,
    WIDTH,
    Fetch,
    decode_bundle,
    fetch_tile,
    node_at,
    tiles_of,
    width_at,
)


class LogReader:
    """Reads any published log through `fetch` (`TileStore.fetch`, or an HTTP GET below the log's prefix)."""

    def __init__(self, fetch: Fetch, verifier: Verifier | Sequence[Verifier]) -> None:
        self.fetch = fetch
        self.verifier = verifier

    def checkpoint(self) -> tuple[Checkpoint, str]:
        """The present checkpoint, verified, and its text. MissingData-, Format- or VerificationError."""
        data = self.fetch(CHECKPOINT)
        if data is None:
            raise MissingDataError("no checkpoint")
        try:
            text = data.decode()
        except UnicodeDecodeError as error:
            raise FormatError("the checkpoint is not UTF-8") from error
        return open_checkpoint(text, self.verifier), text

    def entry(self, index: int, size: int) -> bytes:
        """Bytes of entry `index` as the tree of `size` has it; not proved. MissingDataError: not in it (yet)."""
        if not 0 <= index < size:
            raise MissingDataError(f"no entry {index} in a published log of {size}")
        n, offset = divmod(index, WIDTH)
        width = width_at(size, ENTRIES, n)
        return decode_bundle(fetch_tile(self.fetch, ENTRIES, n, width), width)[offset]

    def proof(self, index: int, under: str | None = None) -> tuple[bytes, TlogProof]:
        """Entry `index` and its proof under the present checkpoint, or under one that was published earlier; verified
        before it is handed out."""
        checkpoint, text = (open_checkpoint(under, self.verifier), under) if under else self.checkpoint()
        entry = self.entry(index, checkpoint.size)
        tiles = tiles_of(self.fetch, checkpoint.size)
        hashes = inclusion_proof(index, checkpoint.size, lambda h, i: node_at(tiles, h, i))
        verify_inclusion(leaf_hash(entry), index, checkpoint.size, hashes, checkpoint.root)
        return entry, TlogProof(index, tuple(hashes), text)

    def consistency(self, old: int, new: int) -> list[bytes]:
        """That the tree of `old` entries is a prefix of that of `new`, both published; not verified."""
        tiles = tiles_of(self.fetch, new)
        return consistency_proof(old, new, lambda h, i: node_at(tiles, h, i))

    def check_extends(self, earlier: str) -> Checkpoint:
        """The present checkpoint, proved to continue one that the caller kept. VerificationError: a fork."""
        old = open_checkpoint(earlier, self.verifier)
        new, _ = self.checkpoint()
        if old.size > new.size:
            raise VerificationError(f"the log went back from {old.size} to {new.size} entries")
        verify_consistency(old.size, new.size, self.consistency(old.size, new.size), old.root, new.root)
        return new
