"""Checkpoints: the signed size and root of the log (C2SP tlog-checkpoint 1.0.0).

In this house the key name equals the origin, so one vkey says which log and which key."""

from collections.abc import Sequence
from dataclasses import dataclass

from shugang.evidence.encoding import from_base64, from_decimal, to_base64
from shugang.evidence.errors import FormatError, InconsistentLogError, VerificationError
from shugang.evidence.hashing import HASH_SIZE
from shugang.evidence.note import Signer, Verifier, open_note, sign_note
from shugang.evidence.proofs import verify_consistency


@dataclass(frozen=True)
class Checkpoint:
    """`origin`: the log's name; `size`: entries; `root`: 32 bytes; `extensions`: opaque lines, not used here."""

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    def text(self) -> str:
        """The note text that is signed. FormatError for an origin or extension that would not read back."""
        text = "\n".join([self.origin, str(self.size), to_base64(self.root), *self.extensions]) + "\n"
        if parse_checkpoint(text) != self:
            raise FormatError("this checkpoint cannot be written")
        return text


def parse_checkpoint(text: str) -> Checkpoint:
    """From the text of an *opened* note. FormatError."""
    lines = text.split("\n")
    if lines.pop() or len(lines) < 3 or not all(lines):
        raise FormatError("a checkpoint is origin, size and root, a line each")
    return Checkpoint(lines[0], from_decimal(lines[1]), from_base64(lines[2], HASH_SIZE), tuple(lines[3:]))


def open_checkpoint(note: str, verifier: Verifier | Sequence[Verifier]) -> Checkpoint:
    """The checkpoint of the log that `verifier` names; several are the keys that the log has had, and one must have
    signed. VerificationError: another log's, not signed, or a line of a known key that does not hold."""
    verifiers = list(verifier) if isinstance(verifier, Sequence) else [verifier]
    text, good = open_note(note, verifiers)
    checkpoint = parse_checkpoint(text)
    if any(line.name != checkpoint.origin for line in good):
        raise VerificationError(f"this is a checkpoint of {checkpoint.origin}, not of {good[0].name}")
    return checkpoint


def sign_checkpoint(
    checkpoint: Checkpoint, signers: Sequence[Signer], previous: Checkpoint | None, proof: Sequence[bytes]
) -> str:
    """The signed note. `previous`: the last checkpoint ever signed, None only for a log that never signed;
    `proof`: consistency from it to this one. InconsistentLogError rather than a second history."""
    if not signers or signers[0].name != checkpoint.origin:
        raise FormatError("the first signer of a checkpoint carries its origin as name")
    if previous is not None:
        check_follows(checkpoint, previous, proof)
    return sign_note(checkpoint.text(), signers)


def check_follows(checkpoint: Checkpoint, previous: Checkpoint, proof: Sequence[bytes]) -> None:
    """InconsistentLogError unless the log of `previous` is a prefix of the log of `checkpoint`."""
    if checkpoint.origin != previous.origin:
        raise InconsistentLogError(f"{checkpoint.origin} does not continue {previous.origin}")
    try:
        verify_consistency(previous.size, checkpoint.size, proof, previous.root, checkpoint.root)
    except VerificationError as error:
        raise InconsistentLogError(f"size {checkpoint.size} does not continue size {previous.size}: {error}") from error
