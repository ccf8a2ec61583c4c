"""Base64 and decimals with one spelling only: a receipt whose spelling was changed must not verify."""

import base64
import binascii
import re

from shugang.evidence.errors import FormatError

_DECIMAL = re.compile(r"0|[1-9][0-9]{0,18}")


def to_base64(data: bytes) -> str:
    """Standard alphabet with padding, RFC 4648 §4."""
    return base64.b64encode(data).decode("ascii")


def from_base64(text: str, size: int | None = None) -> bytes:
    """Strict inverse; FormatError for stray bits, wrong padding, or another length than `size` bytes."""
    try:
        data = base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError) as error:
        raise FormatError(f"not base64: {text[:80]!r}") from error
    if to_base64(data) != text:
        raise FormatError(f"not canonical base64: {text[:80]!r}")
    if size is not None and len(data) != size:
        raise FormatError(f"{len(data)} bytes where {size} belong")
    return data


def from_decimal(text: str) -> int:
    """ASCII decimal without sign or leading zeroes, below 10^19."""
    if not _DECIMAL.fullmatch(text):
        raise FormatError(f"not a decimal number: {text[:40]!r}")
    return int(text)
