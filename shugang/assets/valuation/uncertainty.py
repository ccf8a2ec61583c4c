"""Which inputs of a working paper may vary, and what the conclusion does when they do."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shugang.policy.text import Text

from .formulas.inputs import BadInput, number
from .formulas.simulate import Distribution, check_support, monte_carlo, tornado

RUNS, SEED = 10_000, 20230908  # where the paper names none


@dataclass(frozen=True)
class Variable:
    """An input of `method` that may vary between `low` and `high`; `rate` is typed in percent."""

    method: str
    label: Text
    low: float
    high: float
    percent: bool = False


VARIABLES = {
    "rate": Variable("income", Text("折现率", "Discount rate"), 0.001, 0.6, True),
    "flows": Variable("income", Text("收益", "Income"), 0.0, 5.0),
    "cost": Variable("cost", Text("成本", "Cost"), 0.0, 5.0),
    "factor": Variable("cost", Text("成本调整系数", "Cost coefficient"), 0.0, 5.0),
    "price": Variable("market", Text("可比价格", "Comparable prices"), 0.0, 5.0),
}


def read(text: str, used: Mapping[str, Any]) -> dict[str, Distribution]:
    """`rate triangular 10 12 15` a line. Raises BadInput."""
    found: dict[str, Distribution] = {}
    for line in (x.strip() for x in text.splitlines() if x.strip()):
        words = re.split(r"[\s,，]+", line)
        variable = VARIABLES.get(words[0])
        if variable is None or words[0] in found or not 4 <= len(words) <= 5:
            raise BadInput(
                "bad_distribution",
                f"读不懂“{line[:40]}”。每个输入一行：rate、flows、cost、factor、price之一，分布，参数。",
                f"Cannot read “{line[:40]}”. One row an input: rate, flows, cost, factor or price, kind, parameters.",
            )
        if variable.method not in used:
            raise BadInput(
                "unused_input",
                f"“{variable.label.zh}”所属的方法没有选用。",
                f"The method of “{variable.label.en}” is not used.",
            )
        scale = 100.0 if variable.percent else 1.0
        figures = [float(number(w, variable.label)) / scale for w in words[2:]]
        if len(figures) != (3 if words[1] == "triangular" else 2):
            figures = [0.0, 0.0, 0.0]  # refused just below, in the words of the distribution
        found[words[0]] = Distribution(words[1], *figures)
        check_support(variable.label, found[words[0]], variable.low, variable.high)
    return found


def study(answers: Mapping[str, Any], methods: Mapping[str, Any], weights: Mapping[str, str]) -> dict[str, Any]:
    """Monte-Carlo and tornado of the conclusion, as plain JSON."""
    inputs = read(str(answers["distributions"]), methods)
    base = {"rate": float(methods["income"]["_rate"]) if "income" in methods else 0.0,
            "flows": 1.0, "cost": 1.0, "factor": 1.0, "price": 1.0}  # fmt: skip
    shares = {name: float(w) for name, w in weights.items()}
    fixed = {name: float(m["_exact"]) for name, m in methods.items()}
    flows = [float(f) for f in methods["income"]["_flows"]] if "income" in methods else []
    half = 0.5 if flows and methods["income"]["timing"] == "mid" else 0.0

    def evaluate(drawn: Mapping[str, float]) -> float:
        at = {**base, **drawn}
        value = 0.0
        if flows:
            v = 1 / (1 + at["rate"])
            present = 0.0
            for flow in reversed(flows):
                present = (present + flow) * v
            value += shares["income"] * at["flows"] * present / v**half
        if "cost" in fixed:
            value += shares["cost"] * fixed["cost"] * at["cost"] * at["factor"]
        if "market" in fixed:
            value += shares["market"] * fixed["market"] * at["price"]
        return value

    found = monte_carlo(evaluate, inputs, int(answers.get("runs") or RUNS), int(answers.get("seed") or SEED))
    return {
        "runs": found.runs,
        "seed": found.seed,
        "inputs": {k: {"kind": d.kind, "parameters": [f"{x:g}" for x in (d.a, d.b, d.c)][: 3 if d.kind == "triangular" else 2]}
                   for k, d in inputs.items()},
        "mean_fen": found.mean,
        "deviation_fen": found.deviation,
        "percentiles": {str(p): v for p, v in found.percentiles},
        "edges_fen": list(found.edges),
        "counts": list(found.counts),
        "tornado": [{"input": s.name, "low_input": f"{s.low_input:.4g}", "high_input": f"{s.high_input:.4g}", "low_fen": s.low,
                     "high_fen": s.high} for s in tornado(evaluate, base, inputs)],
    }  # fmt: skip
