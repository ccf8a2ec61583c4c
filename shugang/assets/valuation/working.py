"""A working paper's result as tables of words and figures: one form for page, report and CSV. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from shugang.policy.money import format_yuan
from shugang.policy.text import Text

from .form import METHODS, PAPER, PURPOSES, VALUE_TYPES
from .formulas import cost, income, market, quality
from .formulas.simulate import KINDS
from .uncertainty import VARIABLES

PURPOSE_LABELS, VALUE_TYPE_LABELS = dict(PURPOSES), dict(VALUE_TYPES)
QUALITY_WAYS = dict(next(f for f in PAPER.fields if f.name == "quality_way").choices)
FORMULAS = {
    "end": Text("P＝ΣF(t)÷(1＋i)^t", "P = ΣF(t)÷(1+i)^t"),
    "mid": Text("P＝ΣF(t)÷(1＋i)^(t－0.5)", "P = ΣF(t)÷(1+i)^(t-0.5)"),
    **cost.WAYS,
    "market": Text(
        "P＝ΣQ×X1×X2×X3×X4×X5，每个子集取修正价的平均值",
        "P = ΣQ×X1×X2×X3×X4×X5, the mean of corrected prices for each sub-dataset",
    ),
}
FACTORS = {
    **cost.DELTAS,
    "profit": Text("成本投资回报率R", "Return on cost R"),
    "alpha": Text("质量系数α", "Quality α"),
    "beta": Text("流通系数β", "Circulation β"),
    "scarcity": Text("垄断系数l", "Scarcity l"),
    "risk": Text("风险系数r", "Risk r"),
}
RATES = {"free": Text("无风险报酬率", "Risk-free rate"), **income.PREMIUMS}


@dataclass(frozen=True)
class Table:
    """`columns`: (label, right-aligned)."""

    title: Text
    columns: tuple[tuple[Text, bool], ...]
    lines: list[list[Any]]
    text: Text | None = None
    facts: list[tuple[Text, Any]] = field(default_factory=list)


def yuan(fen: int) -> str:
    return format_yuan(fen)


def percent(ratio: str, places: int = 2) -> str:
    return f"{Decimal(ratio) * 100:.{places}f}%"


def quality_facts(found: Mapping[str, Any], answers: Mapping[str, Any]) -> list[tuple[Text, Any]]:
    facts: list[tuple[Text, Any]] = [
        (Text("质量评价机构或专家", "Quality evaluator"), answers.get("quality_evaluator")),
        (Text("取得方式", "How it was found"), QUALITY_WAYS[found["way"]]),
        (Text("质量系数", "Quality factor"), found["factor"]),
    ]
    if "weights" in found:
        weights = [(quality.DIMENSIONS[k], percent(w)) for k, w in found["weights"].items()]
        facts += [
            (Text("维度权重", "Weights of dimensions"),
             Text("；".join(f"{label.zh}{w}" for label, w in weights), "; ".join(f"{label.en} {w}" for label, w in weights))),
            (Text("一致性比例CR", "Consistency ratio CR"), Text(f"{found['cr']}（小于0.1，可以接受）", f"{found['cr']} (below 0.1, accepted)")),
        ]  # fmt: skip
    return facts


def _income(m: Mapping[str, Any]) -> Table:
    rates = [(RATES[k], percent(v)) for k, v in m["rate_parts"].items()]
    lives = [(income.LIVES[k], v) for k, v in m["lives"].items()]
    facts: list[tuple[Text, Any]] = [
        (Text("收益口径", "Kind of income"), income.WAYS[m["way"]]),
        (Text("公式", "Formula"), FORMULAS[m["timing"]]),
        (Text("收益期限n", "Life n"), Text(
            f"{m['life']}年，取“{income.LIVES[m['binding']].zh}”（" + "，".join(f"{label.zh}{y}年" for label, y in lives) + "，以最短为准）",
            f"{m['life']} years, by “{income.LIVES[m['binding']].en}” (the shortest of " + ", ".join(f"{label.en.lower()} {y}" for label, y in lives) + ")")),
        (Text("折现率i", "Discount rate i"), Text(
            percent(m["rate"]) + "＝" + "＋".join(f"{label.zh}{r}" for label, r in rates),
            percent(m["rate"]) + " = " + " + ".join(f"{label.en.lower()} {r}" for label, r in rates))),
        (Text("评估值", "Value"), yuan(m["value_fen"])),
    ]  # fmt: skip
    columns = (
        (Text("年", "Year"), False),
        (Text("收益F（元）", "Income F (yuan)"), True),
        (Text("折现系数", "Factor"), True),
        (Text("现值（元）", "Present value (yuan)"), True),
    )
    lines = [[str(y["year"]), yuan(y["flow_fen"]), y["factor"], yuan(y["present_fen"])] for y in m["years"]]
    return Table(METHODS["income"], columns, lines, facts=facts)


def _cost(m: Mapping[str, Any]) -> Table:
    facts: list[tuple[Text, Any]] = [
        (Text("公式", "Formula"), FORMULAS[m["way"]]),
        *((FACTORS[k], v) for k, v in m["factors"].items()),
        (Text("系数合计", "Whole coefficient"), m["coefficient"]),
        (Text("评估值", "Value"), yuan(m["value_fen"])),
    ]
    lines: list[list[Any]] = [[cost.PARTS[k], yuan(v)] for k, v in m["parts"].items()]
    lines.append([Text("合计", "Total"), yuan(m["total_fen"])])
    columns = ((Text("成本", "Cost"), False), (Text("金额（元）", "Amount (yuan)"), True))
    return Table(METHODS["cost"], columns, lines, facts=facts)


def _market(m: Mapping[str, Any]) -> Table:
    parts = [(p["part"], yuan(p["mean_fen"])) for p in m["parts"]]
    facts: list[tuple[Text, Any]] = [
        (Text("公式", "Formula"), FORMULAS["market"]),
        *((Text(f"子集“{name}”", f"Sub-dataset “{name}”"), mean) for name, mean in parts),
        (Text("评估值", "Value"), yuan(m["value_fen"])),
    ]
    columns = (
        (Text("可比案例", "Comparable"), False),
        (Text("成交日期", "Day"), False),
        (Text("价格（元）", "Price (yuan)"), True),
        *((Text(label.zh[:2], label.en.split()[0]), True) for label in market.COEFFICIENTS),
        (Text("修正价（元）", "Corrected (yuan)"), True),
    )
    lines = [
        [c["name"], c["on"], yuan(c["price_fen"]), *c["coefficients"], yuan(c["corrected_fen"])]
        for c in m["comparables"]
    ]
    return Table(METHODS["market"], columns, lines, facts=facts)


_TABLES = {"income": _income, "cost": _cost, "market": _market}


def method_tables(result: Mapping[str, Any]) -> dict[str, Table]:
    """The working of each method used."""
    return {name: _TABLES[name](m) for name, m in result["methods"].items()}


def conclusion_table(result: Mapping[str, Any]) -> Table:
    said = result["conclusion"]
    columns = (
        (Text("方法", "Method"), False),
        (Text("评估值（元）", "Value (yuan)"), True),
        (Text("权重", "Weight"), True),
        (Text("理由", "Reason"), False),
    )
    lines = [
        [METHODS[n], yuan(result["methods"][n]["value_fen"]), percent(w), said["reasons"][n]]
        for n, w in said["weights"].items()
    ]
    facts: list[tuple[Text, Any]] = [
        (Text("评估结论", "Conclusion"), yuan(said["value_fen"])),
        (Text("各方法相差", "Spread of the methods"), percent(said["spread"])),
    ]
    return Table(Text("评估结论", "Conclusion"), columns, lines, facts=facts)


def uncertainty_tables(found: Mapping[str, Any]) -> tuple[Table, Table]:
    """(simulation, sensitivity)."""
    inputs = [(VARIABLES[k].label, KINDS[d["kind"]], d["parameters"]) for k, d in found["inputs"].items()]
    facts: list[tuple[Text, Any]] = [
        (Text("次数与种子", "Runs and seed"), f"{found['runs']:,} / {found['seed']}"),
        (Text("输入的分布（相互独立）", "Inputs (independent)"),
         Text("；".join(f"{n.zh}：{k.zh}（{'，'.join(p)}）" for n, k, p in inputs),
              "; ".join(f"{n.en}: {k.en.lower()} ({', '.join(p)})" for n, k, p in inputs))),
        (Text("平均值", "Mean"), yuan(found["mean_fen"])),
        (Text("标准差", "Standard deviation"), yuan(found["deviation_fen"])),
        (Text("90%的模拟值在", "90% of the runs lie within"),
         Text(f"{yuan(found['percentiles']['5'])}至{yuan(found['percentiles']['95'])}",
              f"{yuan(found['percentiles']['5'])} to {yuan(found['percentiles']['95'])}")),
    ]  # fmt: skip
    simulation = Table(
        Text("蒙特卡洛模拟", "Monte-Carlo simulation"),
        ((Text("分位", "Percentile"), False), (Text("评估值（元）", "Value (yuan)"), True)),
        [[f"{p}%", yuan(v)] for p, v in found["percentiles"].items()],
        facts=facts,
    )
    columns = (
        (Text("输入", "Input"), False),
        (Text("10%分位的输入", "Input at 10%"), True),
        (Text("评估值（元）", "Value (yuan)"), True),
        (Text("90%分位的输入", "Input at 90%"), True),
        (Text("评估值（元）", "Value (yuan)"), True),
    )
    lines = [
        [VARIABLES[s["input"]].label, s["low_input"], yuan(s["low_fen"]), s["high_input"], yuan(s["high_fen"])]
        for s in found["tornado"]
    ]
    return simulation, Table(Text("敏感性", "Sensitivity"), columns, lines)


def answer_rows(answers: Mapping[str, Any]) -> list[tuple[Text, str]]:
    """The paper's answers in words, for the CSV: money in 元, choices by their label."""
    rows: list[tuple[Text, str]] = []
    for f in PAPER.fields:
        value = answers.get(f.name)
        if value in (None, "", False):
            continue
        labels = dict(f.choices)
        shown: Any = yuan(value).replace("¥", "") if f.kind == "money" else labels.get(value, value)
        rows.append((f.label, shown))
    return rows
