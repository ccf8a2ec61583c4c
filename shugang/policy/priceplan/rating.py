"""`rate`: quantities → lines, exact integers, rounded once per line.

Quantities are those of one whole service period: later records mean rating the period again and billing the
difference, never rating the difference. So neither the order of records nor how they were grouped decides anything.
"""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from fractions import Fraction
from typing import Any, NamedTuple

from shugang.policy.money import E8_PER_FEN, e8_times_qty_to_fen, round_half_up
from shugang.policy.priceplan.plan import PricePlan, check_plan
from shugang.policy.priceplan.quantities import REVENUE, days, totals
from shugang.policy.priceplan.words import REASONS
from shugang.policy.text import Text


class RatedLine(NamedTuple):
    """One line: `quantity` units of `outcomes`, its price and the amount; `tier` counts brackets from 1."""

    charge_reason: str
    outcomes: tuple[str, ...]
    unit: str
    quantity: int
    unit_price_e8: int
    unit_size: int
    amount_fen: int
    tier: int | None = None

    @property
    def reason_text(self) -> Text:
        return REASONS[self.charge_reason]


# Kinds that charge no single use: (the line that is charged, the line of each outcome).
_FLAT = {
    "free": ("", "free"),
    "one_off": ("one_off", "in_one_off"),
    "period": ("period", "in_period"),
    "revenue": ("share", "in_share"),
}


def rate(plan: PricePlan, quantities: Mapping[str, int]) -> list[RatedLine]:
    """The lines of one whole service period; quantities by outcome, none negative (ValueError).

    A plan that is `by_day` wants the key of every billable quantity to name its day (ValueError).
    """
    if any(quantity < 0 for quantity in quantities.values()):
        raise ValueError("a quantity is not negative")
    check_plan(plan)
    whole = totals(quantities)
    if plan.kind in _FLAT:
        lines = list(_flat(plan, whole))
    else:
        billable = {name: whole[name] for name in plan.billable if whole.get(name)}
        lines = list(_charged(plan, billable, quantities))
        lines += _uncharged(plan, whole)
    return lines + _bounds(plan, sum(line.amount_fen for line in lines))


def total(plan: PricePlan, quantities: Mapping[str, int]) -> int:
    """分 of a whole service period."""
    return sum(line.amount_fen for line in rate(plan, quantities))


def _line(
    plan: PricePlan, reason: str, outcomes: tuple[str, ...], quantity: int, amount: int, **more: Any
) -> RatedLine:
    return RatedLine(
        reason, outcomes, plan.unit, quantity, more.get("price", 0), plan.unit_size, amount, more.get("tier")
    )


def _flat(plan: PricePlan, whole: Mapping[str, int]) -> Iterator[RatedLine]:
    charged, covered = _FLAT[plan.kind]
    if plan.kind == "revenue":
        revenue = whole.get(REVENUE, 0)
        yield _line(plan, charged, (), revenue, round_half_up(revenue * plan.share_bp, 10_000))
    elif charged:
        yield _line(plan, charged, (), 1, plan.price_fen)
    for outcome, quantity in sorted(whole.items()):
        if quantity and outcome != REVENUE:
            line = _line(plan, covered, (outcome,), quantity, 0)
            yield line._replace(unit="calls") if plan.kind == "revenue" else line


def _charged(plan: PricePlan, billable: Mapping[str, int], quantities: Mapping[str, int]) -> Iterator[RatedLine]:
    outcomes, units = tuple(billable), sum(billable.values())
    included = min(units, plan.included)
    if included:
        yield _line(plan, "included", outcomes, included, 0)
    rest = units - included
    if not rest:
        return
    lines = list(_PRICED[plan.kind](plan, billable, rest, quantities))
    yield from lines
    if plan.daily_cap_fen is not None:
        yield from _day_capped(plan, plan.daily_cap_fen, quantities, sum(line.amount_fen for line in lines))


def _per_unit(plan: PricePlan, billable: Mapping[str, int], rest: int, _: Any) -> Iterator[RatedLine]:
    amount = e8_times_qty_to_fen(plan.unit_price_e8, rest, plan.unit_size)
    yield _line(plan, "unit", tuple(billable), rest, amount, price=plan.unit_price_e8)


def _outcomes(plan: PricePlan, billable: Mapping[str, int], rest: int, _: Any) -> Iterator[RatedLine]:
    for price in plan.prices:
        if quantity := billable.get(price.outcome, 0):
            amount = e8_times_qty_to_fen(price.unit_price_e8, quantity, plan.unit_size)
            yield _line(plan, "outcome", (price.outcome,), quantity, amount, price=price.unit_price_e8)


def _packages(
    plan: PricePlan, billable: Mapping[str, int], rest: int, quantities: Mapping[str, int]
) -> Iterator[RatedLine]:
    count = -(-rest // plan.package_size) if plan.valid_days is None else packages_opened(plan, quantities)
    yield _line(plan, "package", tuple(billable), rest, count * plan.price_fen)


def packages_opened(plan: PricePlan, quantities: Mapping[str, int]) -> int:
    """How many packages use opens when each may be used `valid_days` days; what is left of it then lapses.

    Use fills the open package first and opens the next when it is empty or its last day is over.
    """
    assert plan.valid_days is not None
    opened, left, last_day = 0, 0, None
    for day, by_outcome in days(quantities):
        units = sum(by_outcome.get(name, 0) for name in plan.billable)
        if last_day is not None and day > last_day:
            left = 0
        if units > left:
            more = -(-(units - left) // plan.package_size)
            opened, left = opened + more, left + more * plan.package_size
            last_day = day + timedelta(days=plan.valid_days - 1)
        left -= units
    return opened


def _brackets(plan: PricePlan, billable: Mapping[str, int], rest: int, _: Any) -> Iterator[RatedLine]:
    start = 0
    for number, tier in enumerate(plan.tiers, 1):
        end = rest if tier.up_to is None else min(rest, tier.up_to)
        if end > start:
            amount = e8_times_qty_to_fen(tier.unit_price_e8, end - start, plan.unit_size)
            price = tier.unit_price_e8
            yield _line(plan, "tier", tuple(billable), end - start, amount, price=price, tier=number)
            start = end


def _volume(plan: PricePlan, billable: Mapping[str, int], rest: int, _: Any) -> Iterator[RatedLine]:
    number, tier = next((n, t) for n, t in enumerate(plan.tiers, 1) if t.up_to is None or rest <= t.up_to)
    amount = e8_times_qty_to_fen(tier.unit_price_e8, rest, plan.unit_size)
    yield _line(plan, "volume", tuple(billable), rest, amount, price=tier.unit_price_e8, tier=number)


_PRICED = {
    "per_unit": _per_unit,
    "by_outcome": _outcomes,
    "package": _packages,
    "tiered": _brackets,
    "volume": _volume,
}


def _day_capped(plan: PricePlan, cap: int, quantities: Mapping[str, int], amount: int) -> Iterator[RatedLine]:
    """Exact charges of each day, each at most the cap, summed and rounded once; the line is what that takes off."""
    free, due, capped = plan.included, Fraction(0), False
    for _, by_outcome in days(quantities):
        units = sum(by_outcome.get(name, 0) for name in plan.billable)
        used = min(free, units)
        free -= used
        charge = _exact(plan, by_outcome, units - used)
        capped = capped or charge > cap
        due += min(charge, Fraction(cap))
    if capped:
        off = min(0, round_half_up(due.numerator, due.denominator) - amount)
        yield _line(plan, "day_capped", (), 0, off)


def _exact(plan: PricePlan, by_outcome: Mapping[str, int], units: int) -> Fraction:
    if plan.kind == "by_outcome":
        e8 = sum(price.unit_price_e8 * by_outcome.get(price.outcome, 0) for price in plan.prices)
    else:
        e8 = plan.unit_price_e8 * units
    return Fraction(e8, E8_PER_FEN * plan.unit_size)


def _uncharged(plan: PricePlan, whole: Mapping[str, int]) -> list[RatedLine]:
    others = sorted(name for name, quantity in whole.items() if quantity and name not in plan.billable)
    return [_line(plan, "not_billable", (name,), whole[name], 0) for name in others]


def _bounds(plan: PricePlan, amount: int) -> list[RatedLine]:
    if amount < plan.minimum_fen:
        return [_line(plan, "minimum", (), 0, plan.minimum_fen - amount)]
    if plan.cap_fen is not None and amount > plan.cap_fen:
        return [_line(plan, "capped", (), 0, plan.cap_fen - amount)]
    return []
