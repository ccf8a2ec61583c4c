"""What a pricing model says, checked: factors with unit, range and source; a formula of them; examples that hold.

An estimate is the formula over the seller's intervals (`formula.evaluate`), widened by the model's own error in
percent. Amounts are 元 in decimals here; `e8` gives whole 1e-8 元, half up.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from shugang.policy.text import Text

from .formula import NAME, FormulaError, Interval, Node, Step, evaluate, names, parse

MOST_FACTORS, MOST_EXAMPLES = 20, 20
_NUMBER = re.compile(r"-?\d{1,12}(\.\d{1,8})?")
MOST_YUAN = Decimal(10**10)


@dataclass(frozen=True)
class Factor:
    """One thing the price depends on. `low` and `high` are the range for which the model was made."""

    name: str
    label: Text
    unit: str
    low: Decimal
    high: Decimal
    source: str

    def to_json(self) -> dict[str, str]:
        return {
            "name": self.name, "label": self.label.zh, "label_en": self.label.en, "unit": self.unit,
            "low": str(self.low), "high": str(self.high), "source": self.source,
        }  # fmt: skip


@dataclass(frozen=True)
class Example:
    """What the formula gives for these factors, as its authors worked it out; `result` with the decimals that they state."""

    inputs: Mapping[str, Decimal]
    result: Decimal

    def to_json(self) -> dict[str, Any]:
        return {"inputs": {k: str(v) for k, v in self.inputs.items()}, "result": str(self.result)}


@dataclass(frozen=True)
class Definition:
    factors: tuple[Factor, ...]
    formula: str
    tree: Node
    spread: int
    examples: tuple[Example, ...]


@dataclass(frozen=True)
class Estimated:
    """Whole 1e-8 元: the range, its middle value, and the working."""

    low_e8: int
    mid_e8: int
    high_e8: int
    steps: tuple[Step, ...]


def number(value: object) -> Decimal:
    """Raises ValueError for what is not a plain decimal."""
    text = str(value).strip().replace(",", "")
    if not _NUMBER.fullmatch(text):
        raise ValueError(text)
    return Decimal(text)


def factor_of(said: Mapping[str, Any]) -> Factor:
    """Raises FormulaError `bad_factor`."""
    name = str(said.get("name", "")).strip()
    texts = [str(said.get(key, "")).strip() for key in ("label", "label_en", "unit", "source")]
    if not NAME.fullmatch(name) or not all(texts):
        raise FormulaError("bad_factor", f"因素“{name[:20]}”须写全代号（小写字母开头）、名称、单位、范围和来源。",
                           f"Factor “{name[:20]}” needs a code (lower case), labels, unit, range and source.")  # fmt: skip
    try:
        low, high = number(said.get("low")), number(said.get("high"))
    except ValueError:
        low, high = Decimal(1), Decimal(0)
    if low > high:
        raise FormulaError("bad_factor", f"因素“{name}”的下限和上限须是数，下限不大于上限。",
                           f"The range of “{name}” must be two numbers, the lower first.")  # fmt: skip
    return Factor(name, Text(texts[0], texts[1]), texts[2], low, high, texts[3])


def example_of(said: Mapping[str, Any]) -> Example:
    """Raises FormulaError `bad_example`."""
    try:
        return Example({str(k): number(v) for k, v in dict(said["inputs"]).items()}, number(said["result"]))
    except (KeyError, TypeError, ValueError):
        raise FormulaError("bad_example", "算例须写明各因素取值和结果，都是数。",
                           "An example states a number for each factor and the result.") from None  # fmt: skip


def define(
    factors: Sequence[Mapping[str, Any]], formula: str, spread: int, examples: Sequence[Mapping[str, Any]]
) -> Definition:
    """The whole definition, checked; examples are worked through. Raises FormulaError with the rule as its code."""
    read = tuple(factor_of(f) for f in factors)
    if not 1 <= len(read) <= MOST_FACTORS or len({f.name for f in read}) != len(read):
        raise FormulaError("bad_factor", f"因素应为1至{MOST_FACTORS}个，代号不重复。",
                           f"A model has 1 to {MOST_FACTORS} factors with different codes.")  # fmt: skip
    tree = parse(formula)
    used, known = names(tree), {f.name for f in read}
    if used != known:
        odd = sorted(used ^ known)[0]
        raise FormulaError("factor_mismatch", f"“{odd}”在公式和因素表中没有同时出现。",
                           f"“{odd}” stands in the formula or among the factors, but not in both.")  # fmt: skip
    evaluate(tree, {f.name: Interval(f.low, f.high) for f in read})
    worked = tuple(example_of(e) for e in examples)
    if not 1 <= len(worked) <= MOST_EXAMPLES:
        raise FormulaError(
            "no_example", f"请给出1至{MOST_EXAMPLES}个算例。", f"Please give 1 to {MOST_EXAMPLES} examples."
        )
    definition = Definition(read, formula, tree, spread, worked)
    for place, example in enumerate(worked, 1):
        _check_example(definition, place, example)
    return definition


def _check_example(definition: Definition, place: int, example: Example) -> None:
    values = _inside(definition, {name: Interval(v, v) for name, v in example.inputs.items()})
    result = evaluate(definition.tree, values).low
    places = example.result.as_tuple().exponent
    step = Decimal(1).scaleb(places if isinstance(places, int) else 0)
    if result.quantize(step, ROUND_HALF_UP) != example.result:
        shown = result.quantize(step, ROUND_HALF_UP)
        raise FormulaError("example_fails", f"第{place}个算例不成立：按公式应为{shown}，所写为{example.result}。",
                           f"Example {place} does not hold: the formula gives {shown}, not {example.result}.")  # fmt: skip


def _inside(definition: Definition, values: Mapping[str, Interval]) -> dict[str, Interval]:
    """Raises FormulaError `missing_input`, `out_of_range`."""
    found = {}
    for factor in definition.factors:
        if factor.name not in values:
            raise FormulaError("missing_input", f"请填写“{factor.label.zh}”。", f"Please enter “{factor.label.en}”.")
        value = values[factor.name]
        if not factor.low <= value.low <= value.high <= factor.high:
            raise FormulaError(
                "out_of_range",
                f"“{factor.label.zh}”应在{factor.low}至{factor.high}{factor.unit}之间，下限不大于上限。",
                f"“{factor.label.en}” must lie between {factor.low} and {factor.high} {factor.unit}, the lower first.",
            )
        found[factor.name] = value
    odd = sorted(set(values) - set(found))
    if odd:
        raise FormulaError("factor_mismatch", f"模型没有因素“{odd[0]}”。", f"The model has no factor “{odd[0]}”.")
    return found


def e8(yuan: Decimal) -> int:
    return int((yuan * 10**8).quantize(Decimal(1), ROUND_HALF_UP))


def estimate(definition: Definition, values: Mapping[str, Interval]) -> Estimated:
    """The range of the price. Raises FormulaError `missing_input`, `out_of_range`, `no_value`, `not_a_price`."""
    inside = _inside(definition, values)
    steps: list[Step] = []
    whole = evaluate(definition.tree, inside, steps)
    middle = {name: Interval(m, m) for name, v in inside.items() for m in [(v.low + v.high) / 2]}
    mid = evaluate(definition.tree, middle).low
    down, up = Decimal(100 - definition.spread) / 100, Decimal(100 + definition.spread) / 100
    low, high = max(Decimal(0), whole.low * down), whole.high * up
    if mid < 0 or high > MOST_YUAN:
        raise FormulaError("not_a_price", "按这些取值算出的不是合理的价格，请核对取值。",
                           "These values give no sensible price. Please check them.")  # fmt: skip
    return Estimated(e8(low), e8(mid), e8(high), tuple(steps))
