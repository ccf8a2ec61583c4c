"""Signed notes and their keys (C2SP signed-note 1.0.0): text, blank line, `— name base64(keyID ‖ sig)` lines."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from shugang.evidence.encoding import from_base64, to_base64
from shugang.evidence.errors import FormatError, VerificationError

MAX_NOTE_BYTES = 1_000_000
MAX_SIGNATURES = 100
_ED25519 = b"\x01"
_DASH = "\N{EM DASH} "


class Verifier(Protocol):
    """A public key with a name. Cosignatures and SM2 lines are further classes of this shape."""

    @property
    def name(self) -> str: ...
    @property
    def key_id(self) -> bytes: ...
    def verify(self, text: str, signature: bytes) -> bool: ...


class Signer(Protocol):
    """A private key with a name; an HSM may stand behind it."""

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
    """`kind`: the algorithm's byte (0x01 Ed25519, 0x04 cosignature/v1)."""
    return hashlib.sha256(name.encode() + b"\n" + kind + public).digest()[:4]


def vkey(name: str, kind: bytes, public: bytes) -> str:
    """`name+hex(keyID)+base64(kind ‖ public)`: what is published for outsiders."""
    return f"{name}+{key_id(name, kind, public).hex()}+{to_base64(kind + public)}"


@dataclass(frozen=True)
class Ed25519Verifier:
    """`public`: 32 bytes (RFC 8032)."""

    name: str
    public: bytes

    @property
    def key_id(self) -> bytes:
        return key_id(self.name, _ED25519, self.public)

    @property
    def vkey(self) -> str:
        """As `vkey` writes it, with 0x01."""
        return vkey(self.name, _ED25519, self.public)

    def verify(self, text: str, signature: bytes) -> bool:
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, text.encode())
        except InvalidSignature:
            return False
        return True


def parse_vkey(text: str) -> Ed25519Verifier:
    """FormatError for another algorithm than Ed25519 or a key ID that does not belong to the key."""
    return Ed25519Verifier(*open_vkey(text, _ED25519))


def open_vkey(text: str, kind: bytes) -> tuple[str, bytes]:
    """(name, public key) of a published key of that kind. FormatError."""
    name, given, public = _split_key(text, kind)
    if key_id(name, kind, public).hex() != given:
        raise FormatError("the key ID is not that of the key")
    return name, public


def _split_key(text: str, kind: bytes) -> tuple[str, str, bytes]:
    parts = text.strip().split("+", 2)
    if len(parts) != 3:
        raise FormatError("a key reads name+id+base64")
    data = from_base64(parts[2], 33)
    if data[:1] != kind:
        raise FormatError(f"not a key of type 0x{kind.hex()}")
    return check_name(parts[0]), parts[1], data[1:]


class Ed25519Signer:
    """A note key held in memory. `seed`: 32 bytes (RFC 8032)."""

    _PREFIX = "PRIVATE+KEY+"

    def __init__(self, name: str, seed: bytes) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(seed)
        self.verifier = Ed25519Verifier(check_name(name), self._key.public_key().public_bytes_raw())

    @classmethod
    def generate(cls, name: str) -> "Ed25519Signer":
        return cls(name, Ed25519PrivateKey.generate().private_bytes_raw())

    @classmethod
    def parse(cls, skey: str) -> "Ed25519Signer":
        """From `PRIVATE+KEY+name+hex(keyID)+base64(0x01 ‖ seed)`, as Go's note package writes it."""
        text = skey.strip()
        if not text.startswith(cls._PREFIX):
            raise FormatError("not a private note key")
        name, given, seed = _split_key(text[len(cls._PREFIX) :], _ED25519)
        signer = cls(name, seed)
        if signer.key_id.hex() != given:
            raise FormatError("the key ID is not that of the key")
        return signer

    @property
    def name(self) -> str:
        return self.verifier.name

    @property
    def key_id(self) -> bytes:
        return self.verifier.key_id

    @property
    def skey(self) -> str:
        """The secret in text form: keep it out of logs and of the database."""
        seed = to_base64(_ED25519 + self._key.private_bytes_raw())
        return f"{self._PREFIX}{self.name}+{self.key_id.hex()}+{seed}"

    def __repr__(self) -> str:
        return f"Ed25519Signer({self.verifier.vkey})"

    def sign(self, text: str) -> bytes:
        return self._key.sign(text.encode())


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
