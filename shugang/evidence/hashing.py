"""Digests of the log: the Merkle tree's SHA-256 (RFC 6962 §2.1) and the salted commitments of its entries."""

import hashlib
import os
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import rfc8785
from cryptography.hazmat.primitives import hashes

from shugang.evidence import canonical as canonical_json
from shugang.evidence.errors import FormatError

HASH_SIZE = 32
SALT_SIZE = 32
EMPTY_ROOT = hashlib.sha256(b"").digest()


def leaf_hash(entry: bytes) -> bytes:
    """SHA-256(0x00 ‖ entry), RFC 6962 §2.1."""
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256(0x01 ‖ left ‖ right), RFC 6962 §2.1."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def parents(row: bytes) -> bytes:
    """The hashes one height up, of a row of concatenated 32-byte hashes; one left over has no parent yet."""
    sha256 = hashlib.sha256
    whole = len(row) - len(row) % (2 * HASH_SIZE)
    return b"".join([sha256(b"\x01" + row[i : i + 2 * HASH_SIZE]).digest() for i in range(0, whole, 2 * HASH_SIZE)])


def _sm3_with_cryptography(data: bytes) -> bytes:
    digest = hashes.Hash(hashes.SM3())
    digest.update(data)
    return digest.finalize()


def _choose_sm3() -> Callable[[bytes], bytes]:
    # hashlib is 1.6 times faster, but a distribution may build its OpenSSL without SM3.
    try:
        empty = hashlib.new("sm3")
    except ValueError:
        return _sm3_with_cryptography

    def digest(data: bytes) -> bytes:
        # A copy saves looking the algorithm up by its name.
        state = empty.copy()
        state.update(data)
        return state.digest()

    return digest


sm3: Callable[[bytes], bytes] = _choose_sm3()
"""SM3 of bytes, 32 bytes (GB/T 32905-2016)."""


class Commitment(NamedTuple):
    """Both digests of one salted payload, 32 bytes each."""

    sha256: bytes
    sm3: bytes


def new_salt() -> bytes:
    """32 random bytes. Forgetting salt and payload together is how a record leaves a public log."""
    return os.urandom(SALT_SIZE)


def canonical(payload: Mapping[str, Any]) -> bytes:
    """RFC 8785 bytes. FormatError for what JSON cannot carry exactly: dates, NaN, integers beyond ±(2^53-1)
    (write those as strings), lone surrogates."""
    try:
        return canonical_json.dumps(payload if type(payload) is dict else dict(payload))
    except (rfc8785.CanonicalizationError, UnicodeEncodeError, RecursionError) as error:
        raise FormatError(f"payload has no canonical form: {error}") from error


def commitment(payload: Mapping[str, Any], salt: bytes) -> Commitment:
    """SHA-256 and SM3 of salt ‖ RFC 8785(payload)."""
    return commitment_to(canonical(payload), salt)


def commitment_to(text: bytes, salt: bytes) -> Commitment:
    """The same of a payload's canonical bytes.

    The salt has one fixed length, so that no byte can be argued to belong to salt and payload alike."""
    if len(salt) != SALT_SIZE:
        raise FormatError(f"salt must be {SALT_SIZE} bytes, not {len(salt)}")
    data = salt + text
    return Commitment(hashlib.sha256(data).digest(), sm3(data))
