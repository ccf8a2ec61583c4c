"""What type a column of text may have, without losing a character of it.

Sniffers (pyarrow's among them) turn 0592 into 592. Here a column becomes a number only when every value would be
printed back exactly as it was written, and never when it looks like a code: a leading zero, or one width of five
digits or more.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, datetime

WHOLE = re.compile(r"-?(0|[1-9][0-9]{0,14})", re.ASCII)
SCALED = re.compile(r"-?(?:0|[1-9][0-9]{0,11})\.([0-9]{1,6})", re.ASCII)
FRACTION = re.compile(r"-?(0|[1-9][0-9]{0,12})(\.[0-9]{0,11}[1-9]|\.0)?", re.ASCII)
DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-9]{2}:[0-9]{2}", re.ASCII)
CODE_WIDTH = 5
DECLARABLE = ("BIGINT", "DOUBLE", "DATE", "TIMESTAMP", "BOOLEAN", "VARCHAR")


def _significant(value: str) -> int:
    return len(value.lstrip("-0.").replace(".", ""))


def _day(value: str) -> bool:
    try:
        date.fromisoformat(value)
    except ValueError:
        return False
    return True


def _moment(value: str) -> bool:
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return False
    return True


class Guess:
    """Follows one column's values; `type` is the narrowest that every value fits, VARCHAR when none was seen."""

    def __init__(self) -> None:
        self._open = {"BIGINT", "SCALED", "DOUBLE", "DATE", "TIMESTAMP", "BOOLEAN"}
        self._widths: set[int] = set()
        self._scales: set[int] = set()
        self._seen = False

    def add(self, values: Iterable[str]) -> None:
        for value in values:
            if value == "":
                continue
            self._seen = True
            if not self._open:
                return
            self.narrow(value)

    def narrow(self, value: str) -> None:
        """Close the types that this value does not fit."""
        still = self._open
        if value[0] == "-" and not value.strip("-0."):
            still -= {"BIGINT", "SCALED", "DOUBLE"}  # a negative zero would come back without its sign
        if "BIGINT" in still and not WHOLE.fullmatch(value):
            still.discard("BIGINT")
        if "SCALED" in still:
            self._scale(value)
        if "DOUBLE" in still and (not FRACTION.fullmatch(value) or _significant(value) > 15):
            still.discard("DOUBLE")
        if "DATE" in still and not (DAY.fullmatch(value) and _day(value)):
            still.discard("DATE")
        if "TIMESTAMP" in still and not (MOMENT.fullmatch(value) and _moment(value)):
            still.discard("TIMESTAMP")
        if "BOOLEAN" in still and value not in ("true", "false"):
            still.discard("BOOLEAN")
        if len(self._widths) < 2:
            self._widths.add(len(value))

    def _scale(self, value: str) -> None:
        """12.50 and 3.00 are exact decimals of one scale, as amounts are written."""
        match = SCALED.fullmatch(value)
        if match:
            self._scales.add(len(match[1]))
        if not match or len(self._scales) > 1:
            self._open.discard("SCALED")

    def may_be(self, name: str) -> bool:
        return name in self._open

    @property
    def type(self) -> str:
        if not self._seen or not self._open:
            return "VARCHAR"
        if "BIGINT" in self._open:
            one_width = len(self._widths) == 1 and max(self._widths) >= CODE_WIDTH
            return "VARCHAR" if one_width else "BIGINT"
        if "SCALED" in self._open:
            return f"DECIMAL(18,{max(self._scales)})"
        for name in ("DOUBLE", "DATE", "TIMESTAMP", "BOOLEAN"):
            if name in self._open:
                return name
        return "VARCHAR"


def fits(value: str, wanted: str) -> bool:
    """Whether a value can be read as a type that the supplier declares (codes are his own business then)."""
    if value == "" or wanted == "VARCHAR":
        return True
    guess = Guess()
    guess.narrow(value)
    if wanted == "BIGINT":
        return bool(re.fullmatch(r"-?[0-9]{1,18}", value, re.ASCII))
    if wanted == "DOUBLE":
        return bool(re.fullmatch(r"-?[0-9]{1,15}(\.[0-9]{1,15})?", value, re.ASCII))
    return guess.may_be(wanted)
