"""What type a column of text may have, without losing a character of it.

Sniffers (pyarrow's among them) turn 0592 into 592. Here a column becomes a number only when every value would be
printed back exactly as it was written, and never when it looks like a code: a leading zero, or one width of five
digits or more. Columns are judged as Arrow arrays: tens of gigabytes hold too many cells to look at one by one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

WHOLE = r"^-?(0|[1-9][0-9]{0,14})$"
SCALED = r"^-?(0|[1-9][0-9]{0,11})\.[0-9]{%d}$"
FRACTION = r"^-?(0|[1-9][0-9]{0,12})(\.[0-9]{0,11}[1-9]|\.0)?$"
NEGATIVE_ZERO = r"^-[-0.]*$"
DAY = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
MOMENT = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-9]{2}:[0-9]{2}$"
CODE_WIDTH = 5
DECLARABLE = ("BIGINT", "DOUBLE", "DATE", "TIMESTAMP", "BOOLEAN", "VARCHAR")
NUMERIC = frozenset({"BIGINT", "SCALED", "DOUBLE"})
_DECIMAL = re.compile(r"DECIMAL\((\d+),(\d+)\)")


def _matches(values: Any, pattern: str) -> Any:
    return pc.match_substring_regex(values, pattern)


def _all(found: Any) -> bool:
    return pc.all(found).as_py() is not False


def _real(values: Any, pattern: str, kind: pa.DataType) -> bool:
    """Every value looks like a date and is one: no 30 February, no year 0."""
    if not _all(_matches(values, pattern)) or not _all(pc.invert(pc.starts_with(values, "0000"))):
        return False
    try:
        values.cast(kind)
    except pa.ArrowInvalid:
        return False
    return True


class Guess:
    """Follows one column's values; `type` is the narrowest that every value fits, VARCHAR when none was seen.

    `doubles`: the format's numbers are IEEE doubles, so 17 digits that print back are one.
    """

    def __init__(self, doubles: bool = False) -> None:
        self._open = {"BIGINT", "SCALED", "DOUBLE", "DATE", "TIMESTAMP", "BOOLEAN"}
        self._widths: set[int] = set()
        self._scale: int | None = None
        self._seen = False
        self._doubles = doubles

    def add(self, values: Iterable[str | None] | pa.Array) -> None:
        """`values`: text or None; an empty text counts as None."""
        if not isinstance(values, pa.Array):
            values = pa.array([v or None for v in values], pa.string())
        values = values.drop_null()
        if not len(values):
            return
        self._seen = True
        if self._open:
            self._sample(values[0].as_py())
        if self._open:
            self._narrow(values)

    def _sample(self, value: str) -> None:
        """The first value closes most types at once, so that a column of text costs next to nothing."""
        if not re.match(r"-?[0-9]", value):
            self._open &= {"BOOLEAN"}

    def _narrow(self, values: pa.Array) -> None:
        still = self._open
        if still & NUMERIC and not _all(pc.invert(_matches(values, NEGATIVE_ZERO))):
            still -= NUMERIC  # a negative zero would come back without its sign
        if "BIGINT" in still:
            if not _all(_matches(values, WHOLE)):
                still.discard("BIGINT")
            elif len(self._widths) < 2:
                self._widths |= set(pc.unique(pc.utf8_length(values)).to_pylist()[:2])
        if "SCALED" in still:
            self._scaled(values)
        if "DOUBLE" in still and not self._double(values):
            still.discard("DOUBLE")
        if "DATE" in still and not _real(values, DAY, pa.date32()):
            still.discard("DATE")
        if "TIMESTAMP" in still and not _real(values, MOMENT, pa.timestamp("us")):
            still.discard("TIMESTAMP")
        if "BOOLEAN" in still and not _all(pc.is_in(values, pa.array(["true", "false"]))):
            still.discard("BOOLEAN")

    def _scaled(self, values: pa.Array) -> None:
        """12.50 and 3.00 are exact decimals of one scale, as amounts are written."""
        if self._scale is None:
            self._scale = len(values[0].as_py().partition(".")[2])
        if not 1 <= self._scale <= 6 or not _all(_matches(values, SCALED % self._scale)):
            self._open.discard("SCALED")

    def _double(self, values: pa.Array) -> bool:
        if _all(_matches(values, FRACTION)):
            digits = pc.utf8_length(pc.replace_substring(pc.utf8_ltrim(values, "-0."), ".", ""))
            if pc.max(digits).as_py() <= 15:
                return True
        if not self._doubles:
            return False
        return all(_printed_back(value) for value in values.to_pylist())

    @property
    def type(self) -> str:
        if not self._seen or not self._open:
            return "VARCHAR"
        if "BIGINT" in self._open:
            one_width = len(self._widths) == 1 and max(self._widths) >= CODE_WIDTH
            return "VARCHAR" if one_width and not self._doubles else "BIGINT"
        if "SCALED" in self._open:
            return f"DECIMAL(18,{self._scale})"
        for name in ("DOUBLE", "DATE", "TIMESTAMP", "BOOLEAN"):
            if name in self._open:
                return name
        return "VARCHAR"

    @property
    def type_of_text(self) -> str:
        """For columns whose format said that they are text: a date may be read, a number may not."""
        return next((name for name in ("DATE", "TIMESTAMP") if self._seen and name in self._open), "VARCHAR")


def _printed_back(value: str) -> bool:
    try:
        read = float(value)
    except ValueError:
        return False
    return repr(read) == value or (abs(read) < 2**53 and value == str(int(read)))


def unfit(values: pa.Array, wanted: str) -> int | None:
    """The place of the first value that cannot be read as `wanted`, which the supplier declared; None when all can."""
    fits = _fitting(values, wanted)
    if fits is None:
        return None
    place = pc.index(pc.fill_null(fits, True), False).as_py()
    return None if place < 0 else int(place)


def _fitting(values: pa.Array, wanted: str) -> Any:
    scaled = _DECIMAL.fullmatch(wanted)
    if scaled:
        whole, scale = int(scaled[1]) - int(scaled[2]), int(scaled[2])
        fraction = rf"(\.[0-9]{{1,{scale}}})?" if scale else ""
        return _matches(values, rf"^-?[0-9]{{1,{max(1, whole)}}}{fraction}$")
    if wanted in ("DATE", "TIMESTAMP"):
        shape, kind = (DAY, pa.date32()) if wanted == "DATE" else (MOMENT, pa.timestamp("us"))
        if _real(values.drop_null(), shape, kind):
            return None
        return pa.array([v is None or _real(pa.array([v]), shape, kind) for v in values.to_pylist()])
    if wanted == "BOOLEAN":
        return pc.or_(pc.is_in(values, pa.array(["true", "false"])), pc.is_null(values))
    pattern = {
        "DOUBLE": r"^-?[0-9]{1,15}(\.[0-9]{1,15})?$",
        "FLOAT": r"^-?[0-9]{1,15}(\.[0-9]{1,15})?$",
        "VARCHAR": "",
    }.get(wanted, r"^-?[0-9]{1,18}$")
    return _matches(values, pattern) if pattern else None
