"""Byte ranges: what a client asks for (RFC 9110 §14), and the union of what was released."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from typing import Any

_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")
Span = tuple[int, int]


class Covered:
    """A union of ranges [start, end) as sorted, disjoint, non-touching pieces."""

    __slots__ = ("_ends", "_starts")

    def __init__(self, spans: Iterable[Span] = ()) -> None:
        self._starts: list[int] = []
        self._ends: list[int] = []
        for start, end in spans:
            self.add(start, end)

    def __bool__(self) -> bool:
        return bool(self._starts)

    def spans(self) -> list[Span]:
        return list(zip(self._starts, self._ends, strict=True))

    def gaps(self, start: int, end: int) -> list[Span]:
        """What of [start, end) is not in the union, ascending."""
        found, place = [], start
        for number in range(bisect_right(self._ends, start), len(self._starts)):
            low, high = self._starts[number], self._ends[number]
            if low >= end:
                break
            if low > place:
                found.append((place, low))
            place = max(place, high)
        if place < end:
            found.append((place, end))
        return found

    def add(self, start: int, end: int) -> None:
        if start >= end:
            return
        first, last = bisect_left(self._ends, start), bisect_right(self._starts, end)
        if first < last:
            start, end = min(start, self._starts[first]), max(end, self._ends[last - 1])
        self._starts[first:last], self._ends[first:last] = [start], [end]


def asked(headers: Any, size: int, tag: str) -> Span | None:
    """(start, end) with end excluded; None where the range cannot be satisfied. Several ranges at once and
    If-Range with another tag mean the whole file, as RFC 9110 allows."""
    text, condition = headers.get("range"), headers.get("if-range")
    found = _RANGE.fullmatch(text.strip()) if text else None
    if found is None or not any(found.groups()) or (condition and condition.strip() != tag):
        return 0, size
    first, last = found.groups()
    if not first:
        return (max(0, size - int(last)), size) if int(last) else None
    start, end = int(first), min(int(last) + 1 if last else size, size)
    if last and int(last) < int(first):
        return 0, size
    return (start, end) if start < size else None
