"""The granted view of JSON records, one record at a time: what proxied answers and streamed messages pass through.

The meaning of filters and masks is that of `policy.masks`, the reference that the SQL lowering is tested against. What
a source sends is not trusted: a record that does not fit its declaration is refused whole, never passed on as it is.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from math import isfinite
from typing import Any

from shugang.policy.columns import Column
from shugang.policy.masks import apply_mask, passes
from shugang.policy.vocabulary import Mask, RowFilter, Terms

_WHOLE = re.compile(r"-?[0-9]{1,18}")
MISSING = object()


class Unfit(ValueError):
    """What a source sent is not what was declared. The message names the place, never a value."""


def loads(data: bytes) -> Any:
    """JSON as RFC 8259 has it: UTF-8, no NaN or Infinity. Raises Unfit."""
    try:
        return json.loads(data.decode("utf-8-sig"), parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise Unfit(f"not JSON: {type(error).__name__}") from None


def _no_constant(name: str) -> Any:
    raise ValueError(name)


def dumps(value: Any) -> bytes:
    """Raises Unfit for what JSON or UTF-8 cannot hold (an infinite number, half a surrogate pair)."""
    try:
        return _ENCODER.encode(value).encode()
    except (ValueError, RecursionError) as error:
        raise Unfit(f"not to be written as JSON: {type(error).__name__}") from None


def _plain(value: Any) -> Any:
    if isinstance(value, date | datetime | time):
        return value.isoformat()
    if isinstance(value, Decimal | timedelta):
        return str(value)
    raise ValueError(type(value).__name__)


_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=_plain)


def at(document: Any, pointer: str) -> Any:
    """The value that an RFC 6901 pointer names, or MISSING. Array indices are not followed: no declaration has any."""
    for step in pointer.split("/")[1:]:
        if not isinstance(document, dict):
            return MISSING
        document = document.get(step.replace("~1", "/").replace("~0", "~"), MISSING)
    return document


class Governor:
    """Compiled once for a grant's columns and terms; `record` is the granted view of one record."""

    __slots__ = ("_columns", "_declared", "_fields", "_masks", "filters")

    def __init__(self, columns: Iterable[Column], terms: Terms, keys: Mapping[str, str]) -> None:
        known = {column.name: column for column in columns}
        masks = {mask.column: mask for mask in terms.masks}
        for mask in terms.masks:
            if "key_id" in mask.args and str(mask.args["key_id"]) not in keys:
                raise Unfit(f"the key of the mask over {mask.column} is missing")
        self._declared = frozenset(known)
        self._columns = {name: (known[name], _READERS[known[name].family]) for name in _used(terms)}
        self.filters: tuple[tuple[RowFilter, Column], ...] = tuple((row, known[row.column]) for row in terms.rows)
        self._fields = terms.fields
        self._masks: dict[str, Callable[[Any], Any]] = {name: _masker(mask, keys) for name, mask in masks.items()}

    def record(self, record: Any, beside: Mapping[str, Any] | None = None) -> dict[str, Any] | None:
        """None where the record lies outside the granted rows; `beside` holds values that came with it and go before
        its own. Raises Unfit."""
        if not isinstance(record, dict) or self._declared.isdisjoint(record):
            raise Unfit("a record has none of the declared columns")
        if beside:
            record = {**record, **beside}
        values = {}
        for name, (column, read) in self._columns.items():
            value = record.get(name)
            if value is not None:
                try:
                    value = read(value)
                except (ValueError, TypeError, InvalidOperation):
                    raise Unfit(f"column {name} is not {column.type}") from None
            values[name] = value
        for row, column in self.filters:
            if not passes(row, column, values[row.column]):
                return None
        masks = self._masks
        return {name: masks[name](values[name]) if name in masks else values[name] for name in self._fields}


def _used(terms: Terms) -> list[str]:
    return list(dict.fromkeys([*terms.fields, *(row.column for row in terms.rows)]))


def _masker(mask: Mask, keys: Mapping[str, str]) -> Callable[[Any], Any]:
    return lambda value: apply_mask(mask, value, keys)


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise ValueError


def _whole(value: Any) -> int:
    text = isinstance(value, str) and _WHOLE.fullmatch(value)
    if text or (isinstance(value, float) and value.is_integer()):
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not -(2**63) <= value < 2**63:
        raise ValueError
    return value


def _fraction(value: Any) -> int | float | Decimal:
    if isinstance(value, str):
        value = Decimal(value)
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal) or not isfinite(value):
        raise ValueError
    return value


def _date(value: Any) -> date:
    if not isinstance(value, str):
        raise ValueError
    return date.fromisoformat(value)


def _time(value: Any) -> datetime:
    """Of the column's own clock; one with a zone is another type than was declared."""
    if not isinstance(value, str):
        raise ValueError
    found = datetime.fromisoformat(value)
    if found.tzinfo is not None:
        raise ValueError
    return found


def _flag(value: Any) -> bool:
    if isinstance(value, bool) or (isinstance(value, int) and value in (0, 1)):
        return bool(value)
    raise ValueError


_READERS: dict[str, Callable[[Any], Any]] = {
    "text": _text,
    "whole": _whole,
    "fraction": _fraction,
    "date": _date,
    "time": _time,
    "flag": _flag,
    "other": lambda value: value,
}
