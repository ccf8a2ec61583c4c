"""Which parts a query need not read, by what the caller says he will filter for (PROTOCOL.md, predicate hints).

Only numbers of the granted view decide, and only towards leaving out what certainly holds no such row: what is not
understood, names a column that is not granted, or has no statistics counts as a maybe. The client filters again.

A condition over a part is judged by the truth values that some row of it could give it (SQL's three: T, F, N).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

import sqlglot
from sqlglot import exp

MAYBE = frozenset("TFN")
_DEEPEST, _LONGEST, _MOST = 32, 4000, 100
_OPS = ("equal", "lessThan", "lessThanOrEqual", "greaterThan", "greaterThanOrEqual")
_MIRRORED = {
    "equal": "equal",
    "lessThan": "greaterThan",
    "lessThanOrEqual": "greaterThanOrEqual",
    "greaterThan": "lessThan",
    "greaterThanOrEqual": "lessThanOrEqual",
}
_SQL_OPS: dict[type[exp.Expression], str] = {
    exp.EQ: "equal",
    exp.LT: "lessThan",
    exp.LTE: "lessThanOrEqual",
    exp.GT: "greaterThan",
    exp.GTE: "greaterThanOrEqual",
}
Node = Mapping[str, Any]


@dataclass(frozen=True)
class Numbers:
    """What is known of one column in one part: its bounds (None: unknown) and how many rows have no value."""

    kind: str
    low: Any
    high: Any
    nulls: int | None
    rows: int


def numbers(columns: Mapping[str, str], stats: str, values: Mapping[str, str | None]) -> dict[str, Numbers]:
    """By lower-case column name; `stats` is Delta's JSON text."""
    told = json.loads(stats)
    rows = int(told["numRecords"])
    found = {}
    for name, kind in columns.items():
        if name in values:
            text = values[name]
            bound = None if text is None else _value(text, kind)
            found[name.lower()] = Numbers(kind, bound, bound, rows if text is None else 0, rows)
        else:
            low, high = (told[side].get(name) for side in ("minValues", "maxValues"))
            bounds = [None if bound is None else _value(bound, kind) for bound in (low, high)]
            found[name.lower()] = Numbers(kind, bounds[0], bounds[1], told["nullCount"].get(name), rows)
    return found


def may_match(conditions: list[Node], known: Mapping[str, Numbers]) -> bool:
    """Whether some row of the part may satisfy all conditions."""
    return all("T" in _judge(condition, known, 0) for condition in conditions)


def conditions(json_hint: str | None, sql_hints: list[Any] | None) -> list[Node]:
    """The hints as trees in the shape of JSON predicates; what cannot be read is left out."""
    found: list[Node] = []
    if json_hint and len(json_hint) <= 16 * _LONGEST:
        try:
            tree = json.loads(json_hint)
        except (ValueError, RecursionError):
            tree = None
        if isinstance(tree, dict):
            found.append(tree)
    for text in (sql_hints or [])[:_MOST]:
        if isinstance(text, str) and len(text) <= _LONGEST and (tree := _from_sql(text)) is not None:
            found.append(tree)
    return found


def _judge(node: Any, known: Mapping[str, Numbers], depth: int) -> frozenset[str]:
    if not isinstance(node, Mapping) or depth > _DEEPEST:
        return MAYBE
    op, children = node.get("op"), node.get("children")
    if not isinstance(children, list):
        return MAYBE
    if op in ("and", "or") and children:
        judged = [_judge(child, known, depth + 1) for child in children]
        return _all(judged) if op == "and" else _any(judged)
    if op == "not" and len(children) == 1:
        return frozenset({"T": "F", "F": "T", "N": "N"}[value] for value in _judge(children[0], known, depth + 1))
    if op == "isNull" and len(children) == 1:
        return _is_null(children[0], known)
    if op in _OPS and len(children) == 2:
        return _compare(str(op), children[0], children[1], known)
    return MAYBE


def _all(judged: list[frozenset[str]]) -> frozenset[str]:
    """SQL's AND over what each side could be (sides are taken as independent, which only adds possibilities)."""
    result = frozenset("T")
    for values in judged:
        result = frozenset(_and(a, b) for a in result for b in values)
    return result


def _any(judged: list[frozenset[str]]) -> frozenset[str]:
    result = frozenset("F")
    for values in judged:
        result = frozenset(_or(a, b) for a in result for b in values)
    return result


def _and(a: str, b: str) -> str:
    return "F" if "F" in (a, b) else "N" if "N" in (a, b) else "T"


def _or(a: str, b: str) -> str:
    return "T" if "T" in (a, b) else "N" if "N" in (a, b) else "F"


def _column(node: Any, known: Mapping[str, Numbers]) -> Numbers | None:
    if isinstance(node, Mapping) and node.get("op") == "column" and isinstance(node.get("name"), str):
        return known.get(node["name"].lower())
    return None


def _is_null(node: Any, known: Mapping[str, Numbers]) -> frozenset[str]:
    column = _column(node, known)
    if column is None or column.nulls is None:
        return MAYBE
    return frozenset("T" if column.nulls == column.rows else "F" if column.nulls == 0 else "TF")


def _compare(op: str, left: Any, right: Any, known: Mapping[str, Numbers]) -> frozenset[str]:
    column, literal = _column(left, known), right
    if column is None:
        column, literal, op = _column(right, known), left, _MIRRORED[op]
    if column is None or not isinstance(literal, Mapping) or literal.get("op") != "literal":
        return MAYBE
    if column.nulls is not None and column.nulls == column.rows:
        return frozenset("N")
    value = _value(literal.get("value"), column.kind)
    if value is None or column.low is None or column.high is None:
        return MAYBE
    some, none = _possible(op, column.low, column.high, value)
    result = ("T" if some else "") + ("F" if none else "") + ("N" if column.nulls != 0 else "")
    return frozenset(result)


def _possible(op: str, low: Any, high: Any, value: Any) -> tuple[bool, bool]:
    """Whether a value between the bounds may satisfy the comparison, and whether one may not."""
    if op == "equal":
        return low <= value <= high, not low == value == high
    if op == "lessThan":
        return low < value, high >= value
    if op == "lessThanOrEqual":
        return low <= value, high > value
    if op == "greaterThan":
        return high > value, low <= value
    return high >= value, low < value


def _value(given: Any, kind: str) -> Any:
    """A literal or a bound as a value that orders as the engine orders the column; None where that is not certain.
    Times are left out (their spelling and zone vary), and numbers with a fraction are compared exactly."""
    if isinstance(given, bool) or not isinstance(given, str | int | float):
        return None
    text = str(given)
    try:
        if kind in ("byte", "short", "integer", "long") or kind.startswith("decimal") or kind in ("float", "double"):
            number = Decimal(text)
            return number if number.is_finite() else None
        if kind == "date":
            return date.fromisoformat(text)
        if kind == "string" and isinstance(given, str):
            return given.encode()
    except (ValueError, InvalidOperation):
        return None
    return None


def _from_sql(text: str) -> Node | None:
    try:
        tree = sqlglot.parse_one(text, read="spark")
        return _node(tree, 0)
    except (sqlglot.errors.SqlglotError, RecursionError, ValueError):
        return None


def _node(tree: Any, depth: int) -> Node:
    """What is not understood becomes a node without children, which is a maybe."""
    unknown: Node = {"op": "unknown"}
    if depth > _DEEPEST:
        return unknown
    if isinstance(tree, exp.Paren):
        return _node(tree.this, depth + 1)
    if isinstance(tree, exp.And | exp.Or):
        op = "and" if isinstance(tree, exp.And) else "or"
        return {"op": op, "children": [_node(tree.left, depth + 1), _node(tree.right, depth + 1)]}
    if isinstance(tree, exp.Not):
        return {"op": "not", "children": [_node(tree.this, depth + 1)]}
    if isinstance(tree, exp.Is) and isinstance(tree.expression, exp.Null):
        return {"op": "isNull", "children": [_leaf(tree.this)]}
    op = _SQL_OPS.get(type(tree), "")
    return {"op": op, "children": [_leaf(tree.left), _leaf(tree.right)]} if op else unknown


def _leaf(tree: Any) -> Node:
    if isinstance(tree, exp.Column) and not tree.table:
        return {"op": "column", "name": tree.name}
    if isinstance(tree, exp.Neg) and isinstance(tree.this, exp.Literal) and not tree.this.is_string:
        return {"op": "literal", "value": f"-{tree.this.name}"}
    if isinstance(tree, exp.Literal):
        return {"op": "literal", "value": tree.name}
    return {"op": "unknown"}
