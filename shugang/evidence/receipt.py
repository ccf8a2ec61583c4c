"""Receipts: one entry's proof as text (`c2sp.org/tlog-proof@v1`), and as JSON with the event it commits to."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shugang.evidence.checkpoint import Checkpoint, open_checkpoint
from shugang.evidence.encoding import from_base64, from_decimal, to_base64
from shugang.evidence.entry import Entry, decode
from shugang.evidence.errors import FormatError, VerificationError
from shugang.evidence.hashing import HASH_SIZE, SALT_SIZE, commitment, leaf_hash
from shugang.evidence.note import parse_vkey
from shugang.evidence.proofs import verify_inclusion

HEADER = "c2sp.org/tlog-proof@v1"
FORMAT = "shugang-receipt@v1"
_FIELDS = {"format", "payload", "salt", "entry", "proof", "vkey"}
_MAX_PATH = 63


@dataclass(frozen=True)
class TlogProof:
    """`hashes`: inclusion path from the leaf's sibling up; `checkpoint`: the signed note, verbatim;
    `extra`: opaque and unauthenticated, None when absent."""

    index: int
    hashes: tuple[bytes, ...]
    checkpoint: str
    extra: bytes | None = None

    def text(self) -> str:
        extra = [] if self.extra is None else [f"extra {to_base64(self.extra)}"]
        lines = [HEADER, *extra, f"index {self.index}", *map(to_base64, self.hashes), "", self.checkpoint]
        return "\n".join(lines)


def parse_proof(text: str) -> TlogProof:
    """Strict; FormatError. Nothing is verified here."""
    head, blank, checkpoint = text.partition("\n\n")
    lines = head.split("\n")
    if not blank or lines.pop(0) != HEADER:
        raise FormatError(f"a proof begins with {HEADER}")
    extra = from_base64(lines.pop(0)[6:]) if lines and lines[0].startswith("extra ") else None
    if not lines or not lines[0].startswith("index "):
        raise FormatError("the proof has no index line")
    if len(lines) > _MAX_PATH + 1:
        raise FormatError("the proof has more hashes than any log needs")
    hashes = tuple(from_base64(line, HASH_SIZE) for line in lines[1:])
    return TlogProof(from_decimal(lines[0][6:]), hashes, checkpoint, extra)


@dataclass(frozen=True)
class Verified:
    """What a receipt proves: `entry` stands at `index` of the log whose `checkpoint` was signed.

    `payload` is None when the receipt shows only the commitment, for its content was withheld or deleted."""

    index: int
    entry: Entry
    checkpoint: Checkpoint
    payload: dict[str, Any] | None


def make_receipt(
    entry: bytes,
    proof: TlogProof,
    vkey: str,
    payload: Mapping[str, Any] | None = None,
    salt: bytes | None = None,
) -> dict[str, Any]:
    """The JSON receipt, verified before it is handed out. `salt` goes with `payload`: both or neither."""
    receipt = {
        "format": FORMAT,
        "payload": None if payload is None else dict(payload),
        "salt": None if salt is None else to_base64(salt),
        "entry": entry.decode(),
        "proof": proof.text(),
        "vkey": vkey,
    }
    # Through JSON, so that what is handed out is what was verified.
    verify_receipt(json.dumps(receipt), vkey)
    return receipt


def verify_receipt(receipt: Mapping[str, Any] | str | bytes, vkey: str) -> Verified:
    """Check one receipt offline. `vkey` must come from where the log publishes it, never from the receipt.

    FormatError: not a receipt. VerificationError: another log, a broken signature, proof or commitment."""
    body = load_receipt(receipt)
    if body["vkey"] != vkey:
        raise VerificationError("the receipt names another log key")
    data = body["entry"].encode()
    entry, proof = decode(data), parse_proof(body["proof"])
    checkpoint = open_checkpoint(proof.checkpoint, parse_vkey(vkey))
    verify_inclusion(leaf_hash(data), proof.index, checkpoint.size, proof.hashes, checkpoint.root)
    if body["payload"] is not None:
        salt = from_base64(body["salt"], SALT_SIZE)
        if commitment(body["payload"], salt) != entry.commitment:
            raise VerificationError("the payload is not the one that was recorded")
    return Verified(proof.index, entry, checkpoint, body["payload"])


def load_receipt(receipt: Mapping[str, Any] | str | bytes) -> dict[str, Any]:
    """The six fields, with their types checked. FormatError, also for a JSON key that stands twice."""
    try:
        body = receipt if isinstance(receipt, Mapping) else json.loads(receipt, object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        raise FormatError(f"receipt does not parse: {error}") from error
    if not isinstance(body, Mapping) or set(body) != _FIELDS or body["format"] != FORMAT:
        raise FormatError(f"not a {FORMAT}")
    if not all(_is_text(body[key]) for key in ("entry", "proof", "vkey")):
        raise FormatError("entry, proof and vkey are text")
    shown = isinstance(body["payload"], Mapping) and isinstance(body["salt"], str)
    if not shown and not (body["payload"] is None and body["salt"] is None):
        raise FormatError("payload and salt come together")
    return dict(body)


def _is_text(value: object) -> bool:
    # JSON can spell lone surrogates, which no encoding can hash.
    return isinstance(value, str) and not any("\ud800" <= char <= "\udfff" for char in value)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    # Two readers may take different ones of two equal keys: one receipt must not show two contents.
    if len({key for key, _ in pairs}) != len(pairs):
        raise ValueError("a key stands twice")
    return dict(pairs)
