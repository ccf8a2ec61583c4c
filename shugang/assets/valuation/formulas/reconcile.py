"""From the values of several methods to one conclusion.

P = Σ_m w_m·P_m with weights that sum to exactly 1; every weight has its reason (《资产评估执业准则——资产评估方法》: when several
methods are used, their results are analysed before the conclusion is formed).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from .inputs import BadInput, exact, plain, to_fen

LEAST_REASON = 4  # characters


@dataclass(frozen=True)
class Weighted:
    """Values in 分, weights as ratios; `spread` = (highest − lowest)/lowest."""

    value: Decimal
    spread: Decimal

    @property
    def fen(self) -> int:
        return to_fen(self.value)


def reconcile(values: Mapping[str, Decimal], weights: Mapping[str, Decimal], reasons: Mapping[str, str]) -> Weighted:
    """Raises BadInput `no_method`, `not_positive`, `weight_needed`, `weights_sum`, `reason_needed`."""
    if not values:
        raise BadInput("no_method", "至少选用一种评估方法。", "Use at least one method.")
    if any(v <= 0 for v in values.values()):
        raise BadInput("not_positive", "有方法的评估值不大于0，不能得出结论。请核对收益预测和成本。", "A method's value is not above 0, so there is no conclusion. Check forecast and cost.")  # fmt: skip
    if set(weights) != set(values) or any(not 0 < w <= 1 for w in weights.values()):
        raise BadInput(
            "weight_needed",
            "每种选用的方法须有大于0的权重，未选用的不填。",
            "Each method used needs a weight above 0, and no other.",
        )
    whole = sum(weights.values(), Decimal(0))
    if whole != 1:
        raise BadInput(
            "weights_sum",
            f"各方法权重合计为{plain(whole * 100)}%，须为100%。",
            f"The weights sum to {plain(whole * 100)}%; they must sum to 100%.",
        )
    if any(len(reasons.get(name, "").strip()) < LEAST_REASON for name in values):
        raise BadInput("reason_needed", "每种方法的权重须写明理由。", "The weight of each method needs its reason.")
    with exact():
        value = sum((values[name] * weights[name] for name in values), Decimal(0))
        low, high = min(values.values()), max(values.values())
        return Weighted(value, (high - low) / low)
