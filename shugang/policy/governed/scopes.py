"""Names resolved scope by scope, and every relation renamed, so that our reading of a name is the only one.

What comes out holds no table name of the buyer: granted tables are marks that `plan` fills in, the names of WITH and
of FROM are ours (`~c1`, `~t1`), columns are qualified by them, output columns have explicit names. A name that means
two things (a WITH that shadows a table, an alias that shadows another) is thus decided here and not by the engine.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from shugang.policy.governed.grouping import hold
from shugang.policy.governed.names import (
    Col,
    Ctes,
    Named,
    Relation,
    Scope,
    Shape,
    alias_of,
    column,
    ident,
    renamed,
)
from shugang.policy.governed.reading import NotAllowed

MOST_COLUMNS = 2_000  # over all stars of one query, since each WITH could double the last one's
_LONGEST_NAME = 64


class Resolver:
    """`tables` are the relations that may be named, by (schema or "", table), both in lower case."""

    def __init__(self, tables: dict[tuple[str, str], Named]) -> None:
        self._tables = tables
        self._made = 0
        self._expanded = 0
        self.touched: set[str] = set()

    def _new(self, letter: str) -> str:
        self._made += 1
        return f"~{letter}{self._made}"

    # -- queries ------------------------------------------------------------------------------------------

    def query(self, node: exp.Expression, ctes: Ctes, outer: Scope | None) -> Shape:
        if isinstance(node, exp.Subquery) and not node.args.get("alias"):
            return self.query(node.this, ctes, outer)
        if isinstance(node, exp.SetOperation):
            return self._set_operation(node, ctes, outer)
        if isinstance(node, exp.Select):
            return self._select(node, ctes, outer)
        raise NotAllowed("sql_not_allowed", node.key)

    def grouped(self, node: exp.Expression, ctes: Ctes, outer: Scope | None) -> Shape:
        """A query whose rows leave here: not single rows where the output rule forbids them."""
        shape = self.query(node, ctes, outer)
        if shape.least:
            raise NotAllowed("sql_output_rule", "single rows")
        return shape

    def _with(self, node: exp.Expression, ctes: Ctes, outer: Scope | None) -> Ctes:
        with_ = node.args.get("with_")
        if with_ is None:
            return ctes
        seen: set[str] = set()
        ctes = dict(ctes)
        for cte in with_.expressions:
            alias: exp.TableAlias = cte.args["alias"]
            name = alias.name.lower()
            if name in seen:
                raise NotAllowed("sql_ambiguous", alias.name)
            seen.add(name)
            shape = self.query(cte.this, ctes, outer)
            made = self._new("c")
            columns = renamed(shape.columns, alias)
            ctes[name] = Named(made, columns, shape.least)
            cte.set("alias", alias_of(made, columns if alias.args.get("columns") else None))
        return ctes

    def _set_operation(self, node: exp.SetOperation, ctes: Ctes, outer: Scope | None) -> Shape:
        ctes = self._with(node, ctes, outer)
        left = self.grouped(node.this, ctes, outer)
        right = self.grouped(node.expression, ctes, outer)
        if len(left.columns) != len(right.columns):
            raise NotAllowed("sql_not_allowed", f"{node.key}: {len(left.columns)} / {len(right.columns)}")
        names = {col.name.lower(): col.name for col in left.columns}
        for item in _order_items(node):
            if isinstance(item, exp.Column) and not item.args.get("table") and item.name.lower() in names:
                item.set("this", ident(names[item.name.lower()]))
            elif not (isinstance(item, exp.Literal) and not item.is_string):
                raise NotAllowed("sql_not_allowed", f"{node.key} order")
        _limits(node)
        return Shape([Col(col.name, "") for col in left.columns], 0)

    def _select(self, node: exp.Select, ctes: Ctes, outer: Scope | None) -> Shape:
        ctes = self._with(node, ctes, outer)
        scope = Scope(outer)
        if from_ := node.args.get("from_"):
            scope.relations.append(self._relation(from_, ctes, scope))
        for join in node.args.get("joins") or ():
            self._join(join, ctes, scope)
        scope.aliases = {item.alias.lower() for item in node.expressions if isinstance(item, exp.Alias)}
        columns = self._projections(node, scope, ctes)
        self._clauses(node, scope, ctes)
        least = max((relation.least for relation in scope.relations), default=0)
        if least:
            return hold(node, scope, columns, least)
        return Shape(columns, 0)

    def _clauses(self, node: exp.Select, scope: Scope, ctes: Ctes) -> None:
        # Which of an alias and a column of the same name comes first is DuckDB's rule, clause by clause.
        for name, alias_first in (("where", False), ("group", False), ("having", True), ("qualify", True)):
            if clause := node.args.get(name):
                self._expression(clause, scope, ctes, alias_first)
        distinct = node.args.get("distinct")
        if distinct is not None:
            self._expression(distinct, scope, ctes, True)
        for window in node.args.get("windows") or ():
            for part in window.iter_expressions():
                if not isinstance(part, exp.Identifier):
                    self._expression(part, scope, ctes, False)
        for item in _order_items(node):
            self._expression(item, scope, ctes, True)
        _limits(node)

    # -- FROM ---------------------------------------------------------------------------------------------

    def _join(self, join: exp.Join, ctes: Ctes, scope: Scope) -> None:
        relation = self._relation(join, ctes, scope)
        left = list(scope.relations)
        scope.relations.append(relation)
        using = [item.name.lower() for item in join.args.get("using") or ()]
        if str(join.args.get("method") or "").upper() == "NATURAL":
            using = [name for name in relation.columns if any(name in other.columns for other in left)]
            if not using:
                raise NotAllowed("sql_not_allowed", "NATURAL JOIN")
            join.set("method", None)
        for name in using:
            owners = [other for other in left if name in other.columns]
            if not owners or name not in relation.columns:
                raise NotAllowed("column_hidden", name)
            scope.merged.setdefault(name, set()).update(other.alias for other in [*owners, relation])
        if using:
            join.set("using", [ident(relation.columns[name].name) for name in using])
        if on := join.args.get("on"):
            self._expression(on, scope, ctes, False)

    def _relation(self, holder: exp.Expression, ctes: Ctes, scope: Scope) -> Relation:
        """The relation of `holder.this` (FROM, JOIN, LATERAL), renamed. It sees the ones before it (LATERAL)."""
        node = holder.this
        if isinstance(node, exp.Lateral):
            if not isinstance(node.this, exp.Subquery) or node.this.args.get("alias"):
                raise NotAllowed("sql_not_allowed", "LATERAL")
            inner: exp.Expression = node.this
        else:
            inner = node
        alias: exp.TableAlias | None = node.args.get("alias")
        name = alias.name.lower() if alias else ""
        if isinstance(node, exp.Table):
            found = self._table(node, ctes)
            name = name or node.name.lower()
            node.set("this", ident(found.name))
            node.set("db", None)
            columns, least = found.columns, found.least
        elif isinstance(inner, exp.Subquery):
            shape = self.query(inner.this, ctes, Scope(scope.outer, scope.relations, scope.merged))
            columns, least = shape.columns, shape.least
        elif isinstance(node, exp.Values):
            columns, least = self._values(node, ctes, scope), 0
        else:
            raise NotAllowed("sql_not_allowed", node.key)
        if name and scope.named(name):
            raise NotAllowed("sql_ambiguous", name)
        relabelled = bool(alias and alias.args.get("columns")) or isinstance(node, exp.Values)
        columns = renamed(columns, alias)
        made = self._new("t")
        node.set("alias", alias_of(made, columns if relabelled else None))
        return Relation(made, name, {col.name.lower(): col for col in columns}, least)

    def _table(self, node: exp.Table, ctes: Ctes) -> Named:
        if not isinstance(node.this, exp.Identifier):
            raise NotAllowed("sql_not_allowed", "table function")
        name, schema = node.name.lower(), node.db.lower()
        if not schema and name in ctes:
            return ctes[name]
        found = self._tables.get((schema, name))
        if found is None:
            raise NotAllowed("sql_no_table", node.name)
        if not found.name:
            raise NotAllowed("sql_ambiguous", node.name)
        self.touched.add(found.name)
        return found

    def _values(self, node: exp.Values, ctes: Ctes, scope: Scope) -> list[Col]:
        widths = {len(row.expressions) for row in node.expressions if isinstance(row, exp.Tuple)}
        if len(widths) != 1 or any(not isinstance(row, exp.Tuple) for row in node.expressions):
            raise NotAllowed("sql_not_allowed", "values")
        for row in node.expressions:
            self._expression(row, Scope(scope.outer, scope.relations, scope.merged), ctes, False)
        return [Col(f"col{place}", "") for place in range(widths.pop())]

    # -- SELECT -------------------------------------------------------------------------------------------

    def _projections(self, node: exp.Select, scope: Scope, ctes: Ctes) -> list[Col]:
        outputs: list[exp.Expression] = []
        columns: list[Col] = []
        taken: set[str] = set()

        def give(expression: exp.Expression, name: str, family: str) -> None:
            unique, place = name, 0
            while unique.lower() in taken:
                place += 1
                unique = f"{name}_{place}"
            taken.add(unique.lower())
            outputs.append(exp.Alias(this=expression, alias=ident(unique)))
            columns.append(Col(unique, family))

        for place, item in enumerate(node.expressions, 1):
            star = item if isinstance(item, exp.Star) else item.this if isinstance(item, exp.Column) else None
            if isinstance(star, exp.Star):
                of = item.table.lower() if isinstance(item, exp.Column) else ""
                for expression, name, family in self._star(star, of, scope, ctes):
                    give(expression, name, family)
                continue
            inner = item.this if isinstance(item, exp.Alias) else item
            name = item.alias if isinstance(item, exp.Alias) else _name(item, place)
            self._expression(inner, scope, ctes, False)
            give(inner, name, self._family(inner, scope))
        node.set("expressions", outputs)
        return columns

    def _family(self, node: exp.Expression, scope: Scope) -> str:
        if not isinstance(node, exp.Column):
            return ""
        relation = next((r for r in scope.relations if r.alias == node.table), None)
        found = relation.columns.get(node.name.lower()) if relation else None
        return found.family if found else ""

    def _star(self, star: exp.Star, of: str, scope: Scope, ctes: Ctes) -> Iterator[tuple[exp.Expression, str, str]]:
        if not scope.relations:
            raise NotAllowed("sql_not_allowed", "*")
        chosen = scope.relations
        if of:
            relation = scope.named(of)
            if relation is None:
                raise NotAllowed("sql_no_table", of)
            chosen = [relation]
        left_out = {item.name.lower() for item in star.args.get("except_") or ()}
        replaced = {item.alias.lower(): item.this for item in star.args.get("replace") or ()}
        for expression in replaced.values():
            self._expression(expression, scope, ctes, False)
        unknown = (left_out | set(replaced)) - {name for relation in chosen for name in relation.columns}
        if unknown:
            raise NotAllowed("column_hidden", min(unknown))
        once: set[str] = set()
        for relation in chosen:
            for name, col in relation.columns.items():
                merged = not of and relation.alias in scope.merged.get(name, ())
                if name in left_out or (merged and name in once):
                    continue
                once.add(name)
                self._expanded += 1
                if self._expanded > MOST_COLUMNS:
                    raise NotAllowed("sql_too_long", f"columns > {MOST_COLUMNS}")
                if name in replaced:
                    yield replaced[name].copy(), col.name, ""
                elif merged:
                    yield exp.Column(this=ident(col.name)), col.name, ""
                else:
                    yield column(relation.alias, col.name), col.name, col.family

    # -- expressions --------------------------------------------------------------------------------------

    def _expression(self, root: exp.Expression, scope: Scope, ctes: Ctes, alias_first: bool) -> None:
        stack = [root]
        while stack:
            node = stack.pop()
            if isinstance(node, exp.Column):
                self._column(node, scope, alias_first)
            elif isinstance(node, exp.Select | exp.SetOperation | exp.Subquery):
                self.grouped(node, ctes, scope)
            elif isinstance(node, exp.Star):
                if not isinstance(node.parent, exp.Count) or any(node.args.values()):
                    raise NotAllowed("sql_not_allowed", "*")
            elif isinstance(node, exp.Interval):
                _interval(node)
            else:
                stack.extend(node.iter_expressions())

    def _column(self, node: exp.Column, scope: Scope, alias_first: bool) -> None:
        if isinstance(node.this, exp.Star):
            raise NotAllowed("sql_not_allowed", "*")
        name, table = node.name.lower(), node.table.lower()
        if not table and alias_first and name in scope.aliases:
            node.set("this", ident(node.name))
            return
        at: Scope | None = scope
        while at is not None:
            if self._found(node, name, table, at, at is scope):
                return
            if not table and at is scope and name in at.aliases:
                node.set("this", ident(node.name))
                return
            at = at.outer
        raise NotAllowed("column_hidden", f"{node.table}.{node.name}" if table else node.name)

    def _found(self, node: exp.Column, name: str, table: str, at: Scope, own: bool) -> bool:
        if table:
            relation = at.named(table)
            if relation is None:
                return False
            if name not in relation.columns:
                raise NotAllowed("column_hidden", f"{node.table}.{node.name}")
            holding = [relation]
        else:
            holding = at.holding(name)
        if not holding:
            return False
        if not own and any(relation.least for relation in holding):
            raise NotAllowed("sql_output_rule", node.name)
        together = at.merged.get(name, set())
        if len(holding) > 1:
            if any(relation.alias not in together for relation in holding):
                raise NotAllowed("sql_ambiguous", node.name)
            node.set("this", ident(holding[0].columns[name].name))
            return True
        node.set("this", ident(holding[0].columns[name].name))
        node.set("table", ident(holding[0].alias))
        return True


def _order_items(node: exp.Expression) -> list[exp.Expression]:
    order = node.args.get("order")
    return [item.this if isinstance(item, exp.Ordered) else item for item in order.expressions] if order else []


def _limits(node: exp.Expression) -> None:
    for name in ("limit", "offset"):
        part = node.args.get(name)
        if part is not None and not (isinstance(part.expression, exp.Literal) and part.expression.this.isdigit()):
            raise NotAllowed("sql_not_allowed", name)


def _interval(node: exp.Interval) -> None:
    if not isinstance(node.this, exp.Literal) or not isinstance(node.args.get("unit"), exp.Var):
        raise NotAllowed("sql_not_allowed", "interval")


def _name(node: exp.Expression, place: int) -> str:
    """What an output column without a name is called."""
    if isinstance(node, exp.Column):
        return node.name
    if isinstance(node, exp.Func | exp.Window):
        text = node.sql("duckdb", comments=False)
        if len(text) <= _LONGEST_NAME and text.isprintable():
            return text.lower() if '"' not in text and "'" not in text else text
    return f"col{place}"
