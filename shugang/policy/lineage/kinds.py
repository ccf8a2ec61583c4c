"""The kinds of transformation of the OpenLineage column facet (1-2-0), and what two of them in a row amount to.

A set of kinds is the bits of one number: an edge is met thousands of times in one query, and most of the time of a pass
would go into small sets.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

DIRECT, INDIRECT = "DIRECT", "INDIRECT"
# Direct kinds first and by rising strength: an aggregate of a transformed value is an aggregate.
SUBTYPES: dict[str, str] = {
    "IDENTITY": DIRECT,
    "TRANSFORMATION": DIRECT,
    "AGGREGATION": DIRECT,
    "JOIN": INDIRECT,
    "GROUP_BY": INDIRECT,
    "FILTER": INDIRECT,
    "SORT": INDIRECT,
    "WINDOW": INDIRECT,
    "CONDITIONAL": INDIRECT,
}
_NAMES = tuple(SUBTYPES)
_WIDTH = len(_NAMES)
_DIRECT = 3
IDENTITY, TRANSFORMATION, AGGREGATION, JOIN, GROUP_BY, FILTER, SORT, WINDOW, CONDITIONAL = (
    1 << n for n in range(_WIDTH)
)
_UNMASKED = (1 << _WIDTH) - 1
# Functions by which a reader of the output no longer has the input's value: the standard names hashes and counts.
MASKING = frozenset({"md5", "sha", "sha1", "sha2", "sha256", "hash", "count", "count_if", "approx_distinct"})


class Transformation(NamedTuple):
    """One entry of `inputFields[].transformations`."""

    type: str
    subtype: str
    masking: bool


def masked(kind: int) -> int:
    """The same kind, with the value hidden on the way."""
    return (kind & _UNMASKED) << _WIDTH | (kind & ~_UNMASKED)


@lru_cache(maxsize=4096)
def through(outer: int, inner: int) -> int:
    """The kinds of a value that came by `inner` and is used by the one kind `outer`."""
    if outer == IDENTITY:
        return inner
    hidden = outer > _UNMASKED
    place = (outer >> _WIDTH if hidden else outer).bit_length() - 1
    found = 0
    for bit in range(2 * _WIDTH):
        if not inner >> bit & 1:
            continue
        step, was_hidden = bit % _WIDTH, bit >= _WIDTH
        if place >= _DIRECT:
            result = place
        elif step >= _DIRECT:
            result = step
        else:
            result = max(place, step)
        found |= 1 << result + (_WIDTH if hidden or was_hidden else 0)
    return found


@lru_cache(maxsize=4096)
def transformations(bits: int) -> tuple[Transformation, ...]:
    return tuple(
        Transformation(SUBTYPES[_NAMES[bit % _WIDTH]], _NAMES[bit % _WIDTH], bit >= _WIDTH)
        for bit in range(2 * _WIDTH)
        if bits >> bit & 1
    )


def bits_of(subtype: str, masking: bool) -> int:
    kind: int = 1 << _NAMES.index(subtype)
    return masked(kind) if masking else kind
