"""Reading figures that people type, and the one way of refusing them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import ROUND_HALF_UP, Context, Decimal, localcontext

from shugang.policy.text import Text

PRECISION = 50  # significant digits of every intermediate value; results are rounded once
MOST_FEN = (
    10**14
)  # 1 万亿元: a figure above it is a slip of the keyboard (and beyond it JSON numbers would not be exact)
_NUMBER = re.compile(r"-?\d{1,15}(\.\d{1,12})?")


class BadInput(ValueError):
    """A figure that the rules do not allow: `rule` is stable, `text` says what is wrong and what to do."""

    def __init__(self, rule: str, zh: str, en: str, field: str = "") -> None:
        super().__init__(f"{rule}: {en}")
        self.rule, self.text, self.field = rule, Text(zh, en), field


@contextmanager
def exact() -> Iterator[Context]:
    """Decimal arithmetic of `PRECISION` digits."""
    with localcontext() as context:
        context.prec = PRECISION
        yield context


def to_fen(value: Decimal) -> int:
    """Decimal 分 rounded half up, away from zero for negatives."""
    return int(value.to_integral_value(ROUND_HALF_UP))


def number(typed: object, what: Text) -> Decimal:
    """A plain decimal number (digits, point; thousands commas are dropped). Raises BadInput `not_a_number`."""
    text = str(typed).strip().replace(",", "").replace("，", "")
    if not _NUMBER.fullmatch(text):
        raise BadInput(
            "not_a_number",
            f"{what.zh}“{str(typed)[:40]}”不是数，请写成如12.5的形式。",
            f"{what.en}: “{str(typed)[:40]}” is not a number; write it like 12.5.",
        )
    return Decimal(text)


def yuan(typed: object, what: Text) -> int:
    """元 with at most two decimals → 分. Raises BadInput `not_a_number`, `too_many_decimals`, `absurd`."""
    fen = number(typed, what) * 100
    if fen != fen.to_integral_value():
        raise BadInput(
            "too_many_decimals",
            f"{what.zh}“{typed}”超过两位小数，金额写到分。",
            f"{what.en}: “{typed}” has more than two decimals; amounts end with 分.",
        )
    return plausible(int(fen), what)


def percent(typed: object, what: Text) -> Decimal:
    """12.5 or 12.5% → 0.125."""
    return number(str(typed).strip().removesuffix("%").removesuffix("％"), what) / 100


def plausible(fen: int, what: Text) -> int:
    if abs(fen) > MOST_FEN:
        raise BadInput(
            "absurd", f"{what.zh}超过1万亿元，请核对单位。", f"{what.en} exceeds 1 trillion yuan; check the unit."
        )
    return fen


def within(value: Decimal, low: Decimal, high: Decimal, what: Text, rule: str = "out_of_range") -> Decimal:
    """The value, or BadInput when it lies outside [low, high]."""
    if not low <= value <= high:
        raise BadInput(
            rule,
            f"{what.zh}应在{plain(low)}至{plain(high)}之间，现在是{plain(value)}。",
            f"{what.en} must lie between {plain(low)} and {plain(high)}; it is {plain(value)}.",
        )
    return value


def plain(value: Decimal, places: int = 6) -> str:
    """Without exponent and trailing zeros, at most `places` decimals: the spelling in working papers."""
    text = f"{value:.{places}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
