"""Arithmetic as text in a closed grammar: parsed, never executed.

    expression = term { ("+" | "-") term }        term = factor { ("*" | "/") factor }
    factor     = "-" factor | number | name | function "(" expression { "," expression } ")" | "(" expression ")"
    function   = min | max | sqrt | ln | exp

Values are decimals of 34 digits (IEEE 754 decimal128 precision, half-even), or intervals of them: an interval's
result encloses the result of every choice from the intervals given (interval arithmetic, IEEE 1788 set-based).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from decimal import Context, Decimal, DivisionByZero, InvalidOperation, Overflow
from typing import NamedTuple

from shugang.policy.text import Text

LONGEST, DEEPEST, MOST_WORDS = 1000, 40, 300
NAME = re.compile(r"[a-z][a-z0-9_]{0,30}")
_TOKEN = re.compile(r"\s*(?:(\d{1,18}(?:\.\d{1,18})?)|([A-Za-z_][A-Za-z0-9_]*)|([-+*/(),]))")
_CONTEXT = Context(prec=34, Emax=9999, Emin=-9999, traps=[DivisionByZero, InvalidOperation, Overflow])
# Name → how many arguments it takes at least and at most.
FUNCTIONS = {"min": (2, 20), "max": (2, 20), "sqrt": (1, 1), "ln": (1, 1), "exp": (1, 1)}


class FormulaError(ValueError):
    """A formula that cannot be read or has no value; `code` is the rule."""

    def __init__(self, code: str, zh: str, en: str) -> None:
        super().__init__(f"{code}: {en}")
        self.code, self.text = code, Text(zh, en)


class Node(NamedTuple):
    """`kind`: number, name, neg, or an operator or function; leaves carry `text`."""

    kind: str
    text: str = ""
    parts: tuple[Node, ...] = ()


class Interval(NamedTuple):
    low: Decimal
    high: Decimal


class Step(NamedTuple):
    """One operation of the working: what it is, and its value."""

    text: str
    value: Interval


def point(value: Decimal | int | str) -> Interval:
    exact = Decimal(value)
    return Interval(exact, exact)


def parse(text: str) -> Node:
    """The formula as a tree. Raises FormulaError `too_long`, `bad_symbol`, `syntax`, `unknown_function`, `too_deep`."""
    if len(text) > LONGEST:
        raise FormulaError("too_long", f"公式最多{LONGEST}个字符。", f"A formula holds {LONGEST} characters at most.")
    reader = _Reader(list(_tokens(text)))
    if len(reader.tokens) > MOST_WORDS:
        raise FormulaError(
            "too_long", f"公式最多{MOST_WORDS}个符号。", f"A formula holds {MOST_WORDS} symbols at most."
        )
    node = reader.expression(0)
    if reader.place < len(reader.tokens):
        raise _unexpected(reader.tokens[reader.place])
    return node


def _tokens(text: str) -> Iterator[str]:
    place, text = 0, text.strip()
    while place < len(text):
        found = _TOKEN.match(text, place)
        if found is None:
            shown = text[place:].strip()[:1]
            raise FormulaError("bad_symbol", f"公式中不能使用“{shown}”。", f"A formula may not hold “{shown}”.")
        yield found[0].strip()
        place = found.end()


def _unexpected(token: str) -> FormulaError:
    if not token:
        return FormulaError("syntax", "公式不完整。", "The formula is incomplete.")
    return FormulaError("syntax", f"公式在“{token}”处无法理解。", f"The formula is not understood at “{token}”.")


class _Reader:
    def __init__(self, tokens: list[str]) -> None:
        self.tokens, self.place = tokens, 0

    def _next(self) -> str:
        return self.tokens[self.place] if self.place < len(self.tokens) else ""

    def _take(self, expected: str = "") -> str:
        token = self._next()
        if not token or (expected and token != expected):
            raise _unexpected(token)
        self.place += 1
        return token

    def expression(self, depth: int) -> Node:
        node = self._term(depth)
        while self._next() in ("+", "-"):
            node = Node(self._take(), "", (node, self._term(depth)))
        return node

    def _term(self, depth: int) -> Node:
        node = self._factor(depth)
        while self._next() in ("*", "/"):
            node = Node(self._take(), "", (node, self._factor(depth)))
        return node

    def _factor(self, depth: int) -> Node:
        if depth > DEEPEST:
            raise FormulaError("too_deep", f"括号最多{DEEPEST}层。", f"Brackets nest {DEEPEST} levels at most.")
        word = self._take()
        if word == "-":
            return Node("neg", "", (self._factor(depth + 1),))
        if word == "(":
            inner = self.expression(depth + 1)
            self._take(")")
            return inner
        if word[0].isdigit():
            return Node("number", word)
        if word in "+*/),":
            raise _unexpected(word)
        if self._next() == "(":
            return self._call(word, depth)
        if not NAME.fullmatch(word) or word in FUNCTIONS:
            raise _unexpected(word)
        return Node("name", word)

    def _call(self, name: str, depth: int) -> Node:
        if name not in FUNCTIONS:
            known = "、".join(FUNCTIONS)
            raise FormulaError("unknown_function", f"没有函数“{name}”，可用{known}。",
                               f"There is no function “{name}”; known are {', '.join(FUNCTIONS)}.")  # fmt: skip
        self._take("(")
        parts = [self.expression(depth + 1)]
        while self._next() == ",":
            self._take()
            parts.append(self.expression(depth + 1))
        self._take(")")
        low, high = FUNCTIONS[name]
        if not low <= len(parts) <= high:
            raise FormulaError(
                "syntax", f"函数“{name}”的参数个数不对。", f"“{name}” takes another number of arguments."
            )
        return Node(name, "", tuple(parts))


def show(node: Node) -> str:
    """The formula in words that `parse` reads back to the same tree."""
    if node.kind in ("number", "name"):
        return node.text
    parts = [show(part) for part in node.parts]
    if node.kind == "neg":
        return f"(-{parts[0]})"
    if node.kind in FUNCTIONS:
        return f"{node.kind}({', '.join(parts)})"
    return f"({parts[0]} {node.kind} {parts[1]})"


def names(node: Node) -> set[str]:
    found = {node.text} if node.kind == "name" else set()
    return found.union(*(names(part) for part in node.parts)) if node.parts else found


def evaluate(node: Node, values: Mapping[str, Interval], steps: list[Step] | None = None) -> Interval:
    """The interval that holds the formula's value for every choice from `values`; `steps` collects the working.

    Raises FormulaError `unknown_name`, `no_value` (division by zero, root or logarithm outside its domain, overflow).
    """
    if node.kind == "number":
        return point(node.text)
    if node.kind == "name":
        if node.text not in values:
            raise FormulaError("unknown_name", f"公式中的“{node.text}”没有取值。", f"“{node.text}” has no value.")
        return values[node.text]
    parts = [evaluate(part, values, steps) for part in node.parts]
    try:
        result = _OPERATIONS[node.kind](parts)
    except (DivisionByZero, InvalidOperation, Overflow) as error:
        shown = show(node)
        raise FormulaError("no_value", f"“{shown}”在给定取值范围内没有确定的值（除以零、负数开方或取对数、过大）。",
                           f"“{shown}” has no value on the given range (division by zero, root or logarithm of a "
                           "number outside its domain, or too large).") from error  # fmt: skip
    if steps is not None:
        steps.append(Step(show(node), result))
    return result


def _hull(values: list[Decimal]) -> Interval:
    return Interval(min(values), max(values))


def _multiplied(parts: list[Interval]) -> Interval:
    a, b = parts
    return _hull([_CONTEXT.multiply(x, y) for x in a for y in b])


def _divided(parts: list[Interval]) -> Interval:
    a, b = parts
    if b.low <= 0 <= b.high:
        raise DivisionByZero
    return _hull([_CONTEXT.divide(x, y) for x in a for y in b])


def _logarithm(value: Decimal) -> Decimal:
    if value <= 0:
        raise InvalidOperation
    return _CONTEXT.ln(value)


def _rising(function: Callable[[Decimal], Decimal]) -> Callable[[list[Interval]], Interval]:
    return lambda parts: Interval(function(parts[0].low), function(parts[0].high))


_OPERATIONS: dict[str, Callable[[list[Interval]], Interval]] = {
    "neg": lambda p: Interval(_CONTEXT.minus(p[0].high), _CONTEXT.minus(p[0].low)),
    "+": lambda p: Interval(_CONTEXT.add(p[0].low, p[1].low), _CONTEXT.add(p[0].high, p[1].high)),
    "-": lambda p: Interval(_CONTEXT.subtract(p[0].low, p[1].high), _CONTEXT.subtract(p[0].high, p[1].low)),
    "*": _multiplied,
    "/": _divided,
    "min": lambda p: Interval(min(x.low for x in p), min(x.high for x in p)),
    "max": lambda p: Interval(max(x.low for x in p), max(x.high for x in p)),
    "sqrt": _rising(_CONTEXT.sqrt),
    "ln": _rising(_logarithm),
    "exp": _rising(_CONTEXT.exp),
}
