"""From counts to the report: X = A/B for each rule, indicator and dimension, exact until it is shown; pure.

An indicator is the mean of its rules' X, a dimension the mean of its assessable indicators, the score the weighted mean of
its assessable dimensions (equal weights unless the rule set gives others). What has no basis (B = 0, nothing known) is not
assessable: it is left out and said, never counted as 100. Shown in hundredths of a percent, rounded down, so that only
what is perfect shows 100.
"""

# ruff: noqa: S608 names are quoted, values are literals of ours

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any

from . import measures
from .dimensions import DIMENSIONS, INDICATORS, indicators_of
from .rules import Rule, RuleSet
from .states import State, estimate

Facts = Mapping[str, tuple[int, int]]


def counts(rule: Rule, state: State, facts: Facts, at: datetime) -> tuple[int, int]:
    """(A, B) of one rule; B = 0 where it has no basis. `at`: naive local time of the assessment."""
    found = state.rules[rule.id]
    match rule.spec.measure:
        case "rows":
            return _rows(rule, state.rows)
        case "newest":
            if found.newest is None:
                return 0, 0
            age = at - datetime.fromisoformat(found.newest)
            return int(age <= timedelta(hours=rule.args["hours"])), 1
        case "facts":
            return facts.get(rule.kind, (0, 0))
    if found.registers is not None:
        return min(found.b, estimate(found.registers)), found.b
    return found.a, found.b


def _rows(rule: Rule, rows: int) -> tuple[int, int]:
    if "expected" in rule.args:
        return min(rows, rule.args["expected"]), rule.args["expected"]
    return int(rule.args.get("min", 0) <= rows <= rule.args.get("max", rows)), 1


def ratio(a: int, b: int, inverse: bool) -> Fraction | None:
    if not b:
        return None
    return 1 - Fraction(a, b) if inverse else Fraction(a, b)


def shown(value: Fraction | None) -> int | None:
    """Hundredths of a percent, rounded down."""
    return None if value is None else value.numerator * 10_000 // value.denominator


def _mean(values: Iterable[Fraction | None], weights: Iterable[int] | None = None) -> Fraction | None:
    known = list(values)
    pairs = [(v, w) for v, w in zip(known, weights or [1] * len(known), strict=True) if v is not None and w]
    total = sum(w for _, w in pairs)
    return sum((v * w for v, w in pairs), Fraction(0)) / total if total else None


def report(rules: RuleSet, state: State, facts: Facts, at: datetime, columns: Mapping[str, str]) -> dict[str, Any]:
    """Everything the pages, the JSON and the PDF show of an assessment's result."""
    values: dict[str, Fraction | None] = {}
    lines = [_line(rule, state, facts, at, columns, values) for rule in rules.rules]
    indicators: dict[str, Fraction | None] = {}
    for name in INDICATORS:
        mine = [values[r.id] for r in rules.rules if r.indicator == name and not r.args.get("approximate")]
        indicators[name] = _mean(mine)
    dimensions = {d: _mean(indicators[i] for i in indicators_of(d)) for d in DIMENSIONS}
    weights = [rules.weights.get(d, 0) if rules.weights else 1 for d in DIMENSIONS]
    score = _mean(dimensions.values(), weights)
    return {
        "score": shown(score),
        "assessable": sum(v is not None for v in dimensions.values()),
        "dimensions": [{"name": d, "score": shown(v), "weight": w} for (d, v), w in zip(dimensions.items(), weights, strict=True)],
        "indicators": [
            {"name": n, "dimension": INDICATORS[n].dimension, "score": shown(v), "inverse": INDICATORS[n].inverse,
             "rules": [r.id for r in rules.rules if r.indicator == n]}
            for n, v in indicators.items()
        ],
        "rules": lines,
        "rows": state.rows,
        "columns": [{"name": n, "type": k, **_profile(state, n)} for n, k in columns.items()],
        "engine": state.engine,
    }  # fmt: skip


def _profile(state: State, name: str) -> dict[str, Any]:
    found = state.profile[name]
    return {"filled": found.filled, "low": _plain(found.low), "high": _plain(found.high)}


def _plain(value: Any) -> str | None:
    """Events and reports hold no floats."""
    return None if value is None else format(value, ".6g") if isinstance(value, float) else str(value)[:40]


def _line(
    rule: Rule, state: State, facts: Facts, at: datetime, columns: Mapping[str, str], values: dict[str, Fraction | None]
) -> dict[str, Any]:
    a, b = counts(rule, state, facts, at)
    value = ratio(a, b, rule.inverse)
    values[rule.id] = value
    approximate = bool(rule.args.get("approximate"))
    passed = None if value is None or approximate else value * 10_000 >= rule.at_least
    found = state.rules[rule.id]
    return {
        "id": rule.id, "kind": rule.kind, "title": rule.title, "indicator": rule.indicator, "columns": rule.columns,
        "a": a, "b": b, "inverse": rule.inverse, "value": shown(value), "at_least": rule.at_least, "passed": passed,
        "approximate": approximate, "failing": found.failing, "sql": statement(rule, columns),
    }  # fmt: skip


def statement(rule: Rule, columns: Mapping[str, str]) -> str:
    """The rule alone, as a statement over `data` that gives its A and B; "" where it is no count over the data."""
    match rule.spec.measure:
        case "row":
            a, b = measures.measure(rule, columns).counted()
            return f"SELECT {a} AS A, {b} AS B FROM data"
        case "group":
            a = "coalesce(sum(n), 0) - count(*)" if rule.inverse else "count(*) FILTER (WHERE n = 1)"
            if rule.args.get("approximate"):
                a = "count(*)"
            return f"SELECT {a} AS A, coalesce(sum(n), 0) AS B FROM ({measures.groups(rule, columns)})"
        case "pair":
            other = rule.args["reference"]
            relation = f"{other['dataset'].replace('-', '_')}"
            types = {name: "VARCHAR" for name in other["columns"]}
            return f"SELECT count(*) FILTER (WHERE ok_) AS A, count(*) AS B FROM ({measures.pair(rule, columns, relation, types)})"
        case "newest":
            return measures.newest(rule, columns)
        case "rows":
            return "SELECT count(*) FROM data"
    return ""
