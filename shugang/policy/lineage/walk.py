"""One pass, bottom up, over a resolved query: for each output column the input columns that reach it, and how.

The resolver has given every relation a name of its own (`~t1`, `~c1`), so one table of names serves the whole query and a
correlated subquery finds the outer relation like its own. A value is a mapping of (table, column) to bits of `kinds`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from sqlglot import exp

from shugang.policy.governed.plan import Granted, named_tables
from shugang.policy.governed.reading import NotAllowed, read
from shugang.policy.governed.scopes import Resolver
from shugang.policy.lineage import kinds
from shugang.policy.lineage.kinds import Transformation, transformations

Field = tuple[int, str]
Value = dict[Field, int]
_AGGREGATES = (exp.AggFunc,)
_COUNTING = (exp.Count, exp.CountIf, exp.ApproxDistinct)
_HASHES = (exp.MD5, exp.MD5Digest, exp.SHA, exp.SHA2)
_QUERIES = (exp.Select, exp.SetOperation, exp.Subquery)


@dataclass(frozen=True)
class Lineage:
    """`columns`: for each output column, in order, its inputs as (place of the table given, column) and the kinds.
    `rows`: the inputs that decide which rows the answer has, for all columns alike."""

    columns: Mapping[str, Mapping[Field, tuple[Transformation, ...]]]
    rows: Mapping[Field, tuple[Transformation, ...]]


def lineage(sql: str, tables: tuple[Granted, ...]) -> Lineage:
    """The lineage of one SELECT over the tables given. Raises `NotAllowed`, with the rule, for what it cannot read."""
    tree = read(sql)
    try:
        Resolver(named_tables(tables)).query(tree, {}, None)
        shape = _Walker(tables).query(tree)
    except RecursionError as error:
        raise NotAllowed("sql_too_long", "depth") from error
    return Lineage(
        {name: _told(value) for name, value in shape.columns},
        _told(shape.rows),
    )


def _told(value: Value) -> dict[Field, tuple[Transformation, ...]]:
    return {source: transformations(bits) for source, bits in sorted(value.items())}


@dataclass
class _Shape:
    columns: list[tuple[str, Value]]
    rows: Value = field(default_factory=dict)


@dataclass
class _Relation:
    columns: dict[str, Value]


class _Scope:
    """One SELECT: what USING made one, what its projections are called, and the SELECT around it."""

    def __init__(self, outer: _Scope | None) -> None:
        self.outer = outer
        self.relations: list[_Relation] = []
        self.merged: dict[str, list[Value]] = {}
        self.aliases: dict[str, Value] = {}
        self.rows: Value = {}


def _add(into: Value, value: Value, kind: int) -> None:
    for source, bits in value.items():
        into[source] = into.get(source, 0) | kinds.through(kind, bits)


class _Walker:
    def __init__(self, tables: tuple[Granted, ...]) -> None:
        self._named: dict[str, _Shape] = {}
        for place, table in enumerate(tables):
            columns = [(name, {(place, name): kinds.IDENTITY}) for name, _ in table.columns]
            self._named[f"\0{place}\0"] = _Shape(columns)
        self._relations: dict[str, _Relation] = {}

    # -- queries ------------------------------------------------------------------------------------------

    def query(self, node: exp.Expression, outer: _Scope | None = None) -> _Shape:
        while isinstance(node, exp.Subquery):
            node = node.this
        for cte in node.args["with_"].expressions if node.args.get("with_") else ():
            shape = self.query(cte.this, outer)
            self._named[cte.alias] = _Shape(_renamed(shape.columns, cte.args["alias"]), shape.rows)
        if isinstance(node, exp.SetOperation):
            return self._set_operation(node, outer)
        assert isinstance(node, exp.Select)
        return self._select(node, outer)

    def _set_operation(self, node: exp.SetOperation, outer: _Scope | None) -> _Shape:
        left, right = self.query(node.this, outer), self.query(node.expression, outer)
        # The right side of INTERSECT and EXCEPT gives no value; it decides which rows of the left remain.
        kind = kinds.IDENTITY if isinstance(node, exp.Union) else kinds.FILTER
        columns: list[tuple[str, Value]] = []
        for (name, value), (_, other) in zip(left.columns, right.columns, strict=True):
            both = dict(value)
            _add(both, other, kind)
            columns.append((name, both))
        rows = dict(left.rows)
        _add(rows, right.rows, kinds.IDENTITY)
        if node.args.get("distinct"):
            for _, value in columns:
                _add(rows, value, kinds.GROUP_BY)
        names = {name.lower(): value for name, value in columns}
        for item in _items(node.args.get("order")):
            _add(rows, self._output(item, columns, names), kinds.SORT)
        return _Shape(columns, rows)

    def _output(self, item: exp.Expression, columns: list[tuple[str, Value]], names: dict[str, Value]) -> Value:
        if place := _ordinal(item):
            return columns[place - 1][1] if place <= len(columns) else {}
        return names.get(item.name.lower(), {})

    def _select(self, node: exp.Select, outer: _Scope | None) -> _Shape:
        scope = _Scope(outer)
        if from_ := node.args.get("from_"):
            self._relation(from_.this, scope)
        for join in node.args.get("joins") or ():
            self._join(join, scope)
        columns: list[tuple[str, Value]] = []
        for item in node.expressions:
            value: Value = {}
            self._value(item.this, kinds.IDENTITY, scope, value, False)
            columns.append((item.alias, value))
            scope.aliases.setdefault(item.alias.lower(), value)
        self._clauses(node, scope, columns)
        return _Shape(columns, scope.rows)

    def _clauses(self, node: exp.Select, scope: _Scope, columns: list[tuple[str, Value]]) -> None:
        rows = scope.rows
        for name, alias_first in (("where", False), ("having", True), ("qualify", True)):
            if clause := node.args.get(name):
                self._value(clause.this, kinds.FILTER, scope, rows, alias_first)
        if group := node.args.get("group"):
            if group.args.get("all"):
                for item, (_, value) in zip(node.expressions, columns, strict=True):
                    if not item.find(*_AGGREGATES):
                        _add(rows, value, kinds.GROUP_BY)
            for item in group.iter_expressions():
                self._ranked(item, kinds.GROUP_BY, scope, columns, False)
        if distinct := node.args.get("distinct"):
            on = distinct.args.get("on")
            for part in [on] if on else []:
                self._value(part, kinds.GROUP_BY, scope, rows, True)
            if not on:
                for _, value in columns:
                    _add(rows, value, kinds.GROUP_BY)
        for item in _items(node.args.get("order")):
            self._ranked(item, kinds.SORT, scope, columns, True)

    def _ranked(
        self, item: exp.Expression, kind: int, scope: _Scope, columns: list[tuple[str, Value]], alias_first: bool
    ) -> None:
        if place := _ordinal(item):
            _add(scope.rows, columns[place - 1][1] if place <= len(columns) else {}, kind)
        else:
            self._value(item, kind, scope, scope.rows, alias_first)

    # -- FROM ---------------------------------------------------------------------------------------------

    def _relation(self, node: exp.Expression, scope: _Scope) -> _Relation:
        alias: exp.TableAlias = node.args["alias"]
        if isinstance(node, exp.Table):
            shape = self._named[node.name]
        elif isinstance(node, exp.Values):
            shape = self._values(node, scope)
        else:
            inner = node.this if isinstance(node, exp.Lateral) else node
            shape = self.query(inner.this, scope)
        relation = _Relation({name.lower(): value for name, value in _renamed(shape.columns, alias)})
        _add(scope.rows, shape.rows, kinds.IDENTITY)
        self._relations[alias.name] = relation
        scope.relations.append(relation)
        return relation

    def _values(self, node: exp.Values, scope: _Scope) -> _Shape:
        found: list[Value] = []
        for row in node.expressions:
            for place, item in enumerate(row.expressions):
                if place == len(found):
                    found.append({})
                self._value(item, kinds.TRANSFORMATION, scope, found[place], False)
        return _Shape([(f"col{place}", value) for place, value in enumerate(found)])

    def _join(self, join: exp.Join, scope: _Scope) -> None:
        left = list(scope.relations)
        relation = self._relation(join.this, scope)
        for item in join.args.get("using") or ():
            name = item.name.lower()
            sides = [other.columns[name] for other in left if name in other.columns]
            merged = scope.merged.setdefault(name, sides)
            merged.append(relation.columns[name])
            for value in merged:
                _add(scope.rows, value, kinds.JOIN)
        if on := join.args.get("on"):
            self._value(on, kinds.JOIN, scope, scope.rows, False)

    # -- expressions --------------------------------------------------------------------------------------

    def _value(self, root: exp.Expression, kind: int, scope: _Scope, into: Value, alias_first: bool) -> None:
        """Add to `into` what `root` is computed from, given that it is used by `kind`."""
        stack = [(root, kind)]
        while stack:
            node, kind = stack.pop()
            if isinstance(node, exp.Column):
                for value in self._column(node, scope, alias_first):
                    _add(into, value, kind)
            elif isinstance(node, _QUERIES):
                shape = self.query(node, scope)
                for _, value in shape.columns:
                    _add(into, value, kind)
                _add(scope.rows, shape.rows, kinds.IDENTITY)
            else:
                stack.extend(_parts(node, kind))

    def _column(self, node: exp.Column, scope: _Scope, alias_first: bool) -> Iterable[Value]:
        name, table = node.name.lower(), node.table
        if table:
            return (self._relations[table].columns[name],)
        at: _Scope | None = scope
        while at is not None:
            found = at.aliases.get(name) if at is scope else None
            if found is not None and (alias_first or name not in at.merged):
                return (found,)
            if name in at.merged:
                return at.merged[name]
            at = at.outer
        raise NotAllowed("column_hidden", node.name)


def _parts(node: exp.Expression, kind: int) -> Iterable[tuple[exp.Expression, int]]:
    """The operands of a node, each with the kind by which it reaches the output."""
    if isinstance(node, exp.Paren):
        return ((node.this, kind),)
    if isinstance(node, exp.Window):
        function = [(node.this, kind)]
        by = [*(node.args.get("partition_by") or ()), *_items(node.args.get("order"))]
        return function + [(item, _use(kinds.WINDOW, kind)) for item in by]
    if isinstance(node, exp.Case):
        subject = [(node.this, _use(kinds.CONDITIONAL, kind))] if node.this else []
        default = [(node.args["default"], _use(kinds.TRANSFORMATION, kind))] if node.args.get("default") else []
        return [*subject, *default, *((branch, kind) for branch in node.args["ifs"])]
    if isinstance(node, exp.If):
        results = [node.args.get(name) for name in ("true", "false")]
        return [
            (node.this, _use(kinds.CONDITIONAL, kind)),
            *((item, _use(kinds.TRANSFORMATION, kind)) for item in results if item is not None),
        ]
    if isinstance(node, exp.Filter):
        return [(node.this, kind), (node.expression, _use(kinds.FILTER, kind))]
    if isinstance(node, exp.Exists):
        return [(item, _use(kinds.CONDITIONAL, kind)) for item in node.iter_expressions()]
    step = kinds.AGGREGATION if isinstance(node, _AGGREGATES) else kinds.TRANSFORMATION
    if isinstance(node, _COUNTING + _HASHES) or (
        isinstance(node, exp.Anonymous) and node.name.lower() in kinds.MASKING
    ):
        step = kinds.masked(step)
    use = _use(step, kind)
    return [(item, use) for item in node.iter_expressions()]


def _use(step: int, outer: int) -> int:
    """What `step` inside `outer` is; both are single kinds, and so is the answer."""
    return kinds.through(outer, step)


def _items(order: exp.Expression | None) -> list[exp.Expression]:
    return [item.this if isinstance(item, exp.Ordered) else item for item in order.expressions] if order else []


def _ordinal(item: exp.Expression) -> int:
    return int(item.this) if isinstance(item, exp.Literal) and not item.is_string and item.this.isdigit() else 0


def _renamed(columns: list[tuple[str, Value]], alias: exp.TableAlias) -> list[tuple[str, Value]]:
    given = [item.name for item in alias.args.get("columns") or ()]
    return [(given[n] if n < len(given) else name, value) for n, (name, value) in enumerate(columns)]
