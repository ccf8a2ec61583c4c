"""A seller's own prices checked for arbitrage: dearer must not be had cheaper by splitting, by taking more, or by
another of his offers.

A price p is free of arbitrage when it is monotone and subadditive, p(x+y) ≤ p(x)+p(y). Findings warn the
seller, who may accept them with a reason; each names the cheapest way round and what it saves.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import product
from typing import NamedTuple

from shugang.policy.money import format_yuan, round_half_up
from shugang.policy.priceplan import PricePlan, check_plan
from shugang.policy.text import Text

Price = Callable[[int], Fraction]
_COUNTED = ("per_unit", "by_outcome", "package", "tiered", "volume")


class Finding(NamedTuple):
    """What is cheaper than it should be: buying `parts` instead of `whole` (units), for so many 分."""

    code: str
    text: Text
    whole: int
    parts: tuple[int, ...]
    whole_fen: int = 0
    parts_fen: int = 0


def arbitrage_findings(plan: PricePlan) -> list[Finding]:
    """At most one finding per kind of defect, the one that saves most; before rounding; empty for a sound plan.

    Prices are piecewise linear with jumps behind breaks, so p(x)+p(y)−p(x+y) is least where two of x, y and x+y
    stand at a break or just behind it: looking there (and well past the last) finds every gap. Free units are
    gained once by every further account.
    """
    check_plan(plan)
    if plan.kind not in _COUNTED:
        return []
    findings: list[Finding] = []
    price = full_price(plan)
    if plan.included and price(2 * plan.included) > 0:
        text = Text(
            f"每个账户都有 {plan.included:,} 个免费额度，分成多个账户购买会更便宜。",
            f"Every account has {plan.included:,} units free, so buying through several accounts is cheaper.",
        )
        parts = (plan.included, plan.included)
        dear, cheap = price(2 * plan.included), 2 * price(plan.included)
        findings.append(Finding("included_repeats", text, 2 * plan.included, parts, _fen(dear), _fen(cheap)))
    if plan.kind in ("tiered", "volume"):
        # Free units have their own finding; without them only the brackets themselves are judged.
        bare = replace(plan, included=0)
        for found in (_cliffs(bare), _splits(bare)):
            findings += sorted(found, key=lambda f: f.parts_fen - f.whole_fen)[:1]
    return findings


def full_price(plan: PricePlan) -> Price:
    """The exact price of so many units of the dearest charged outcome on one day, in 分, before rounding."""
    tiers = [(t.up_to, t.unit_price_e8) for t in plan.tiers] or [(None, plan.unit_price_e8)]
    if plan.prices:
        tiers = [(None, max(p.unit_price_e8 for p in plan.prices))]

    def price(units: int) -> Fraction:
        rest = max(0, units - plan.included)
        if plan.kind == "package":
            return _clamp(plan, Fraction(-(-rest // plan.package_size) * plan.price_fen))
        if plan.kind == "volume":
            e8 = rest * next(p for up_to, p in tiers if up_to is None or rest <= up_to)
        else:
            e8, start = 0, 0
            for up_to, unit_price in tiers:
                end = rest if up_to is None else min(rest, up_to)
                e8 += max(0, end - start) * unit_price
                start = max(start, end)
        return _clamp(plan, Fraction(e8, 1_000_000 * plan.unit_size))

    return price


def _clamp(plan: PricePlan, amount: Fraction) -> Fraction:
    if plan.daily_cap_fen is not None:
        amount = min(amount, Fraction(plan.daily_cap_fen))
    amount = max(amount, Fraction(plan.minimum_fen))
    return amount if plan.cap_fen is None else min(amount, Fraction(plan.cap_fen))


def _fen(amount: Fraction) -> int:
    return round_half_up(amount.numerator, amount.denominator)


def _yuan(amount: Fraction) -> str:
    return format_yuan(_fen(amount))


def _breaks(plan: PricePlan) -> list[int]:
    return [tier.up_to for tier in plan.tiers if tier.up_to is not None]


def _cliffs(plan: PricePlan) -> Iterator[Finding]:
    """Breaks behind which the whole costs less than before them."""
    price = full_price(plan)
    for end in _breaks(plan):
        dear, cheap = price(end), price(end + 1)
        if cheap < dear:
            text = Text(
                f"购买 {end + 1:,} 个（{_yuan(cheap)}）比购买 {end:,} 个（{_yuan(dear)}）更便宜，"
                f"买方会多买，或等用量跨过这一级。",
                f"Buying {end + 1:,} units ({_yuan(cheap)}) costs less than {end:,} ({_yuan(dear)}), "
                "so buyers will take more than they need.",
            )
            yield Finding("more_is_cheaper", text, end, (end + 1,), _fen(dear), _fen(cheap))


def _splits(plan: PricePlan) -> Iterator[Finding]:
    price = full_price(plan)
    breaks = _breaks(plan)
    points = {*breaks, *((4 * breaks[-1],) if breaks else ())}
    if plan.kind == "volume":
        points |= {end + 1 for end in breaks} | {1}
    pairs = {(x, y) for x, y in product(points, points)} | {(x, z - x) for x, z in product(points, points) if z > x}
    for x, y in sorted(pairs, key=lambda pair: (sum(pair), pair)):
        whole, apart = price(x + y), price(x) + price(y)
        if whole > apart:
            text = Text(
                f"购买 {x + y:,} 个（{_yuan(whole)}）比分别购买 {x:,} 个和 {y:,} 个（共{_yuan(apart)}）更贵，买方可以拆单。",
                f"Buying {x + y:,} units ({_yuan(whole)}) costs more than buying {x:,} and {y:,} apart "
                f"({_yuan(apart)}), so buyers will split orders.",
            )
            yield Finding("split_is_cheaper", text, x + y, (x, y), _fen(whole), _fen(apart))


class Offer(NamedTuple):
    """One of a seller's offers of the same data in the same way: a name that he knows it by, and its plan."""

    name: str
    plan: PricePlan


def offer_findings(offers: Sequence[Offer]) -> list[Finding]:
    """Where one offer is undercut by another that counts and charges alike: packages against single units, and a
    package against copies of others. At most one finding an offer, the one that saves most."""
    counted = [offer for offer in offers if offer.plan.kind in _COUNTED]
    found: list[Finding] = []
    for mine in counted:
        others = [o for o in counted if o is not mine and _alike(mine.plan, o.plan)]
        found += sorted(_undercut(mine, others), key=lambda f: f.parts_fen - f.whole_fen)[:1]
    return found


def _alike(one: PricePlan, other: PricePlan) -> bool:
    return one.unit == other.unit and set(one.billable) == set(other.billable)


def _undercut(mine: Offer, others: Sequence[Offer]) -> Iterator[Finding]:
    price = full_price(mine.plan)
    sizes = [mine.plan.package_size] if mine.plan.kind == "package" else _breaks(mine.plan)
    for other in others:
        rival = full_price(other.plan)
        # Who sells single units is undercut only where he has brackets; else whoever sells packages sells a discount.
        for units in sizes:
            copies = [(n, n * rival(-(-units // n))) for n in range(1, 11)]
            n, cheap = min(copies, key=lambda pair: pair[1])
            if cheap < price(units):
                dear, part = price(units), -(-units // n)
                text = Text(
                    f"“{mine.name}”的 {units:,} 个（{_yuan(dear)}）不如买“{other.name}”{n}份、每份{part:,}个（共{_yuan(cheap)}）。",
                    f"{units:,} units of “{mine.name}” ({_yuan(dear)}) are had cheaper as {n} × {part:,} of "
                    f"“{other.name}” ({_yuan(cheap)}).",
                )
                yield Finding("offer_is_cheaper", text, units, (part,) * n, _fen(dear), _fen(cheap))


def ladder_findings(rungs: Sequence[tuple[int, int]]) -> list[Finding]:
    """A list of packages (units, 分): a larger one must not cost less, nor more than smaller ones that
    cover it."""
    findings: list[Finding] = []
    ordered = sorted(rungs)
    for i, (units, fen) in enumerate(ordered):
        larger = [other for other in ordered[i + 1 :] if other[1] < fen]
        if larger:
            size, cheap = larger[0]
            text = Text(
                f"{size:,} 个的套餐（{format_yuan(cheap)}）比 {units:,} 个的套餐（{format_yuan(fen)}）更便宜。",
                f"The package of {size:,} units ({format_yuan(cheap)}) is cheaper than that of {units:,} ({format_yuan(fen)}).",
            )
            findings.append(Finding("more_is_cheaper", text, units, (size,), fen, cheap))
        cost, parts = _cheapest_cover(units, fen, ordered[:i])
        if parts:
            text = Text(
                f"{units:,} 个的套餐（{format_yuan(fen)}）比拼购小套餐（{'+'.join(map(str, parts))}，{format_yuan(cost)}）更贵。",
                f"The package of {units:,} units ({format_yuan(fen)}) costs more than smaller ones together "
                f"({'+'.join(map(str, parts))}, {format_yuan(cost)}).",
            )
            findings.append(Finding("split_is_cheaper", text, units, parts, fen, cost))
    return findings


def _cheapest_cover(units: int, fen: int, smaller: Sequence[tuple[int, int]]) -> tuple[int, tuple[int, ...]]:
    """(分, copies of two of the smaller packages that hold `units` for less than `fen`); no copies: there are none."""
    best, found = fen, ()  # type: tuple[int, tuple[int, ...]]
    for (a, price_a), (b, price_b) in product(smaller, smaller):
        for copies in range(1, min(units // a, 200) + 2):
            others = max(0, -(-(units - copies * a) // b))
            cost = copies * price_a + others * price_b
            if cost < best and others <= 200:
                best, found = cost, (a,) * copies + (b,) * others
    return best, found
