"""Signed notes and their keys (C2SP signed-note 1.0.0): text, blank line, `— name base64(keyID ‖ sig)` lines."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from shugang.evidence.encoding import from_base64, to_base64
from shugang.evidence.errors import FormatError, VerificationError
from shugang.evidence.keys import ALGORITHMS, ED25519, Ed25519Key, SigningKey, verify

MAX_NOTE_BYTES = 1_000_000
MAX_SIGNATURES = 100
_DASH = "\N{EM DASH} "


class Verifier(Protocol):
    """A public key with a name: of a log (`NoteKey`), or of a witness (`cosignature.Cosigner`)."""

    @property
    def name(self) -> str: ...
    @property
    def key_id(self) -> bytes: ...
    def verify(self, text: str, signature: bytes) -> bool: ...


class Signer(Protocol):
    """A private key with a name."""

    @property
    def name(self) -> str: ...
    @property
    def key_id(self) -> bytes: ...
    @property
    def verifier(self) -> Verifier: ...
    def sign(self, text: str) -> bytes: ...


class Signature(NamedTuple):
    """One signature line. `key_id` is 4 bytes; it is a hint, not an identity."""

    name: str
    key_id: bytes
    signature: bytes

    def line(self) -> str:
        return f"{_DASH}{self.name} {to_base64(self.key_id + self.signature)}\n"


def check_name(name: str) -> str:
    if not name or "+" in name or any(char.isspace() or ord(char) < 0x20 for char in name):
        raise FormatError(f"{name!r} cannot name a key")
    return name


def key_id(name: str, kind: bytes, public: bytes) -> bytes:
    """`kind`: the algorithm's type bytes (0x01 Ed25519, 0x04 cosignature/v1, 0xff and a name: none assigned)."""
    return hashlib.sha256(name.encode() + b"\n" + kind + public).digest()[:4]


def vkey(name: str, kind: bytes, public: bytes) -> str:
    """`name+hex(keyID)+base64(kind ‖ public)`: what is published for outsiders."""
    return f"{name}+{key_id(name, kind, public).hex()}+{to_base64(kind + public)}"


@dataclass(frozen=True)
class NoteKey:
    """A public key with a name. `public`: as its algorithm writes it (keys.ALGORITHMS)."""

    name: str
    public: bytes
    algorithm: str = ED25519

    @property
    def key_id(self) -> bytes:
        return key_id(self.name, ALGORITHMS[self.algorithm].note_type, self.public)

    @property
    def vkey(self) -> str:
        return vkey(self.name, ALGORITHMS[self.algorithm].note_type, self.public)

    def verify(self, text: str, signature: bytes) -> bool:
        return verify(self.algorithm, self.public, text.encode(), signature)


def parse_vkey(text: str, algorithm: str = ED25519) -> NoteKey:
    """FormatError for another algorithm or a key ID that does not belong to the key."""
    spec = ALGORITHMS[algorithm]
    return NoteKey(*open_vkey(text, spec.note_type, spec.public_size), algorithm)


def parse_any_vkey(text: str) -> NoteKey:
    """The key of a log in whichever algorithm it names. FormatError."""
    kind = split_vkey(text)[2]
    for algorithm, spec in ALGORITHMS.items():
        if kind.startswith(spec.note_type):
            return parse_vkey(text, algorithm)
    raise FormatError("a key of an unknown algorithm")


def open_vkey(text: str, kind: bytes, size: int = 32) -> tuple[str, bytes]:
    """(name, public key of `size` bytes) of a published key of that kind. FormatError."""
    name, given, data = split_vkey(text)
    public = data[len(kind) :]
    if not data.startswith(kind) or len(public) != size:
        raise FormatError(f"not a key of type 0x{kind.hex()}")
    if key_id(name, kind, public).hex() != given:
        raise FormatError("the key ID is not that of the key")
    return name, public


def split_vkey(text: str) -> tuple[str, str, bytes]:
    """(name, hexadecimal key ID, type and key); nothing is compared yet. FormatError."""
    parts = text.strip().split("+", 2)
    if len(parts) != 3:
        raise FormatError("a key reads name+id+base64")
    return check_name(parts[0]), parts[1], from_base64(parts[2])


class NoteSigner:
    """A key that signs notes under a name; the key itself may live anywhere."""

    def __init__(self, name: str, key: SigningKey) -> None:
        self._key = key
        self.verifier = NoteKey(check_name(name), key.public, key.algorithm)

    @property
    def name(self) -> str:
        return self.verifier.name

    @property
    def key_id(self) -> bytes:
        return self.verifier.key_id

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.verifier.vkey})"

    def sign(self, text: str) -> bytes:
        return self._key.sign(text.encode())


class Ed25519Signer(NoteSigner):
    """A note key held in memory. `seed`: 32 bytes (RFC 8032)."""

    _PREFIX = "PRIVATE+KEY+"

    def __init__(self, name: str, seed: bytes) -> None:
        super().__init__(name, Ed25519Key(seed))
        self._seed = seed

    @classmethod
    def parse(cls, skey: str) -> "Ed25519Signer":
        """From `PRIVATE+KEY+name+hex(keyID)+base64(0x01 ‖ seed)`, as Go's note package writes it."""
        text = skey.strip()
        if not text.startswith(cls._PREFIX):
            raise FormatError("not a private note key")
        name, given, data = split_vkey(text[len(cls._PREFIX) :])
        if data[:1] != b"\x01" or len(data) != 33:
            raise FormatError("not an Ed25519 note key")
        signer = cls(name, data[1:])
        if signer.key_id.hex() != given:
            raise FormatError("the key ID is not that of the key")
        return signer

    @property
    def skey(self) -> str:
        """The secret in text form: keep it out of logs and of the database."""
        seed = to_base64(b"\x01" + self._seed)
        return f"{self._PREFIX}{self.name}+{self.key_id.hex()}+{seed}"


def _check_text(text: str) -> None:
    if not text.endswith("\n") or any(char < " " and char != "\n" for char in text):
        raise FormatError("note text ends with a newline and has no other control characters")


def format_note(text: str, signatures: Sequence[Signature]) -> str:
    """The note with these signature lines. FormatError for a text that no note can carry."""
    _check_text(text)
    return text + "\n" + "".join([signature.line() for signature in signatures])


def sign_note(text: str, signers: Sequence[Signer]) -> str:
    """The note signed by every signer, in this order."""
    _check_text(text)
    return format_note(text, [Signature(s.name, s.key_id, s.sign(text)) for s in signers])


def parse_note(note: str) -> tuple[str, list[Signature]]:
    """(text, signature lines), nothing verified yet. FormatError when malformed or larger than the limits."""
    try:
        if len(note.encode()) > MAX_NOTE_BYTES:
            raise FormatError("note is too large")
    except UnicodeEncodeError as error:
        raise FormatError("note is not UTF-8") from error
    text, blank, tail = note.rpartition("\n\n")
    if not blank or not tail.endswith("\n"):
        raise FormatError("a note is text, a blank line and signature lines")
    _check_text(note)
    lines = tail[:-1].split("\n")
    if len(lines) > MAX_SIGNATURES:
        raise FormatError("too many signature lines")
    return text + "\n", [_parse_line(line) for line in lines]


def _parse_line(line: str) -> Signature:
    name, space, encoded = line.removeprefix(_DASH).partition(" ")
    if not line.startswith(_DASH) or not space:
        raise FormatError(f"not a signature line: {line[:80]!r}")
    data = from_base64(encoded)
    if len(data) < 5:
        raise FormatError("signature is too short")
    return Signature(check_name(name), data[:4], data[4:])


def open_note(note: str, verifiers: Sequence[Verifier]) -> tuple[str, list[Signature]]:
    """(text, the signatures that hold). Lines of unknown keys are ignored.

    VerificationError when a known key's line is wrong, or when no known key signed."""
    text, signatures = parse_note(note)
    known = {(verifier.name, verifier.key_id): verifier for verifier in verifiers}
    good: dict[tuple[str, bytes], Signature] = {}
    for line in signatures:
        verifier = known.get((line.name, line.key_id))
        if verifier is None:
            continue
        if not verifier.verify(text, line.signature):
            raise VerificationError(f"the signature of {line.name} does not hold")
        good[line.name, line.key_id] = line
    if not good:
        raise VerificationError("no known key signed this note")
    return text, list(good.values())
