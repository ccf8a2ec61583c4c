"""成本法: what it would cost to have the asset again, adjusted.

Two formulas: P = C·δ of 《数据资产评估指导意见》(中评协〔2023〕17号) 第四章 成本法, and the older P = TC·(1+R)·U of
《资产评估专家指引第9号——数据资产评估》(中评协〔2019〕40号). Units: C, TC, P in 分; everything else a plain ratio.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from shugang.policy.text import Text

from .inputs import BadInput, exact, plausible, to_fen, within

PARTS = {
    "preliminary": Text("前期费用", "Preliminary cost"),
    "direct": Text("直接成本", "Direct cost"),
    "indirect": Text("间接成本", "Indirect cost"),
    "opportunity": Text("机会成本", "Opportunity cost"),
    "tax": Text("相关税费", "Taxes and fees"),
}
DELTAS = {
    "quality": Text("数据质量系数", "Data quality factor"),
    "term": Text("期限系数", "Term factor"),
    "scenario": Text("应用场景系数", "Scenario factor"),
}
WAYS = {
    "delta": Text("P＝C×δ（指导意见）", "P = C × δ (guiding opinions)"),
    "u": Text("P＝TC×（1＋R）×U（专家指引第9号）", "P = TC × (1 + R) × U (expert guideline no. 9)"),
}
ONE = Decimal(1)


@dataclass(frozen=True)
class CostValue:
    total: int
    coefficient: Decimal
    factors: dict[str, Decimal]
    value: Decimal

    @property
    def fen(self) -> int:
        return to_fen(self.value)


def total(parts: Mapping[str, int]) -> int:
    """C (or TC): the sum of the cost parts in 分. None negative, not all 0."""
    unknown = set(parts) - set(PARTS)
    if unknown or any(p < 0 for p in parts.values()):
        raise BadInput("negative_cost", "成本各项不能为负。", "No part of the cost may be negative.")
    whole = sum(parts.values())
    if whole == 0:
        raise BadInput("no_cost", "请至少填写一项成本。", "Give at least one part of the cost.")
    return plausible(whole, Text("成本合计", "The total cost"))


def by_delta(parts: Mapping[str, int], factors: Mapping[str, Decimal], most: Decimal = Decimal(3)) -> CostValue:
    """P = C·δ, δ = quality factor · term factor · scenario factor; each factor in (0, most]."""
    for name, factor in factors.items():
        within(factor, Decimal("0.000001"), most, DELTAS[name], "factor_out_of_range")
    with exact():
        delta = ONE
        for factor in factors.values():
            delta *= factor
        whole = total(parts)
        return CostValue(whole, delta, dict(factors), whole * delta)


def circulation(volumes: Mapping[str, Decimal], weights: Mapping[str, Decimal]) -> Decimal:
    """β = (a·open + b·public + c·shared) / total volume; volumes in any one unit, weights in [0, 1]; β in [0, 1]."""
    whole = volumes.get("total", Decimal(0))
    kinds = ("open", "public", "shared")
    if whole <= 0 or any(volumes.get(k, Decimal(0)) < 0 for k in kinds):
        raise BadInput(
            "bad_volume", "数据总量应大于0，各类数据量不能为负。", "The total volume must be above 0, no kind negative."
        )
    if sum((volumes.get(k, Decimal(0)) for k in kinds), Decimal(0)) > whole:
        raise BadInput(
            "volumes_exceed",
            "开放、公开、共享数据量之和超过总量。",
            "Open, public and shared volumes exceed the total.",
        )
    with exact():
        part = Decimal(0)
        for kind in kinds:
            part += within(
                weights.get(kind, ONE), Decimal(0), ONE, Text("流通权重", "Circulation weight")
            ) * volumes.get(kind, Decimal(0))
        return part / whole


def utility(alpha: Decimal, beta: Decimal, scarcity: Decimal, risk: Decimal) -> Decimal:
    """U = α·β·(1+l)·(1−r): α quality, β circulation, l own volume over the industry's, r risk; all in [0, 1], r below 1."""
    labels = (
        Text("质量系数α", "Quality α"),
        Text("流通系数β", "Circulation β"),
        Text("垄断系数l", "Scarcity l"),
        Text("风险系数r", "Risk r"),
    )
    for value, label in zip((alpha, beta, scarcity, risk), labels, strict=True):
        within(value, Decimal(0), ONE, label, "factor_out_of_range")
    if risk == 1:
        raise BadInput(
            "risk_total",
            "风险系数r达到1，资产没有价值，不能用成本法。",
            "A risk r of 1 leaves no value; cost does not apply.",
        )
    with exact():
        return alpha * beta * (1 + scarcity) * (1 - risk)


def by_utility(
    parts: Mapping[str, int], profit: Decimal, factors: Mapping[str, Decimal], most: Decimal = Decimal(2)
) -> CostValue:
    """P = TC·(1+R)·U; R the return on cost in [0, most]; `factors`: alpha, beta, scarcity, risk."""
    within(profit, Decimal(0), most, Text("成本投资回报率R", "Return on cost R"), "profit_out_of_range")
    with exact():
        whole = total(parts)
        coefficient = (1 + profit) * utility(factors["alpha"], factors["beta"], factors["scarcity"], factors["risk"])
        return CostValue(whole, coefficient, {"profit": profit, **factors}, whole * coefficient)
