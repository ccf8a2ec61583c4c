"""Keys that sign: one interface for a key in memory and for one in an HSM, for Ed25519 and for SM2 with SM3.

Whatever signs in this house is a `SigningKey`; whatever checks a signature calls `verify`. An HSM is one more class of
this shape, chosen where keys are kept (the kernel's key store).
"""

from collections.abc import Callable
from typing import NamedTuple, Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from shugang.evidence import sm2
from shugang.evidence.errors import FormatError

ED25519 = "ed25519"
SM2 = "sm2-sm3"


class SigningKey(Protocol):
    """One private key, wherever it lives. `algorithm` is a name of `ALGORITHMS`; `public` its public bytes."""

    @property
    def algorithm(self) -> str: ...
    @property
    def public(self) -> bytes: ...
    def sign(self, message: bytes) -> bytes: ...


class Ed25519Key:
    """RFC 8032, in memory. `seed`: 32 bytes."""

    algorithm = ED25519

    def __init__(self, seed: bytes) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(seed)
        self.public = self._key.public_key().public_bytes_raw()

    def sign(self, message: bytes) -> bytes:
        """64 bytes."""
        return self._key.sign(message)


class Sm2Key(sm2.Key):
    """GB/T 32918 with SM3, in memory; needs the optional `tongsuopy`."""

    algorithm = SM2


def _verify_ed25519(public: bytes, message: bytes, signature: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


class Algorithm(NamedTuple):
    """`note_type`: the type bytes of C2SP signed-note; 0xff and a name where none is assigned."""

    note_type: bytes
    public_size: int
    verify: Callable[[bytes, bytes, bytes], bool]
    make: Callable[[bytes], SigningKey]


ALGORITHMS: dict[str, Algorithm] = {
    ED25519: Algorithm(b"\x01", 32, _verify_ed25519, Ed25519Key),
    SM2: Algorithm(b"\xffsm2-with-sm3", sm2.PUBLIC_SIZE, sm2.verify, Sm2Key),
}


def verify(algorithm: str, public: bytes, message: bytes, signature: bytes) -> bool:
    """Whether the signature holds; False also for malformed bytes. KeyError for an unknown algorithm."""
    return ALGORITHMS[algorithm].verify(public, message, signature)


def software_key(algorithm: str, secret: bytes) -> SigningKey:
    """A key held in memory, from its 32 secret bytes. FormatError: no such algorithm, or it cannot sign here."""
    if algorithm not in ALGORITHMS:
        raise FormatError(f"no algorithm {algorithm!r}")
    return ALGORITHMS[algorithm].make(secret)


def can_sign(algorithm: str) -> bool:
    """Whether this installation can sign with it in software."""
    return algorithm == ED25519 or (algorithm == SM2 and sm2.available())
