"""The reference meaning of masks and row filters, one value at a time: the oracle for `lowering.py`.

NULL stays NULL under every mask, and passes no filter. Lengths count Unicode code points.
"""

import hashlib
import math
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from shugang.policy.columns import Column, as_columns
from shugang.policy.lowering import TOKEN_HEX, token_prefix
from shugang.policy.pseudonyms import ff1_text, sm3_token
from shugang.policy.vocabulary import Mask, RowFilter, Scalar, Terms

Value = str | int | float | Decimal | bool | date | datetime | None


def keep_ends(value: str, prefix: int, suffix: int) -> str:
    """The ends of a text, the middle as one `*` per character; a text with no middle is hidden whole."""
    hidden = len(value) - prefix - suffix
    if hidden <= 0:
        return "*" * len(value)
    return value[:prefix] + "*" * hidden + value[len(value) - suffix :]


def band(value: int | float | Decimal, width: int) -> int | None:
    """The lower bound of the value's band; None where it does not fit 64 bits (never more than was asked)."""
    if not math.isfinite(value):
        return None
    floor = math.floor(value)
    return floor // width * width if -(2**63) + width <= floor < 2**63 else None


def truncate_date(value: date, unit: str) -> date:
    """The first day of the value's month, quarter or year."""
    month = {"month": value.month, "quarter": (value.month - 1) // 3 * 3 + 1, "year": 1}[unit]
    return date(value.year, month, 1)


def sha256_token(value: str, secret: str) -> str:
    """A keyed token of 128 bits in hex; `secret` is 64 hex digits."""
    return hashlib.sha256((token_prefix(secret) + value).encode()).hexdigest()[:TOKEN_HEX]


def apply_mask(mask: Mask, value: Value, keys: Mapping[str, str] | None = None) -> Value:
    """What leaves instead of `value`."""
    if value is None or mask.function == "redact":
        return None
    if mask.function == "keep_ends":
        return keep_ends(str(value), int(mask.args["prefix"]), int(mask.args["suffix"]))
    if mask.function == "band" and isinstance(value, int | float | Decimal):
        return band(value, int(mask.args["width"]))
    if mask.function == "truncate_date" and isinstance(value, date):
        return truncate_date(value, str(mask.args["unit"]))
    if mask.function == "sha256_token":
        return sha256_token(str(value), (keys or {})[str(mask.args["key_id"])])
    if mask.function == "sm3_token":
        return sm3_token(str(value), (keys or {})[str(mask.args["key_id"])])
    if mask.function == "ff1":
        return ff1_text(str(value), (keys or {})[str(mask.args["key_id"])], str(mask.args["alphabet"]))
    raise TypeError(f"{mask.function} does not apply to {type(value).__name__}")


def _comparable(value: Scalar, family: str) -> Any:
    convert: dict[str, Any] = {
        "fraction": Decimal,
        "date": date.fromisoformat,
        "time": datetime.fromisoformat,
    }
    return convert[family](value) if family in convert else value


def passes(row: RowFilter, column: Column, value: Any) -> bool:
    """Whether a raw value meets the condition; unknown (NULL) never does."""
    if value is None:
        return False
    if row.op == "not_null":
        return True
    if isinstance(row.value, tuple):
        return any(value == _comparable(item, column.family) for item in row.value)
    assert row.value is not None
    right = _comparable(row.value, column.family)
    return bool(
        {
            "eq": lambda: value == right,
            "ne": lambda: value != right,
            "ge": lambda: value >= right,
            "gt": lambda: value > right,
            "le": lambda: value <= right,
            "lt": lambda: value < right,
        }[row.op]()
    )


def apply_terms(
    rows: Iterable[Mapping[str, Any]],
    columns: Iterable[Column | Mapping[str, Any]],
    terms: Terms,
    keys: Mapping[str, str] | None = None,
) -> list[tuple[Value, ...]]:
    """The granted view of some rows, in their order."""
    known = {column.name: column for column in as_columns(columns)}
    masks = {mask.column: mask for mask in terms.masks}
    return [
        tuple(apply_mask(masks[name], row[name], keys) if name in masks else row[name] for name in terms.fields)
        for row in rows
        if all(passes(condition, known[condition.column], row[condition.column]) for condition in terms.rows)
    ]
