"""Witnessing another log: one request, one decision, to be persisted before it is told.

Source: C2SP tlog-witness 1.0.0, `add-checkpoint`. A witness cosigns a checkpoint only if it continues the last one that
it cosigned of that log. It thereby holds that everybody who trusts it sees one history. The caller keeps what was seen:
it locks the log's row, calls `add_checkpoint`, stores `Answer.seen` and only then replies, all in one transaction.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from shugang.evidence.checkpoint import Checkpoint, parse_checkpoint
from shugang.evidence.cosignature import WitnessSigner
from shugang.evidence.encoding import from_base64, from_decimal, to_base64
from shugang.evidence.errors import EvidenceError, FormatError, VerificationError
from shugang.evidence.hashing import EMPTY_ROOT, HASH_SIZE
from shugang.evidence.note import Verifier, open_note, parse_note
from shugang.evidence.proofs import verify_consistency

MAX_PROOF_LINES = 63
MAX_REQUEST_BYTES = 64 * 1024
SIZE_TYPE = "text/x.tlog.size"
TEXT_TYPE = "text/plain; charset=utf-8"


class Request(NamedTuple):
    """`note` is the checkpoint as sent, `text` what its signatures cover."""

    old: int
    proof: list[bytes]
    note: str
    text: str
    checkpoint: Checkpoint


class Seen(NamedTuple):
    """The last checkpoint cosigned of a log; size 0 before the first."""

    size: int
    root: bytes


@dataclass(frozen=True)
class Answer:
    """What to reply; `seen` is what to store first, None where nothing changed."""

    status: int
    body: str
    content_type: str = TEXT_TYPE
    seen: Seen | None = None
    checkpoint: str = ""


Lookup = Callable[[str], tuple[Verifier, Seen] | None]
"""Origin → the log's key and what was seen of it, or None where this witness does not serve it."""


def format_request(old: int, proof: Sequence[bytes], note: str) -> str:
    """The body of an `add-checkpoint` request, for asking others."""
    return "".join([f"old {old}\n", *(to_base64(line) + "\n" for line in proof), "\n", note])


def parse_request(body: str) -> Request:
    """FormatError for anything that is not such a body, in one spelling."""
    if len(body.encode(errors="replace")) > MAX_REQUEST_BYTES:
        raise FormatError("the request is too large")
    head, blank, note = body.partition("\n\n")
    first, *lines = head.split("\n")
    if not blank or not first.startswith("old "):
        raise FormatError("a request is an old size, proof lines, a blank line and a checkpoint")
    if len(lines) > MAX_PROOF_LINES:
        raise FormatError(f"more than {MAX_PROOF_LINES} proof lines")
    text, _ = parse_note(note)
    proof = [from_base64(line, HASH_SIZE) for line in lines]
    return Request(from_decimal(first[4:]), proof, note, text, parse_checkpoint(text))


def add_checkpoint(body: str, lookup: Lookup, signer: WitnessSigner, at: datetime) -> Answer:
    """Decide one request; never raises for what somebody sent."""
    try:
        request = parse_request(body)
    except EvidenceError as error:
        return Answer(400, f"{error}\n")
    known = lookup(request.checkpoint.origin)
    if known is None:
        return Answer(404, "this witness does not serve that log\n")
    verifier, seen = known
    try:
        open_note(request.note, [verifier])
    except EvidenceError:
        return Answer(403, "the checkpoint is not signed by the log's key\n")
    refused = _refused(request, seen)
    if refused is not None:
        return refused
    checkpoint = request.checkpoint
    line = signer.cosign(request.text, at).line()
    return Answer(200, line, TEXT_TYPE, Seen(checkpoint.size, checkpoint.root), request.note)


def _refused(request: Request, seen: Seen) -> Answer | None:
    checkpoint = request.checkpoint
    if request.old > checkpoint.size:
        return Answer(400, "the old size is larger than the checkpoint's\n")
    if request.old != seen.size:
        return Answer(409, f"{seen.size}\n", SIZE_TYPE)
    if checkpoint.size == seen.size and seen.size and checkpoint.root != seen.root:
        return Answer(409, "another root of the same size was cosigned\n")
    if seen.size == 0:
        fresh = not request.proof and (checkpoint.size > 0 or checkpoint.root == EMPTY_ROOT)
        return None if fresh else Answer(422, "nothing was seen before: no proof is expected\n")
    try:
        verify_consistency(seen.size, checkpoint.size, request.proof, seen.root, checkpoint.root)
    except VerificationError:
        return Answer(422, "the checkpoint does not continue the one cosigned before\n")
    return None
