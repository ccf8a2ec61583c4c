"""What a service period costs, by the meaning of each kind of plan, in fractions of 元. It shares no code with `rate`.

Units are laid out one run after the other and priced one run at a time; nothing is rounded before the end of a line.
"""

from __future__ import annotations

import random
from datetime import date, timedelta
from fractions import Fraction
from math import ceil, floor

from shugang.policy.priceplan import OutcomePrice, PricePlan, Tier

OUTCOMES = ("found", "not_found", "error", "partial")
START = date(2026, 9, 1)
Uses = dict[tuple[str, date], int]


def fen(yuan: Fraction) -> int:
    """元 → 分, a half goes up; no amount here is negative."""
    return floor(yuan * 100 + Fraction(1, 2))


def each(plan: PricePlan, e8: int, units: int) -> Fraction:
    """元 for `units` at so many hundred-millionths of a 元 for `unit_size` of them."""
    return Fraction(e8, 10**8) * Fraction(units, plan.unit_size)


def cost(plan: PricePlan, uses: Uses) -> int:
    """分 of the whole period."""
    if plan.kind == "free":
        return 0
    if plan.kind in ("one_off", "period"):
        return plan.price_fen
    if plan.kind == "revenue":
        revenue = sum(count for (outcome, _), count in uses.items() if outcome == "revenue")
        amount = fen(Fraction(revenue, 100) * plan.share_bp / 10_000)
    else:
        amount = {
            "per_unit": _per_unit, "by_outcome": _by_outcome, "package": _package, "tiered": _tiered, "volume": _volume,
        }[plan.kind](plan, uses)  # fmt: skip
    if plan.cap_fen is not None:
        amount = min(amount, plan.cap_fen)
    return max(amount, plan.minimum_fen)


def _units(plan: PricePlan, uses: Uses) -> int:
    """Billable units that are not free of charge."""
    return max(0, sum(n for (outcome, _), n in uses.items() if outcome in plan.billable) - plan.included)


def _days(uses: Uses) -> list[date]:
    return sorted({day for _, day in uses})


def _per_unit(plan: PricePlan, uses: Uses) -> int:
    if plan.daily_cap_fen is None:
        return fen(each(plan, plan.unit_price_e8, _units(plan, uses)))
    free, whole, over = plan.included, Fraction(0), False
    for day in _days(uses):
        units = sum(uses.get((outcome, day), 0) for outcome in plan.billable)
        paid = max(0, units - free)
        free = max(0, free - units)
        price = each(plan, plan.unit_price_e8, paid)
        over = over or price > Fraction(plan.daily_cap_fen, 100)
        whole += min(price, Fraction(plan.daily_cap_fen, 100))
    return fen(whole if over else each(plan, plan.unit_price_e8, _units(plan, uses)))


def _by_outcome(plan: PricePlan, uses: Uses) -> int:
    """Each outcome is a line and rounded as one; a day over its maximum makes the capped days the whole price."""
    lines = 0
    for price in plan.prices:
        lines += fen(each(plan, price.unit_price_e8, sum(n for (o, _), n in uses.items() if o == price.outcome)))
    if plan.daily_cap_fen is None:
        return lines
    cap, days = Fraction(plan.daily_cap_fen, 100), []
    for day in _days(uses):
        days.append(sum((each(plan, p.unit_price_e8, uses.get((p.outcome, day), 0)) for p in plan.prices), Fraction(0)))
    return (
        min(lines, fen(sum((min(price, cap) for price in days), Fraction(0)))) if any(p > cap for p in days) else lines
    )


def _package(plan: PricePlan, uses: Uses) -> int:
    if plan.valid_days is None:
        return ceil(Fraction(_units(plan, uses), plan.package_size)) * plan.price_fen
    open_until, left, opened = date.min, 0, 0
    for day in _days(uses):
        need = sum(uses.get((outcome, day), 0) for outcome in plan.billable)
        if day > open_until:
            left = 0
        while need > left:  # the open one is emptied, the next begins today
            need -= left
            opened, left, open_until = opened + 1, plan.package_size, day + timedelta(days=plan.valid_days - 1)
        left -= need
    return opened * plan.price_fen


def _tiered(plan: PricePlan, uses: Uses) -> int:
    units, below, lines = _units(plan, uses), 0, 0
    for tier in plan.tiers:
        top = units if tier.up_to is None else min(units, tier.up_to)
        lines += fen(each(plan, tier.unit_price_e8, max(0, top - below)))
        below = max(below, top)
    return lines


def _volume(plan: PricePlan, uses: Uses) -> int:
    units = _units(plan, uses)
    fitting = [tier for tier in plan.tiers if tier.up_to is None or units <= tier.up_to]
    return fen(each(plan, fitting[0].unit_price_e8, units))


def a_case(chosen: random.Random) -> tuple[PricePlan, Uses]:
    """A plan of any kind and what was used under it: small numbers mostly, so that edges are met."""
    kind = chosen.choice(
        ["free", "one_off", "per_unit", "by_outcome", "package", "tiered", "volume", "period", "revenue"]
    )
    names = tuple(chosen.sample(OUTCOMES, chosen.randint(1, 3)))
    days = [START + timedelta(days=chosen.randrange(60)) for _ in range(chosen.randint(1, 6))]
    top = chosen.choice([3, 50, 3000, 10**7])
    uses: Uses = {(chosen.choice(OUTCOMES), day): chosen.randint(0, top) for day in days for _ in range(2)}
    price, size = (
        (lambda: chosen.choice([0, 1, chosen.randrange(10**4), chosen.randrange(10**11)])),
        chosen.choice([1, 7, 1000]),
    )
    bounds = sorted(chosen.sample(range(1, 2 * top + 4), chosen.randint(0, 3)))
    tiers = tuple(Tier(bound, price()) for bound in [*bounds, None])
    minimum = chosen.choice([0, 0, chosen.randrange(10**5)])
    common = {"minimum_fen": minimum, "cap_fen": chosen.choice([None, None, minimum + chosen.randrange(10**6)])}
    counted = {**common, "billable": names, "unit": chosen.choice(["calls", "rows", "bytes", "seconds"])}
    included = chosen.choice([0, 0, chosen.randint(1, top)])
    daily = chosen.choice([None, chosen.randrange(10**6)])
    packages = {"price_fen": chosen.randrange(10**6), "package_size": chosen.randint(max(1, top // 50), top)}
    own: dict[str, dict[str, object]] = {
        "free": {},
        "one_off": {"price_fen": chosen.randrange(10**9)},
        "period": {"price_fen": chosen.randrange(10**9), "every": chosen.choice(["month", "quarter", "year"])},
        "revenue": {**common, "share_bp": chosen.randint(1, 10_000), "unit": "revenue"},
        "per_unit": {**counted, "unit_price_e8": price(), "unit_size": size, "included": included, "daily_cap_fen": daily},
        "by_outcome": {
            **counted, "prices": tuple(OutcomePrice(name, price()) for name in names), "unit_size": size, "daily_cap_fen": daily,
        },
        "package": {**counted, **packages, "included": included},
        "tiered": {**counted, "tiers": tiers, "unit_size": size, "included": included},
        "volume": {**counted, "tiers": tiers, "unit_size": size, "included": included},
    }  # fmt: skip
    if kind == "package" and chosen.random() < 0.5:
        own["package"] = {**packages, "billable": names, "unit": counted["unit"], "valid_days": chosen.randint(1, 40)}
    if kind == "revenue":
        uses = {**uses, ("revenue", START): chosen.randrange(10**9)}
    return PricePlan(kind, **own[kind]), uses  # type: ignore[arg-type]


def differences(seed: int, cases: int) -> list[str]:
    """Cases in which `rate` says something else than the oracle, and how many of each kind were met."""
    from shugang.policy.priceplan import day_key, total

    chosen, found, met = random.Random(seed), list[str](), set[str]()
    for number in range(cases):
        plan, uses = a_case(chosen)
        quantities: dict[str, int] = {}
        for (outcome, day), count in uses.items():
            name = day_key(outcome, day) if plan.by_day else outcome
            quantities[name] = quantities.get(name, 0) + count
        met.add(plan.kind)
        if (ours := total(plan, quantities)) != (theirs := cost(plan, uses)):
            found.append(f"case {number} of seed {seed}: {ours}, not {theirs}: {plan} {quantities}")
    return found or ([] if len(met) == 9 else [f"only {met}"])
