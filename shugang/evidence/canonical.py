"""RFC 8785 (JSON Canonicalization Scheme), in C where the standard library writes the very same bytes.

`json` sorts keys by code point and writes strings, whole numbers and literals as RFC 8785 §3.2 wants. It differs in
numbers with a fraction or an exponent (§3.2.2.3) and in the order of keys beyond the basic plane (§3.2.3, UTF-16), so
that whatever has those goes the slow way. A property test holds both ways equal.
"""

import json
import json.encoder
from collections.abc import Callable, Iterable
from typing import Any

import rfc8785

_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), sort_keys=True, check_circular=False)
_WHOLE = 2**53 - 1


def _choose_encode() -> Callable[[Any], str]:
    """`JSONEncoder.encode` makes its C encoder anew for every value; one that is kept is a third faster."""
    make: Any = getattr(json.encoder, "c_make_encoder", None)
    if make is None:
        return _ENCODER.encode
    quote = json.encoder.encode_basestring
    kept: Callable[[Any, int], Iterable[str]] = make(None, _ENCODER.default, quote, None, ":", ",", True, False, True)
    return lambda value: "".join(kept(value, 0))


_encode = _choose_encode()


def _plain(value: Any) -> bool:
    """Written without a call for each leaf: this runs for every event."""
    kind = type(value)
    if kind is dict:
        try:
            if not "".join(value).isascii():
                return False
        except TypeError:  # a key that is no text
            return False
        value = value.values()
    elif kind is not list:
        value = (value,)
    for each in value:
        kind = type(each)
        if kind is str or each is None or kind is bool:
            continue
        if kind is int:
            if not -_WHOLE <= each <= _WHOLE:
                return False
        elif (kind is not dict and kind is not list) or not _plain(each):
            return False
    return True


def dumps(value: Any) -> bytes:
    """The canonical bytes. Raises as `rfc8785.dumps` does: CanonicalizationError, UnicodeEncodeError, RecursionError."""
    return _encode(value).encode() if _plain(value) else rfc8785.dumps(value)
