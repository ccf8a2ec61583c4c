"""The chain of public-data fees: allowance → cap of each product → price; and the surplus carried over. Pure.

国家发展改革委 国家数据局《关于建立公共数据资源授权运营价格形成机制的通知》（发改价格〔2025〕65号）: 最高准许收入 =
经营成本 + 准许利润 + 税金; the body that authorises sets an upper limit for each product; the operator charges at most that;
without a full year of operation the limits are on trial; income beyond the allowance is deducted in the next period;
public governance and public benefit are free. Amounts are 分.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import NamedTuple

from shugang.policy.money import format_yuan, round_half_up
from shugang.policy.priceplan import PricePlan, check_plan
from shugang.policy.text import Text

CAP_KINDS = ("free", "one_off", "per_unit", "tiered", "period")
PRICE_KINDS = ("free", "one_off", "per_unit", "tiered", "package", "period")


class Allowance(NamedTuple):
    """What may be earned in one period."""

    cost_fen: int
    profit_fen: int
    tax_fen: int
    deducted_fen: int = 0

    @property
    def gross_fen(self) -> int:
        """最高准许收入 before the deduction."""
        return self.cost_fen + self.profit_fen + self.tax_fen

    @property
    def allowed_fen(self) -> int:
        """What is left after last period's surplus; never below 0, the rest is carried on."""
        return max(0, self.gross_fen - self.deducted_fen)

    @property
    def carried_fen(self) -> int:
        """The part of the deduction that this period could not bear."""
        return max(0, self.deducted_fen - self.gross_fen)


def surplus(allowance: Allowance, revenue_fen: int) -> int:
    """What the next period deducts: income beyond what was allowed, and what was carried on."""
    return max(0, revenue_fen - allowance.allowed_fen) + allowance.carried_fen


def over_cap(plan: PricePlan, cap: PricePlan) -> Text | None:
    """Why a price goes beyond its cap; None when no buyer pays more than the cap allows, whatever his volume.

    Both are piecewise linear with the same unit, so it is enough to look at their breaks and at the last slopes. A package
    is compared at its full size.
    """
    check_plan(plan)
    check_plan(cap)
    if plan.kind == "free":
        return None
    if plan.kind not in PRICE_KINDS:
        return Text("公共数据产品只能免费、一次性、按量、阶梯、套餐或按期收费。",
                    "Public data are free, one-off, per unit, graduated, by package or by period.")  # fmt: skip
    if cap.kind == "free":
        return Text("该产品核定为免费，不能收费。", "This product was decided to be free; nothing may be charged.")
    if plan.kind in ("one_off", "period") or cap.kind in ("one_off", "period"):
        return _flat(plan, cap)
    if plan.unit != cap.unit:
        return Text("计量单位与上限收费标准不同，无法比较。", "The unit differs from that of the cap.")
    if plan.minimum_fen:
        return Text("有上限的公共数据产品不能设最低消费。", "A capped public product has no minimum charge.")
    return next(_beyond(plan, cap), None)


def _flat(plan: PricePlan, cap: PricePlan) -> Text | None:
    if plan.kind != cap.kind or plan.every != cap.every:
        return Text("计价方式与上限收费标准不同，无法比较。", "The kind of price differs from that of the cap.")
    if plan.price_fen > cap.price_fen:
        return Text(f"价格{format_yuan(plan.price_fen)}高于上限收费标准{format_yuan(cap.price_fen)}。",
                    f"The price {format_yuan(plan.price_fen)} is above the cap of {format_yuan(cap.price_fen)}.")  # fmt: skip
    return None


def _tiers(plan: PricePlan) -> list[tuple[int | None, Fraction]]:
    """(end, 分 per unit), the last without end."""
    if plan.kind == "package":
        return [(None, Fraction(plan.price_fen, plan.package_size))]
    steps = [(t.up_to, t.unit_price_e8) for t in plan.tiers] or [(None, plan.unit_price_e8)]
    return [(end, Fraction(price, 1_000_000 * plan.unit_size)) for end, price in steps]


def _price(tiers: list[tuple[int | None, Fraction]], units: int) -> Fraction:
    total, start = Fraction(0), 0
    for end, each in tiers:
        stop = units if end is None else min(units, end)
        total += max(0, stop - start) * each
        start = max(start, stop)
    return total


def _beyond(plan: PricePlan, cap: PricePlan) -> Iterator[Text]:
    mine, most = _tiers(plan), _tiers(cap)
    breaks = {end for end, _ in (*mine, *most) if end is not None}
    for units in sorted(breaks | ({plan.package_size} if plan.kind == "package" else {1})):
        paid, allowed = _price(mine, units), _price(most, units)
        if paid > allowed:
            a, b = _yuan(paid), _yuan(allowed)
            yield Text(f"用量{units:,}时收费{a}，高于上限收费标准{b}。",
                       f"At {units:,} units it charges {a}, above the cap of {b}.")  # fmt: skip
    if mine[-1][1] > most[-1][1]:
        yield Text("用量更大时的单价高于上限收费标准的最后一级。", "Its last unit price is above that of the cap.")


def _yuan(amount: Fraction) -> str:
    return format_yuan(round_half_up(amount.numerator, amount.denominator))
