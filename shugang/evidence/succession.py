"""How one key of a log follows another: a note that both sign. Who trusts the former finds the next by himself.

Text: `shugang-log-key/v1`, the origin, the size of the log at that moment, the new vkey; a line each."""

from collections.abc import Iterable

from shugang.evidence.encoding import from_decimal
from shugang.evidence.errors import EvidenceError, FormatError
from shugang.evidence.note import NoteKey, NoteSigner, open_note, parse_any_vkey, sign_note

HEADER = "shugang-log-key/v1"


def statement(size: int, former: NoteSigner, new: NoteSigner) -> str:
    """The signed note. FormatError unless both are keys of one log and one algorithm."""
    if (former.name, former.verifier.algorithm) != (new.name, new.verifier.algorithm):
        raise FormatError("a key follows one of the same log and algorithm")
    return sign_note("\n".join([HEADER, new.name, str(size), new.verifier.vkey]) + "\n", [former, new])


def open_statement(note: str, former: NoteKey) -> NoteKey:
    """The key that followed `former`. EvidenceError unless both signed a statement that says so."""
    text, _ = open_note(note, [former])
    lines = text.split("\n")
    if len(lines) != 5 or lines[0] != HEADER or lines[1] != former.name:
        raise FormatError("not a statement about a key of this log")
    from_decimal(lines[2])
    new = parse_any_vkey(lines[3])
    if (new.name, new.algorithm) != (former.name, former.algorithm) or new == former:
        raise FormatError("a key follows one of the same log and algorithm")
    open_note(note, [new])
    return new


def follow(key: NoteKey, statements: Iterable[str]) -> list[NoteKey]:
    """`key` and the keys that came after it, by statements in the order in which they were made."""
    chain = [key]
    for note in statements:
        try:
            chain.append(open_statement(note, chain[-1]))
        except EvidenceError:
            continue
    return chain
