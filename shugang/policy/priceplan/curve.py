"""A plan looked at: what volumes cost, for a plot and a worked example."""

from datetime import date, timedelta
from typing import NamedTuple

from shugang.policy.priceplan.plan import PricePlan
from shugang.policy.priceplan.quantities import REVENUE, day_key
from shugang.policy.priceplan.rating import RatedLine, rate, total

POINTS = 24
DAYS = 30
_FIRST = date(2026, 1, 1)  # any month of thirty days and more: only the spread over days matters


class Point(NamedTuple):
    """`units` in one service period, and what they cost in 分."""

    units: int
    amount_fen: int


def spread(plan: PricePlan, units: int) -> dict[str, int]:
    """`units` of the plan's first charged outcome; over thirty days as evenly as whole units go where days matter."""
    if plan.kind == "revenue":
        return {REVENUE: units}
    name = plan.billable[0] if plan.billable else "delivered"
    if not plan.by_day:
        return {name: units}
    each, more = divmod(units, DAYS)
    found = {day_key(name, _FIRST + timedelta(days=n)): each + (n < more) for n in range(DAYS)}
    return {key: count for key, count in found.items() if count}


def top(plan: PricePlan) -> int:
    """A round volume past which a plot of this plan shows nothing new."""
    if plan.kind == "revenue":
        return 10_000_000
    breaks = [tier.up_to for tier in plan.tiers if tier.up_to is not None]
    if breaks:
        return _round(plan.included + breaks[-1] * 3 // 2)
    if plan.kind == "package":
        return _round(plan.included + plan.package_size * 4)
    bounds = [cap for cap in (plan.cap_fen, plan.daily_cap_fen and plan.daily_cap_fen * DAYS) if cap]
    price = plan.unit_price_e8 or max((p.unit_price_e8 for p in plan.prices), default=0)
    if bounds and price:
        return _round(plan.included + min(bounds) * 1_000_000 * plan.unit_size * 3 // (2 * price) + 1)
    return _round(max(1000 * plan.unit_size, 3 * plan.included))


def _round(units: int) -> int:
    """Up to two leading digits: 1,234 → 1,300."""
    scale = 10 ** max(0, len(str(units)) - 2)
    return max(10, -(-units // scale) * scale)


def curve(plan: PricePlan) -> list[Point]:
    """Volumes from 0 on in even steps; both sides of every cliff; empty where the volume does not matter."""
    if plan.kind in ("free", "one_off", "period"):
        return []
    end = top(plan)
    volumes = {end * n // POINTS for n in range(POINTS + 1)}
    for tier in plan.tiers:
        if plan.kind == "volume" and tier.up_to is not None:
            volumes |= {plan.included + tier.up_to, plan.included + tier.up_to + 1}
    return [Point(units, total(plan, spread(plan, units))) for units in sorted(volumes)]


def example(plan: PricePlan) -> tuple[int, list[RatedLine]]:
    """A volume that shows most of the plan at work, and its lines."""
    units = 0 if plan.kind in ("free", "one_off", "period") else top(plan)
    return units, rate(plan, spread(plan, units))
