"""What a rating adds to what was billed: rate the whole period, subtract, line by line. Pure.

Graduated, packaged and capped prices cannot be summed over parts of a period, so a part is never rated by
itself; each line is the difference of two whole ratings and all lines of a period sum to the last rating.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from shugang.policy.priceplan import PricePlan, RatedLine, rate, total


class NewLine(NamedTuple):
    """A line to bill; `quantity` and `amount_fen` are differences and may be negative (冲减)."""

    charge_reason: str
    tier: int | None
    outcomes: tuple[str, ...]
    unit: str
    quantity: int
    unit_price_e8: int
    unit_size: int
    amount_fen: int


# Reasons of lines that stand for each outcome apart; the others occur once (a tier: once each).
_PER_OUTCOME = frozenset({"not_billable", "free", "in_one_off", "in_period", "in_share", "outcome"})
_Key = tuple[str, int | None, tuple[str, ...]]


def _key(line: RatedLine) -> _Key:
    return line.charge_reason, line.tier, line.outcomes if line.charge_reason in _PER_OUTCOME else ()


def rated_total(plan: PricePlan, quantities: Mapping[str, int]) -> int:
    """分 for a whole period."""
    return total(plan, quantities)


def difference(plan: PricePlan, now: Mapping[str, int], before: Mapping[str, int] | None) -> list[NewLine]:
    """Lines that bring a period billed for `before` (None: never billed) to `now`; quantities by outcome."""
    new = {_key(line): line for line in rate(plan, now)}
    old = {_key(line): line for line in rate(plan, before)} if before is not None else {}
    found = (_subtract(new.get(key), old.get(key)) for key in [*new, *(k for k in old if k not in new)])
    return [line for line in found if line.quantity or line.amount_fen]


def _subtract(new: RatedLine | None, old: RatedLine | None) -> NewLine:
    shown = new or old
    if shown is None:
        raise ValueError("nothing to subtract from nothing")
    quantity = (new.quantity if new else 0) - (old.quantity if old else 0)
    amount = (new.amount_fen if new else 0) - (old.amount_fen if old else 0)
    return NewLine(
        shown.charge_reason,
        shown.tier,
        shown.outcomes,
        shown.unit,
        quantity,
        shown.unit_price_e8,
        shown.unit_size,
        amount,
    )
