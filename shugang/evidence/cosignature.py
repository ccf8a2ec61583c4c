"""Cosignatures of witnesses: "at this time I saw this checkpoint, and it continued every one I saw before".

Source: C2SP tlog-cosignature, cosignature/v1 (Ed25519, signature type 0x04). The signature line carries eight bytes of
POSIX time (seconds, big-endian) and the Ed25519 signature of a text that contains time and checkpoint.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

from shugang.evidence.errors import FormatError
from shugang.evidence.keys import ED25519, SigningKey, verify
from shugang.evidence.note import Signature, Verifier, check_name, key_id, open_vkey, parse_any_vkey, split_vkey, vkey

_TYPE = b"\x04"
_SIZE = 8 + 64
_LATEST = 253_402_300_800  # the first second of the year 10000


def _message(text: str, seconds: int) -> bytes:
    return f"cosignature/v1\ntime {seconds}\n{text}".encode()


@dataclass(frozen=True)
class Cosigner:
    """A witness as others know it. `public`: 32 bytes (RFC 8032). Fits wherever a note's verifier does."""

    name: str
    public: bytes

    @property
    def key_id(self) -> bytes:
        return key_id(self.name, _TYPE, self.public)

    @property
    def vkey(self) -> str:
        """As `note.vkey` writes it, with 0x04."""
        return vkey(self.name, _TYPE, self.public)

    def verify(self, text: str, signature: bytes) -> bool:
        if len(signature) != _SIZE or seen(signature) is None:
            return False
        message = _message(text, int.from_bytes(signature[:8], "big"))
        return verify(ED25519, self.public, message, signature[8:])


def seen(signature: bytes) -> datetime | None:
    """When the witness saw the checkpoint; None for bytes that cannot be a cosignature."""
    seconds = int.from_bytes(signature[:8], "big")
    return datetime.fromtimestamp(seconds, UTC) if len(signature) == _SIZE and seconds < _LATEST else None


def parse_cosigner(text: str) -> Cosigner:
    """FormatError for another algorithm or a key ID that does not belong to the key."""
    return Cosigner(*open_vkey(text, _TYPE))


def parse_verifier(text: str) -> Verifier:
    """Whoever signs checkpoints, by his published key: a log (Ed25519, SM2) or a witness. FormatError."""
    return parse_cosigner(text) if split_vkey(text)[2][:1] == _TYPE else parse_any_vkey(text)


class WitnessSigner:
    """The Ed25519 key by which we witness others. Never the key of our own log: a signature made as a witness must not
    be taken for one made as a log."""

    def __init__(self, name: str, key: SigningKey) -> None:
        if key.algorithm != ED25519:
            raise FormatError("a witness signs with Ed25519")
        self._key = key
        self.cosigner = Cosigner(check_name(name), key.public)

    def __repr__(self) -> str:
        return f"WitnessSigner({self.cosigner.vkey})"

    def cosign(self, text: str, at: datetime) -> Signature:
        """The line over a checkpoint's `text`, seen `at` (an aware time). ValueError for a time without a zone."""
        if at.tzinfo is None:
            raise ValueError("a cosignature needs a time with its zone")
        seconds = int(at.timestamp())
        signature = seconds.to_bytes(8, "big") + self._key.sign(_message(text, seconds))
        return Signature(self.cosigner.name, self.cosigner.key_id, signature)
