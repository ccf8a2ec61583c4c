"""A seller's own price list checked for arbitrage: dearer must not be had cheaper by splitting or by taking
more.

A price p is free of arbitrage when it is monotone and subadditive, p(x+y) ≤ p(x)+p(y). Findings warn the
seller; they forbid nothing.
"""

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from itertools import product
from typing import NamedTuple

from shugang.policy.priceplan import PricePlan, check_plan
from shugang.policy.text import Text


class Finding(NamedTuple):
    """What is cheaper than it should be: buying `parts` instead of `whole` (units)."""

    code: str
    text: Text
    whole: int
    parts: tuple[int, ...]


def arbitrage_findings(plan: PricePlan) -> list[Finding]:
    """At most one finding per kind of defect, before rounding; empty for a sound plan.

    A graduated price is piecewise linear, so p(x)+p(y)−p(x+y) is least where two of x, y and x+y are break
    points: looking there (and well past the last) finds every gap. Free units are gained once by every
    further account.
    """
    check_plan(plan)
    if plan.kind in ("free", "one_off"):
        return []
    findings: list[Finding] = []
    if plan.included and _full_price(plan)(2 * plan.included) > 0:
        text = Text(
            f"每个账户都有 {plan.included:,} 个免费额度，分成多个账户购买会更便宜。",
            f"Every account has {plan.included:,} units free, so buying through several accounts is cheaper.",
        )
        findings.append(Finding("included_repeats", text, 2 * plan.included, (plan.included, plan.included)))
    if plan.kind == "tiered":
        findings += list(_splits(plan))[:1]
    return findings


def _full_price(plan: PricePlan) -> Callable[[int], Fraction]:
    """The exact price of so many billable units in 分, before rounding."""

    def price(units: int) -> Fraction:
        rest = max(0, units - plan.included)
        if plan.kind == "package":
            return _clamp(plan, Fraction(-(-rest // plan.package_size) * plan.price_fen))
        tiers = [(t.up_to, t.unit_price_e8) for t in plan.tiers] or [(None, plan.unit_price_e8)]
        total, start = 0, 0
        for up_to, e8 in tiers:
            end = rest if up_to is None else min(rest, up_to)
            total += max(0, end - start) * e8
            start = max(start, end)
        return _clamp(plan, Fraction(total, 1_000_000 * plan.unit_size))

    return price


def _clamp(plan: PricePlan, amount: Fraction) -> Fraction:
    amount = max(amount, Fraction(plan.minimum_fen))
    return amount if plan.cap_fen is None else min(amount, Fraction(plan.cap_fen))


def _splits(plan: PricePlan) -> Iterator[Finding]:
    # Free units have their own finding; without them only the brackets themselves are judged.
    bare = PricePlan(**{**plan.__dict__, "included": 0})
    price = _full_price(bare)
    breaks = [tier.up_to for tier in plan.tiers if tier.up_to is not None]
    points = sorted({*breaks, *((4 * breaks[-1],) if breaks else ())})
    pairs = {(x, y) for x, y in product(points, points)} | {(x, z - x) for x, z in product(points, points) if z > x}
    for x, y in sorted(pairs, key=lambda pair: (sum(pair), pair)):
        if price(x + y) > price(x) + price(y):
            text = Text(
                f"购买 {x + y:,} 个比分别购买 {x:,} 个和 {y:,} 个更贵，买方可以拆单。",
                f"Buying {x + y:,} units costs more than buying {x:,} and {y:,} apart, so buyers will split orders.",
            )
            yield Finding("split_is_cheaper", text, x + y, (x, y))


def ladder_findings(rungs: Sequence[tuple[int, int]]) -> list[Finding]:
    """A list of packages (units, 分): a larger one must not cost less, nor more than smaller ones that
    cover it."""
    findings: list[Finding] = []
    ordered = sorted(rungs)
    for i, (units, fen) in enumerate(ordered):
        larger = [other for other in ordered[i + 1 :] if other[1] < fen]
        if larger:
            text = Text(
                f"{larger[0][0]:,} 个的套餐比 {units:,} 个的套餐更便宜。",
                f"The package of {larger[0][0]:,} units is cheaper than that of {units:,}.",
            )
            findings.append(Finding("more_is_cheaper", text, units, (larger[0][0],)))
        parts = _cheapest_cover(units, fen, ordered[:i])
        if parts:
            text = Text(
                f"{units:,} 个的套餐比拼购小套餐（{'+'.join(map(str, parts))}）更贵。",
                f"The package of {units:,} units costs more than smaller ones together ({'+'.join(map(str, parts))}).",
            )
            findings.append(Finding("split_is_cheaper", text, units, parts))
    return findings


def _cheapest_cover(units: int, fen: int, smaller: Sequence[tuple[int, int]]) -> tuple[int, ...]:
    """Copies of two of the smaller packages that hold `units` for less than `fen`; () when there are none."""
    best, found = fen, ()  # type: tuple[int, tuple[int, ...]]
    for (a, price_a), (b, price_b) in product(smaller, smaller):
        for copies in range(1, min(units // a, 200) + 2):
            others = max(0, -(-(units - copies * a) // b))
            cost = copies * price_a + others * price_b
            if cost < best and others <= 200:
                best, found = cost, (a,) * copies + (b,) * others
    return found
