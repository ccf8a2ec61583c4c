"""RFC 8785 (JSON Canonicalization Scheme), in C where the standard library writes the very same bytes.

`json` sorts keys by code point and writes strings, whole numbers and literals as RFC 8785 §3.2 wants. It differs in
numbers with a fraction or an exponent (§3.2.2.3) and in the order of keys beyond the basic plane (§3.2.3, UTF-16), so
that whatever has those goes the slow way. A property test holds both ways equal.
"""

import json
from typing import Any

import rfc8785

_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), sort_keys=True, check_circular=False)
_WHOLE = 2**53 - 1


def _plain(value: Any) -> bool:
    kind = type(value)
    if kind is str or kind is bool or value is None:
        return True
    if kind is int:
        return -_WHOLE <= value <= _WHOLE
    if kind is dict:
        return all([type(key) is str and key.isascii() and _plain(each) for key, each in value.items()])
    return kind is list and all([_plain(each) for each in value])


def dumps(value: Any) -> bytes:
    """The canonical bytes. Raises as `rfc8785.dumps` does: CanonicalizationError, UnicodeEncodeError, RecursionError."""
    return _ENCODER.encode(value).encode() if _plain(value) else rfc8785.dumps(value)
