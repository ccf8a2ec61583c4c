"""Formulas: what is printed is read back, values agree with fractions, intervals enclose, nothing else passes."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from shugang.market.pricing.formula import (
    FormulaError,
    Interval,
    Node,
    evaluate,
    names,
    parse,
    point,
    show,
)

LEAVES = st.one_of(
    st.decimals(0, 999, places=2).map(lambda d: Node("number", str(d))),
    st.sampled_from(["rows", "quality", "x_1"]).map(lambda name: Node("name", name)),
)


def _wider(inner: st.SearchStrategy) -> st.SearchStrategy:
    two = st.tuples(inner, inner)
    return st.one_of(
        st.builds(lambda kind, parts: Node(kind, "", parts), st.sampled_from(["+", "-", "*", "/", "min", "max"]), two),
        inner.map(lambda part: Node("neg", "", (part,))),
    )


TREES = st.recursive(LEAVES, _wider, max_leaves=12)
VALUES = st.fixed_dictionaries({n: st.decimals(-50, 50, places=2) for n in ("rows", "quality", "x_1")})


@given(TREES)
def test_what_is_printed_is_read_back(tree: Node) -> None:
    assert parse(show(tree)) == tree


def exact(node: Node, values: dict[str, Decimal]) -> Fraction:
    """The value in fractions, written down separately."""
    if node.kind == "number":
        return Fraction(node.text)
    if node.kind == "name":
        return Fraction(values[node.text])
    parts = [exact(part, values) for part in node.parts]
    if node.kind == "neg":
        return -parts[0]
    if node.kind in ("min", "max"):
        return {"min": min, "max": max}[node.kind](parts)
    a, b = parts
    return {"+": lambda: a + b, "-": lambda: a - b, "*": lambda: a * b, "/": lambda: a / b}[node.kind]()


@settings(max_examples=300)
@given(TREES, VALUES)
def test_values_agree_with_fractions(tree: Node, values: dict[str, Decimal]) -> None:
    try:
        wanted = exact(tree, values)
    except ZeroDivisionError:
        with pytest.raises(FormulaError, match="no_value"):
            evaluate(tree, {k: point(v) for k, v in values.items()})
        return
    assume(abs(wanted) < 10**20)
    try:
        found = evaluate(tree, {k: point(v) for k, v in values.items()})
    except FormulaError:  # a difference that is zero only before rounding
        return
    scale = max(1, abs(wanted))
    assert abs(Fraction(found.low) - wanted) <= scale * Fraction(1, 10**15)


@settings(max_examples=300)
@given(
    TREES,
    VALUES,
    st.fixed_dictionaries({n: st.decimals(0, 5, places=2) for n in ("rows", "quality", "x_1")}),
    st.data(),
)
def test_an_interval_encloses_every_choice_from_it(tree, values, widths, data) -> None:
    box = {k: Interval(v, v + widths[k]) for k, v in values.items()}
    try:
        whole = evaluate(tree, box)
    except FormulaError:
        return
    inside = {k: point(data.draw(st.decimals(v.low, v.high, places=2))) for k, v in box.items()}
    one = evaluate(tree, inside)
    slack = Decimal("1e-15") * max(1, abs(whole.low), abs(whole.high))
    assert whole.low - slack <= one.low == one.high <= whole.high + slack


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("__import__('os')", "bad_symbol"), ("__import__(os)", "unknown_function"), ("1" + "+1" * 200, "too_long"), ("a.b", "bad_symbol"), ("a[0]", "bad_symbol"), ("a if b else c", "syntax"),
        ("a**2", "syntax"), ("a//b", "syntax"), ("", "syntax"), ("(a", "syntax"), ("a)", "syntax"), ("1 2", "syntax"),
        ("pow(a,2)", "unknown_function"), ("min(a)", "syntax"), ("sqrt(a,b)", "syntax"), ("min", "syntax"), ("A+1", "syntax"),
        ("a;b", "bad_symbol"), ("1e5", "syntax"), ("+1", "syntax"), ("a" * 1001, "too_long"), ("(" * 60 + "1" + ")" * 60, "too_deep"),
        ("1 + ￥", "bad_symbol"), ("lambda", "ok"),
    ],
)  # fmt: skip
def test_what_is_no_formula_is_refused_by_its_rule(text: str, code: str) -> None:
    """A name is only a name: `lambda` means nothing here but a factor so called."""
    if code == "ok":
        assert names(parse(text)) == {"lambda"}
        return
    with pytest.raises(FormulaError) as refused:
        parse(text)
    assert refused.value.code == code


@given(st.text(max_size=60))
def test_any_text_is_a_formula_or_refused(text: str) -> None:
    try:
        tree = parse(text)
    except FormulaError:
        return
    assert parse(show(tree)) == tree


@pytest.mark.parametrize("text", ["1/0", "ln(0)", "ln(-1)", "sqrt(-1)", "exp(100000)", "1/(a-a)", "ln(a)"])
def test_what_has_no_value_is_refused(text: str) -> None:
    with pytest.raises(FormulaError, match="no_value"):
        evaluate(parse(text), {"a": Interval(Decimal(-1), Decimal(2))})


def test_functions_and_precedence() -> None:
    value = evaluate(parse("2 + 3 * -4 / (1 + 1) - min(5, 7) + sqrt(9) * exp(0) + ln(1)"), {})
    assert value == point(-6)
    steps: list = []
    evaluate(parse("rows * 0.5 + 1"), {"rows": Interval(Decimal(2), Decimal(4))}, steps)
    assert [s.text for s in steps] == ["(rows * 0.5)", "((rows * 0.5) + 1)"]
    assert steps[-1].value == Interval(Decimal("2.0"), Decimal("3.0"))
