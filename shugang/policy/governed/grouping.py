"""The output rule “aggregate only, groups of at least k”: a form so plain that it can be proven, or a refusal.

Rows under the rule may be read by two kinds of SELECT only:
- a *cut*: some of their columns, and rows by a plain condition; its rows are still under the rule;
- a *block*: groups by plain keys over one relation, plain aggregates, and every group below k rows left out.
What a block gives is free: any query may go on with it.

Why so plain. A join or a list of values multiplies rows, so that one person fills a group. FILTER, CASE and min/max
reach one row inside a large group. A column that is empty but once sums to a single value, so each aggregate of a
column counts that column too. An expression that can fail (a cast, an overflow) tells one bit of one row by failing:
conditions compare a column with a literal of its own type, and nothing else.
What no rule on one query can hold: two answers whose difference is one row. That is for quotas and the contract.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime

from sqlglot import exp

from shugang.policy.governed.allowed import AGGREGATE_KINDS
from shugang.policy.governed.names import Col, Scope, Shape
from shugang.policy.governed.reading import NotAllowed

_SUMS = (exp.Sum, exp.Avg, exp.Stddev, exp.StddevPop, exp.StddevSamp, exp.Variance, exp.VariancePop)
_DATE_PARTS = (exp.Year, exp.Quarter, exp.Month, exp.Week, exp.Day, exp.DayOfWeek, exp.TimestampTrunc, exp.Extract)
_COMPARE = (exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE)
_LONGEST_NUMBER = 18
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}([ T][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?)?")
Families = Callable[[exp.Expression], str | None]


def hold(node: exp.Select, scope: Scope, columns: list[Col], least: int) -> Shape:
    """Prove that this SELECT over rows under the rule is a cut or a block; a block gets its threshold."""
    if len(scope.relations) != 1:
        raise _broken("join")
    for name in ("distinct", "qualify", "windows"):
        if node.args.get(name):
            raise _broken(name)
    families = {col.name.lower(): col.family for col in scope.relations[0].columns.values()}
    if where := node.args.get("where"):
        _condition(where.this, lambda operand: _family(operand, families))
    aggregates = any(isinstance(found, AGGREGATE_KINDS) for item in node.expressions for found in item.walk())
    if node.args.get("group") or node.args.get("having") or aggregates:
        _block(node, families, least)
        return Shape(columns, 0)
    for name in ("order", "limit", "offset"):
        if node.args.get(name):
            raise _broken(name)
    for item in node.expressions:
        if _family(item.this, families) is None:
            raise _broken(item.this.key)
    return Shape(columns, least)


def _broken(name: str) -> NotAllowed:
    return NotAllowed("sql_output_rule", name)


def _block(node: exp.Select, families: dict[str, str], least: int) -> None:
    names = {item.alias.lower() for item in node.expressions}
    sums = {item.alias.lower() for item in node.expressions if isinstance(item.this, AGGREGATE_KINDS)}
    for item in node.expressions:
        if isinstance(item.this, AGGREGATE_KINDS):
            item.set("this", _guarded(item.this, families, least))
        else:
            _key(item.this, families)
    group = node.args.get("group")
    for item in group.expressions if group else ():
        if not _ordinal(item) and not _alias(item, names):
            _key(item, families)
    order = node.args.get("order")
    for item in order.expressions if order else ():
        # An aggregate here would order by what the guard hides; its name orders by what is shown.
        if not _ordinal(item.this) and not _alias(item.this, names):
            _key(item.this, families)
    threshold: exp.Expression = exp.GTE(this=exp.Count(this=exp.Star(), big_int=True), expression=_number(least))
    if having := node.args.get("having"):
        threshold = exp.And(this=threshold, expression=exp.Paren(this=_having(having.this, families, sums, least)))
    node.set("having", exp.Having(this=threshold))


def _guarded(node: exp.Expression, families: dict[str, str], least: int) -> exp.Expression:
    """An aggregate of one plain column, empty where fewer than k rows have a value."""
    inner = node.this
    if isinstance(node, exp.Count) and not node.args.get("expressions"):
        if isinstance(inner, exp.Star):
            return node
        if isinstance(inner, exp.Distinct) and len(inner.expressions) == 1 and not inner.args.get("on"):
            inner = inner.expressions[0]
        if _family(inner, families) is None:
            raise _broken("count")
    elif isinstance(node, _SUMS):
        if _family(inner, families) not in ("whole", "fraction"):
            raise _broken(node.key)
    else:
        raise _broken(node.key)
    filled = exp.GTE(this=exp.Count(this=inner.copy(), big_int=True), expression=_number(least))
    return exp.Case(ifs=[exp.If(this=filled, true=node)])


def _key(node: exp.Expression, families: dict[str, str]) -> None:
    """A plain column, or a part of a plain date."""
    if isinstance(node, _DATE_PARTS):
        inner = node.expression if isinstance(node, exp.Extract) else node.this
        if _family(inner, families) not in ("date", "time"):
            raise _broken(node.key)
    elif _family(node, families) is None:
        raise _broken(node.key)


def _family(node: exp.Expression, families: dict[str, str]) -> str | None:
    """The family of a plain column of the one relation; None for anything else."""
    if not isinstance(node, exp.Column) or not node.args.get("table"):
        return None
    return families.get(node.name.lower()) or None


def _condition(node: exp.Expression, family_of: Families) -> None:
    """AND, OR, NOT over comparisons of an operand with literals of its own type: none of them can fail."""
    stack = [node]
    while stack:
        part = stack.pop()
        if isinstance(part, exp.And | exp.Or):
            stack += [part.this, part.expression]
        elif isinstance(part, exp.Not | exp.Paren):
            stack.append(part.this)
        else:
            _comparison(part, family_of)


def _comparison(node: exp.Expression, family_of: Families) -> None:
    operand, literals = node.this, []
    if isinstance(node, _COMPARE):
        literals = [node.expression]
        if family_of(operand) is None:
            operand, literals = node.expression, [node.this]
    elif isinstance(node, exp.Between):
        literals = [node.args["low"], node.args["high"]]
    elif isinstance(node, exp.In) and not node.args.get("query"):
        literals = list(node.expressions)
    elif isinstance(node, exp.Like | exp.ILike):
        if family_of(operand) != "text" or not node.expression.is_string:
            raise _broken(node.key)
        return
    elif isinstance(node, exp.Is):
        if family_of(operand) is None or not isinstance(node.expression, exp.Null | exp.Boolean):
            raise _broken(node.key)
        if isinstance(node.expression, exp.Boolean) and family_of(operand) != "flag":
            raise _broken(node.key)
        return
    elif family_of(node) == "flag":
        return
    else:
        raise _broken(node.key)
    family = family_of(operand)
    for literal in literals:
        if family is None or not _fits(literal, family):
            raise _broken(node.key)
        if family == "fraction":
            # Compared as decimals the engine would widen the column, which can overflow.
            literal.replace(exp.Cast(this=literal.copy(), to=exp.DataType(this=exp.DType.DOUBLE)))


def _fits(node: exp.Expression, family: str) -> bool:
    if isinstance(node, exp.Boolean):
        return family == "flag"
    if isinstance(node, exp.Cast):
        kind = {"date": "DATE", "time": "TIMESTAMPNTZ"}.get(family)
        text = node.this.is_string and node.to.this.name == kind and not node.to.expressions
        return bool(text) and _moment(node.this.this, family)
    if isinstance(node, exp.Neg):
        return not node.this.is_string and _fits(node.this, family)
    if not isinstance(node, exp.Literal):
        return False
    if node.is_string:
        return family == "text" or (family in ("date", "time") and _moment(node.this, family))
    digits = node.this.replace(".", "", 1)
    if not digits.isascii() or not digits.isdigit() or len(digits) > _LONGEST_NUMBER:
        return False
    return family == "fraction" or (family == "whole" and "." not in node.this)


def _moment(text: str, family: str) -> bool:
    """A text that certainly is a date or time: the engine casts late, and a cast that fails would tell of rows."""
    if not (_DATE if family == "date" else _TIME).fullmatch(text):
        return False
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def _having(node: exp.Expression, families: dict[str, str], sums: set[str], least: int) -> exp.Expression:
    """A condition on keys and shown aggregates (`sums` are their names); each stands guarded as in the outputs."""
    holder = exp.Paren(this=node)

    def family_of(operand: exp.Expression) -> str | None:
        if isinstance(operand, AGGREGATE_KINDS):
            return "whole" if isinstance(operand, exp.Count) else "fraction"
        if _alias(operand, sums):
            return "fraction"
        return _family(operand, families)

    _condition(holder.this, family_of)
    for found in [item for item in holder.walk() if isinstance(item, AGGREGATE_KINDS)]:
        found.replace(_guarded(found.copy(), families, least))
    return holder.this


def _ordinal(node: exp.Expression) -> bool:
    return isinstance(node, exp.Literal) and not node.is_string and node.this.isdigit()


def _alias(node: exp.Expression, names: set[str]) -> bool:
    return isinstance(node, exp.Column) and not node.args.get("table") and node.name.lower() in names


def _number(value: int) -> exp.Literal:
    return exp.Literal.number(value)
