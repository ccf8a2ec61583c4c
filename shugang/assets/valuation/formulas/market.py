"""市场法: prices of comparable data, corrected by five coefficients.

P = Σ_i Q_i·X_i1·X_i2·X_i3·X_i4·X_i5 over the sub-datasets i; Q comparable price in 分, X the coefficients of quality,
supply and demand, date, volume, and others. Source: 《数据资产评估指导意见》(中评协〔2023〕17号) 第四章 市场法.
Each sub-dataset has several comparables; its value is the plain mean of their corrected prices (our choice, stated).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

from shugang.policy.text import Text

from .inputs import BadInput, exact, to_fen, within

COEFFICIENTS = (
    Text("质量系数", "Quality"),
    Text("供求系数", "Supply and demand"),
    Text("期日系数", "Date"),
    Text("容量系数", "Volume"),
    Text("其他系数", "Other"),
)


@dataclass(frozen=True)
class Comparable:
    """One deal: which sub-dataset it stands for, its name, day, price in 分, and the five coefficients."""

    part: str
    name: str
    on: date
    price: int
    coefficients: tuple[Decimal, ...]

    @property
    def corrected(self) -> Decimal:
        with exact():
            value = Decimal(self.price)
            for x in self.coefficients:
                value *= x
            return value


@dataclass(frozen=True)
class MarketValue:
    """`parts`: (sub-dataset, mean of the corrected prices in 分)."""

    parts: tuple[tuple[str, Decimal], ...]
    total: Decimal

    @property
    def fen(self) -> int:
        return to_fen(self.total)


@dataclass(frozen=True)
class Rules:
    least: int = 3
    oldest_months: int = 36
    low: Decimal = Decimal("0.2")
    high: Decimal = Decimal(3)


def check(found: Sequence[Comparable], base_date: date, rules: Rules = Rules()) -> None:
    """Raises BadInput `comparable_from_future`, `comparable_too_old`, `bad_price`, `coefficients`, `twice`, `too_few_comparables`."""
    if len({(c.part, c.name, c.on) for c in found}) != len(found):
        raise BadInput("twice", "同一可比案例列了两次。", "A comparable is listed twice.")
    for c in found:
        _check_one(c, base_date, rules)
    for part in dict.fromkeys(c.part for c in found):
        count = sum(c.part == part for c in found)
        if count < rules.least:
            raise BadInput(
                "too_few_comparables",
                f"“{part}”只有{count}个可比案例，至少要{rules.least}个。",
                f"“{part}” has {count} comparable(s); at least {rules.least} are needed.",
            )
    if not found:
        raise BadInput(
            "too_few_comparables", f"请列出至少{rules.least}个可比案例。", f"List at least {rules.least} comparables."
        )


def _check_one(c: Comparable, base_date: date, rules: Rules) -> None:
    if c.on > base_date:
        raise BadInput(
            "comparable_from_future",
            f"可比案例“{c.name}”成交于{c.on}，晚于评估基准日{base_date}，不能采用。",
            f"Comparable “{c.name}” of {c.on} is later than the base date {base_date} and may not be used.",
        )
    months = (base_date.year - c.on.year) * 12 + base_date.month - c.on.month
    if months > rules.oldest_months:
        raise BadInput(
            "comparable_too_old",
            f"可比案例“{c.name}”早于基准日{rules.oldest_months}个月以上，请换近期案例。",
            f"Comparable “{c.name}” is more than {rules.oldest_months} months older than the base date; use a recent one.",
        )
    if c.price <= 0:
        raise BadInput("bad_price", f"可比案例“{c.name}”的价格应大于0。", f"The price of “{c.name}” must be above 0.")
    if len(c.coefficients) != len(COEFFICIENTS):
        raise BadInput(
            "coefficients", f"可比案例“{c.name}”须有5个系数。", f"Comparable “{c.name}” needs 5 coefficients."
        )
    for x, label in zip(c.coefficients, COEFFICIENTS, strict=True):
        within(
            x,
            rules.low,
            rules.high,
            Text(f"“{c.name}”的{label.zh}", f"{label.en} of “{c.name}”"),
            "coefficient_out_of_range",
        )


def value(found: Sequence[Comparable], base_date: date, rules: Rules = Rules()) -> MarketValue:
    """P in 分: for each sub-dataset the mean of its corrected comparables, summed over the sub-datasets."""
    check(found, base_date, rules)
    with exact():
        parts = []
        for part in dict.fromkeys(c.part for c in found):
            prices = [c.corrected for c in found if c.part == part]
            parts.append((part, sum(prices, Decimal(0)) / len(prices)))
        return MarketValue(tuple(parts), sum((v for _, v in parts), Decimal(0)))


def spread(found: Sequence[Comparable]) -> Fraction:
    """(highest − lowest corrected price) / lowest: how far the comparables lie apart."""
    prices = [Fraction(c.corrected) for c in found]
    return (max(prices) - min(prices)) / min(prices)
