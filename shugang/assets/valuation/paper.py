"""From a working paper's answers to its values, with the working shown. Pure: no database, no clock.

Everything in the result is text or whole 分, so that it can be digested, signed and put on record as it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

from shugang.policy.text import Text

from .form import PAPER
from .formulas import cost, income, market, quality, reconcile
from .formulas.inputs import BadInput, number, percent, plain, plausible, to_fen, yuan
from .uncertainty import study

LABELS = {f.name: f.label for f in PAPER.fields}
Answers = Mapping[str, Any]


class PaperErrors(Exception):
    """What is wrong in the paper, by field, all at once."""

    def __init__(self, errors: Mapping[str, Text]) -> None:
        super().__init__("; ".join(f"{k}: {v.en}" for k, v in errors.items()))
        self.errors = dict(errors)


@dataclass
class Reading:
    """Collects every refusal under its field, so that one look shows them all."""

    answers: Answers
    rules: Mapping[str, Any]
    errors: dict[str, Text]

    def run(self, field: str, act: Callable[[], Any]) -> Any:
        """The value, or None after noting what is wrong under `field`."""
        try:
            return act()
        except BadInput as error:
            self.errors.setdefault(error.field or field, error.text)
            return None

    def needed(self, name: str) -> Any:
        value = self.answers.get(name)
        if value in (None, ""):
            label = LABELS[name]
            raise BadInput("missing", f"请填写“{label.zh}”。", f"Please fill in “{label.en}”.", name)
        return value

    def decimal(self, name: str) -> Decimal:
        return _at(name, lambda: number(self.needed(name), LABELS[name]))

    def ratio(self, name: str) -> Decimal:
        return _at(name, lambda: percent(self.needed(name), LABELS[name]))

    def rows(self, name: str, least: int, most: int) -> list[list[str]]:
        return table(name, str(self.needed(name)), least, most)


def _at(name: str, act: Callable[[], Any]) -> Any:
    """The refusal belongs to the field `name`."""
    try:
        return act()
    except BadInput as error:
        error.field = error.field or name
        raise


def table(name: str, text: str, least: int, most: int) -> list[list[str]]:
    """Rows of cells, separated by commas (either width), tabs or semicolons; blank lines are dropped."""
    rows = []
    for place, line in enumerate((x for x in text.splitlines() if x.strip()), 1):
        cells = [c.strip() for c in re.split(r"[,，;；\t]", line)]
        if not least <= len(cells) <= most:
            wanted = f"{least}" if least == most else f"{least}至{most}"
            raise BadInput(
                "columns",
                f"第{place}行有{len(cells)}列，应为{wanted}列。金额不写千分位逗号。",
                f"Row {place} has {len(cells)} columns, not {wanted.replace('至', ' to ')}. Write amounts without thousands commas.",
                name,
            )
        rows.append(cells)
    if not rows or len(rows) > 200:
        raise BadInput("rows", "请填写1至200行。", "Give 1 to 200 rows.", name)
    return rows


def compute(answers: Answers, base_date: date, rules: Mapping[str, Any]) -> dict[str, Any]:
    """Values by method, the conclusion and its uncertainty. Raises PaperErrors.

    `answers` have passed the form PAPER (money in 分); `rules` are the profile `valuation`.
    """
    reading = Reading(answers, rules, {})
    factor = reading.run("quality_scores", lambda: _quality(reading))
    methods: dict[str, dict[str, Any]] = {}
    for name, act in (("income", _income), ("cost", _cost), ("market", _market)):
        if answers.get(f"{name}_use"):
            found = reading.run(f"{name}_use", lambda act=act: _sane(act(reading, factor, base_date)))  # type: ignore[misc]
            methods[name] = found or {}
    conclusion = uncertainty = None
    if all(methods.values()):
        conclusion = reading.run("weight_income", lambda: _conclude(reading, methods))
    if conclusion is not None and answers.get("distributions"):
        uncertainty = reading.run("distributions", lambda: study(answers, methods, conclusion["weights"]))
    if reading.errors:
        raise PaperErrors(reading.errors)
    return {
        "quality": factor,
        "methods": {name: {k: v for k, v in m.items() if not k.startswith("_")} for name, m in methods.items()},
        "conclusion": conclusion,
        "uncertainty": uncertainty,
    }


def _sane(method: dict[str, Any]) -> dict[str, Any]:
    """No amount in the working lies beyond what JSON carries exactly."""
    corrected = [c["corrected_fen"] for c in method.get("comparables", ())]
    for fen in (method["value_fen"], *corrected):
        plausible(fen, Text("评估值", "The value"))
    return method


def _fractions(rows: list[list[str]], name: str) -> list[list[Fraction]]:
    try:
        return [[Fraction(cell) for cell in row] for row in rows]
    except (ValueError, ZeroDivisionError):
        raise BadInput("not_a_number", "请写成数，如0.9或1/3。", "Write numbers, such as 0.9 or 1/3.", name) from None


def _quality(reading: Reading) -> dict[str, Any]:
    """The factor α and how it was found."""
    way = reading.needed("quality_way")
    reading.needed("quality_evaluator")
    if way == "direct":
        factor = reading.decimal("quality_factor")
        if not 0 < factor <= 1:
            raise BadInput(
                "factor_out_of_range",
                "质量系数应大于0且不超过1。",
                "The quality factor is above 0 and at most 1.",
                "quality_factor",
            )
        return {"way": way, "factor": plain(factor)}
    n = len(quality.DIMENSIONS)
    matrix = _fractions(reading.rows("quality_matrix", n, n), "quality_matrix")
    found = _at("quality_matrix", lambda: quality.hierarchy(matrix, float(reading.rules["cr_limit"])))
    scores = _fractions(
        reading.rows("quality_scores", 5 if way == "fuzzy" else n, 5 if way == "fuzzy" else n), "quality_scores"
    )
    if way == "fuzzy":
        grades = [Fraction(g) for g in reading.rules["grades"]]
        factor = quality.fuzzy(found.weights, scores, grades)
    elif way == "delphi":
        factor = quality.weighted(found.weights, quality.delphi(scores).means)
    else:
        factor = quality.weighted(found.weights, scores[0])
    weights = {k: f"{w:.4f}" for k, w in zip(quality.DIMENSIONS, found.weights, strict=True)}
    return {
        "way": way,
        "factor": plain(factor),
        "weights": weights,
        "eigenvalue": f"{found.eigenvalue:.4f}",
        "cr": f"{found.cr:.4f}",
    }


def _income(reading: Reading, factor: Any, base_date: date) -> dict[str, Any]:
    way, timing = reading.needed("income_way"), reading.needed("income_timing")
    lives = {k: reading.answers.get(f"life_{k}") for k in income.LIVES}
    known = {k: int(v) for k, v in lives.items() if v is not None}
    life, binding = _at("life_legal", lambda: income.remaining_life(known, reading.rules["life_max"]))
    premiums = {k: reading.ratio(f"rate_{k}") for k in income.PREMIUMS}
    free = reading.ratio("rate_free")
    rate = _at("rate_free", lambda: income.discount_rate(free, premiums, Decimal(reading.rules["rate_max"])))
    flows = _at("income_flows", lambda: _flows(reading, way))
    _at("income_flows", lambda: income.check_horizon(flows, life))
    found = _at("income_flows", lambda: income.present_value(flows, rate, timing))
    return {
        "value_fen": found.fen, "way": way, "timing": timing, "life": life, "binding": binding, "lives": known,
        "rate": plain(rate), "rate_parts": {"free": plain(free), **{k: plain(v) for k, v in premiums.items()}},
        "years": [{"year": y.year, "flow_fen": to_fen(y.flow), "factor": plain(y.factor), "present_fen": to_fen(y.present)}
                  for y in found.years],
        "_exact": found.total, "_flows": flows, "_rate": rate,
    }  # fmt: skip


def _flows(reading: Reading, way: str) -> list[Decimal]:
    """The forecast's rows as flows of the chosen kind."""
    least, most = {"direct": (1, 1), "share": (2, 2), "excess": (2, 9), "increment": (2, 2)}[way]
    rows = reading.rows("income_flows", least, most)
    label = LABELS["income_flows"]
    first = [yuan(r[0], label) for r in rows]
    if way == "direct":
        return income.direct(first)
    if way == "share":
        return income.share(first, [percent(r[1], label) for r in rows])
    rest = [[yuan(c, label) for c in r[1:]] for r in rows]
    return income.excess(first, rest) if way == "excess" else income.increment(first, [r[0] for r in rest])


def _cost(reading: Reading, factor: Any, base_date: date) -> dict[str, Any]:
    way = reading.needed("cost_way")
    parts = {k: int(reading.answers.get(f"cost_{k}") or 0) for k in cost.PARTS}
    _at("cost_direct", lambda: cost.total(parts))
    if factor is None:
        raise BadInput("quality_first", "请先改正质量系数。", "Please mend the quality factor first.", "quality_way")
    alpha = Decimal(factor["factor"])
    if way == "delta":
        factors = {
            "quality": alpha,
            "term": reading.decimal("delta_term"),
            "scenario": reading.decimal("delta_scenario"),
        }
        found = _at("delta_term", lambda: cost.by_delta(parts, factors, Decimal(reading.rules["coefficient_max"])))
    else:
        found = _at(
            "u_circulation", lambda: cost.by_utility(parts, reading.ratio("u_profit"), _utility(reading, alpha))
        )
    return {
        "value_fen": found.fen, "way": way, "parts": parts, "total_fen": found.total,
        "factors": {k: plain(v) for k, v in found.factors.items()}, "coefficient": plain(found.coefficient),
        "_exact": found.value,
    }  # fmt: skip


def _utility(reading: Reading, alpha: Decimal) -> dict[str, Decimal]:
    """α, β, l and r from the paper's rows."""
    rows = table("u_circulation", str(reading.needed("u_circulation")), 3, 4)
    if [len(r) for r in rows] != [4, 3]:
        raise BadInput(
            "rows", "请填两行：四个数据量，三个权重。", "Give two rows: four volumes, three weights.", "u_circulation"
        )
    label = LABELS["u_circulation"]
    volumes = dict(zip(("open", "public", "shared", "total"), (number(c, label) for c in rows[0]), strict=True))
    weights = dict(zip(("open", "public", "shared"), (number(c, label) for c in rows[1]), strict=True))
    own, industry = reading.decimal("u_own"), reading.decimal("u_industry")
    if not 0 <= own <= industry or industry == 0:
        raise BadInput(
            "volumes_exceed",
            "本数据集的数据量不能超过行业总量。",
            "The own volume may not exceed the industry's.",
            "u_own",
        )
    risks = reading.rows("u_risk", 4, 4)[0]
    parts = [_at("u_risk", lambda c=c: percent(c, LABELS["u_risk"])) for c in risks]  # type: ignore[misc]
    if min(parts) < 0:
        raise BadInput("negative_rate", "风险各项不能为负。", "No risk may be negative.", "u_risk")
    return {
        "alpha": alpha,
        "beta": cost.circulation(volumes, weights),
        "scarcity": own / industry,
        "risk": sum(parts, Decimal(0)),
    }


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise BadInput(
            "impossible_date",
            f"“{text[:20]}”不是日期，请写成2025-06-30。",
            f"“{text[:20]}” is not a date; write 2025-06-30.",
        ) from None


def _market(reading: Reading, factor: Any, base_date: date) -> dict[str, Any]:
    rules = reading.rules
    limits = market.Rules(int(rules["min_comparables"]), int(rules["comparable_months"]), Decimal(rules["coefficient_min"]),
                          Decimal(rules["coefficient_max"]))  # fmt: skip
    label = LABELS["market_comparables"]

    def found() -> tuple[list[market.Comparable], market.MarketValue]:
        rows = reading.rows("market_comparables", 9, 9)
        cases = [
            market.Comparable(r[0], r[1], _day(r[2]), yuan(r[3], label), tuple(number(c, label) for c in r[4:]))
            for r in rows
        ]
        return cases, market.value(cases, base_date, limits)

    cases, value = _at("market_comparables", found)
    return {
        "value_fen": value.fen,
        "parts": [{"part": name, "mean_fen": to_fen(mean)} for name, mean in value.parts],
        "comparables": [
            {"part": c.part, "name": c.name, "on": c.on.isoformat(), "price_fen": c.price,
             "coefficients": [plain(x) for x in c.coefficients], "corrected_fen": to_fen(c.corrected)} for c in cases
        ],
        "_exact": value.total,
    }  # fmt: skip


def _conclude(reading: Reading, methods: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    values = {name: m["_exact"] for name, m in methods.items()}
    typed = [n for n in ("income", "cost", "market") if reading.answers.get(f"weight_{n}") not in (None, "")]
    weights = {name: reading.ratio(f"weight_{name}") for name in typed}
    reasons = {name: str(reading.answers.get(f"weight_{name}_reason") or "") for name in values}
    found = reconcile.reconcile(values, weights, reasons)
    return {
        "value_fen": found.fen,
        "weights": {name: plain(weights[name]) for name in values},
        "reasons": reasons,
        "spread": plain(found.spread, 4),
    }
