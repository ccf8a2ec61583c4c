"""收益法: what the asset is expected to earn, discounted to the base date.

P = Σ_{t=1..n} F_t / (1+i)^t; with mid-year timing the exponent is t − 0.5.
Source: 《数据资产评估指导意见》(中评协〔2023〕17号) 第四章 收益法; the mid-year exponent is practice.
Units: F_t, P in 分; i a plain ratio a year (0.12 is 12 %); t in years from the base date.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from shugang.policy.text import Text

from .inputs import BadInput, exact, to_fen

WAYS = {
    "direct": Text("直接收益", "Direct income"),
    "share": Text("分成收益", "Income share"),
    "excess": Text("超额收益", "Excess income"),
    "increment": Text("增量收益", "Incremental income"),
}
TIMINGS = {"end": Text("期末折现", "End of year"), "mid": Text("期中折现", "Mid-year")}
LIVES = {
    "legal": Text("法律保护期限", "Legal protection"),
    "contract": Text("合同约定期限", "Contract"),
    "economic": Text("经济寿命", "Economic life"),
    "refresh": Text("更新时间", "Refresh of the data"),
    "rights": Text("权利状况", "State of the rights"),
}
PREMIUMS = {
    "management": Text("管理风险", "Management risk"),
    "circulation": Text("流通风险", "Circulation risk"),
    "security": Text("数据安全风险", "Data security risk"),
    "supervision": Text("监管风险", "Regulatory risk"),
}


@dataclass(frozen=True)
class Year:
    """One row of the working: flow and present value in 分, the factor as exact decimal."""

    year: int
    flow: Decimal
    factor: Decimal
    present: Decimal


@dataclass(frozen=True)
class IncomeValue:
    """`total` is the exact sum in 分, before its only rounding in `fen`."""

    years: tuple[Year, ...]
    total: Decimal

    @property
    def fen(self) -> int:
        return to_fen(self.total)


def direct(income: Sequence[int]) -> list[Decimal]:
    """直接收益: F_t = R_t (分). A negative R_t is refused: it is no income."""
    return [Decimal(_income(r, t)) for t, r in enumerate(income, 1)]


def share(income: Sequence[int], shares: Sequence[Decimal]) -> list[Decimal]:
    """分成收益: F_t = R_t · K_t, with the share of the data K_t in [0, 1]."""
    _same_length(income, shares)
    flows = []
    for t, (r, k) in enumerate(zip(income, shares, strict=True), 1):
        if not 0 <= k <= 1:
            raise BadInput(
                "share_out_of_range",
                f"第{t}年的分成率应在0至100%之间。",
                f"The share of year {t} must lie between 0 and 100%.",
            )
        flows.append(_income(r, t) * k)
    return flows


def excess(income: Sequence[int], charges: Sequence[Sequence[int]]) -> list[Decimal]:
    """超额收益: F_t = R_t − Σ_j C_tj, the charges of the contributory assets (working capital, plant, people …) in 分."""
    _same_length(income, charges)
    for t, year in enumerate(charges, 1):
        if not year or min(year) < 0:
            raise BadInput(
                "charge_needed",
                f"第{t}年须写明其他资产的贡献，且不能为负。",
                f"Year {t} needs the charges of the other assets, none negative.",
            )
    return [Decimal(_income(r, t) - sum(c)) for t, (r, c) in enumerate(zip(income, charges, strict=True), 1)]


def increment(with_asset: Sequence[int], without: Sequence[int]) -> list[Decimal]:
    """增量收益: F_t = RY_t − RN_t, income with the data and without it, in 分; either may be a loss."""
    _same_length(with_asset, without)
    return [Decimal(y - n) for y, n in zip(with_asset, without, strict=True)]


def _income(fen: int, year: int) -> int:
    if fen < 0:
        raise BadInput(
            "negative_income",
            f"第{year}年的收益为负，请核对。",
            f"The income of year {year} is negative; please check it.",
        )
    return fen


def _same_length(a: Sequence[object], b: Sequence[object]) -> None:
    if len(a) != len(b):
        raise BadInput("years_differ", "两列的年数不同。", "The two columns have different numbers of years.")


def discount_rate(risk_free: Decimal, premiums: Mapping[str, Decimal], most: Decimal = Decimal("0.5")) -> Decimal:
    """i = risk-free rate + premiums for management, circulation, security, supervision (ratios a year).

    Raises BadInput for a negative part and for a sum that is 0 or above `most`.
    """
    parts = {"free": risk_free, **premiums}
    if any(p < 0 for p in parts.values()):
        raise BadInput("negative_rate", "折现率的各组成部分不能为负。", "No part of the discount rate may be negative.")
    rate = sum(parts.values(), Decimal(0))
    if not 0 < rate <= most:
        raise BadInput(
            "rate_out_of_range",
            f"折现率合计为{rate * 100:.2f}%，应大于0且不超过{most * 100:.0f}%。",
            f"The discount rate adds up to {rate * 100:.2f}%; it must be above 0 and at most {most * 100:.0f}%.",
        )
    return rate


def remaining_life(lives: Mapping[str, int], most: int = 50) -> tuple[int, str]:
    """(n, the life that binds): the shortest of those known among legal, contract, economic, refresh and rights, in years."""
    known = {name: years for name, years in lives.items() if years is not None}
    if not known:
        raise BadInput(
            "no_life", "至少填写一个期限，收益期限取其中最短的。", "Give at least one life; the shortest counts."
        )
    for name, years in known.items():
        if name not in LIVES or not 1 <= years <= most:
            raise BadInput(
                "life_out_of_range", f"期限应为1至{most}年的整数。", f"A life is a whole number of 1 to {most} years."
            )
    binding = min(known, key=lambda name: (known[name], list(LIVES).index(name)))
    return known[binding], binding


def present_value(flows: Sequence[Decimal], rate: Decimal, timing: str = "end") -> IncomeValue:
    """P = Σ F_t·(1+i)^−t, or (1+i)^−(t−0.5) mid-year; computed with 50 digits, rounded to 分 once."""
    if timing not in TIMINGS:
        raise BadInput("unknown_timing", "折现时点只有期末和期中。", "Timing is end or mid.")
    if not flows:
        raise BadInput("no_flows", "请填写每年的收益。", "Give the income of each year.")
    half = Decimal("0.5") if timing == "mid" else Decimal(0)
    with exact():
        years = []
        for t, flow in enumerate(flows, 1):
            factor = (1 + rate) ** (half - t)
            years.append(Year(t, flow, factor, flow * factor))
        return IncomeValue(tuple(years), sum((y.present for y in years), Decimal(0)))


def check_horizon(flows: Sequence[object], life: int) -> None:
    """The forecast covers exactly the remaining life: income after the end of the rights is nobody's."""
    if len(flows) != life:
        raise BadInput(
            "horizon",
            f"收益预测有{len(flows)}年，收益期限是{life}年（各期限中最短的），二者应相同。",
            f"The forecast has {len(flows)} years but the life is {life} (the shortest); they must be the same.",
        )
