"""The offline proof inside the QR code: a link whose fragment holds the log entry and its tlog-proof.

A telephone opens the link; the fragment never leaves it. `unpack` gives the receipt back, which
`shugang/evidence/standalone_verify.py` checks without a network.
"""

from __future__ import annotations

import base64
import zlib
from collections.abc import Mapping
from typing import Any

from shugang.evidence.errors import FormatError
from shugang.evidence.receipt import FORMAT

MARK = "#p1="
_LIMIT = 20_000
MAX_CODE = 2_900  # bytes; a QR code holds 2,953 at level L, 2,331 at level M


def pack(url: str, receipt: Mapping[str, Any]) -> str:
    """`url#p1=<base64url(zlib(entry, newline, proof))>`; the bare link when the proof is too long for one code."""
    body = zlib.compress(f"{receipt['entry']}\n{receipt['proof']}".encode(), 9)
    text = url + MARK + base64.urlsafe_b64encode(body).decode().rstrip("=")
    return text if len(text) <= MAX_CODE else url


def unpack(text: str, vkey: str) -> dict[str, Any]:
    """The receipt (without content) that a scanned code carries; FormatError when there is none."""
    _, mark, packed = text.strip().partition(MARK)
    if not mark:
        raise FormatError("the code carries no proof")
    try:
        packed_bytes = base64.urlsafe_b64decode(packed + "=" * (-len(packed) % 4))
        inflater = zlib.decompressobj()
        body = inflater.decompress(packed_bytes, _LIMIT).decode()
    except (ValueError, zlib.error) as error:
        raise FormatError(f"the code's proof does not unpack: {error}") from error
    entry, _, proof = body.partition("\n")
    return {"format": FORMAT, "payload": None, "salt": None, "entry": entry, "proof": proof, "vkey": vkey}
