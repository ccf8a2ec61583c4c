"""Conditions over the columns of one row, in a closed part of SQL; pure.

What a person writes is read by sqlglot and never runs as it stands: only listed nodes pass (those of `policy.governed`
without queries, aggregates and windows), names must be columns and are quoted, casts become TRY_CAST, and the text that
runs is written anew from the tree. A condition is tried on an empty row, so that one which DuckDB cannot bind is refused
when it is written, not when it is run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import duckdb
from sqlglot import exp

from shugang.policy.governed.allowed import AGGREGATES, NODES, SCALARS, WINDOWS, closed
from shugang.policy.governed.reading import NotAllowed, read
from shugang.policy.lowering import quote

from .refused import RuleError

LONGEST = 2_000
# Not of one row, or able to make much of little.
_QUERIES = {
    exp.Select, exp.Union, exp.Intersect, exp.Except, exp.Subquery, exp.With, exp.CTE, exp.From, exp.Join, exp.Table,
    exp.Lateral, exp.Values, exp.Where, exp.Group, exp.Rollup, exp.Cube, exp.GroupingSets, exp.Having, exp.Qualify,
    exp.Order, exp.Ordered, exp.Limit, exp.Offset, exp.Distinct, exp.Star, exp.Alias, exp.TableAlias, exp.Exists,
    exp.Window, exp.WindowSpec, exp.Filter, exp.IgnoreNulls, exp.RespectNulls, exp.Pad,
}  # fmt: skip
_ONE_ROW = set(NODES) - _QUERIES - {kind for kind, _ in [*AGGREGATES.values(), *WINDOWS.values()]}
FUNCTIONS = tuple(sorted(name for name, (kind, _) in SCALARS.items() if kind in _ONE_ROW))


@cache
def _trial() -> duckdb.DuckDBPyConnection:
    """Where patterns and conditions are tried, on no data; each asker takes a cursor of his own."""
    con = duckdb.connect(config={"threads": "1", "memory_limit": "256MB"})
    con.execute("SET enable_external_access = false")
    return con


def tried(sql: str, values: Sequence[str] = ()) -> str:
    """Run a statement of ours without data; the type of its first column. Raises duckdb.Error."""
    with _trial().cursor() as cursor:
        cursor.execute(sql, list(values)).fetchall()
        return str(cursor.description[0][1])


def condition(text: Any, where: str, columns: Mapping[str, str]) -> str:
    """Our SQL for a person's condition; true, false or NULL. Raises RuleError."""
    if not isinstance(text, str) or not text.strip() or len(text) > LONGEST:
        raise RuleError(
            "bad_expression",
            where,
            f"请写至多{LONGEST}字的条件。",
            f"please write a condition of at most {LONGEST} characters",
        )
    tree = _parsed(text, where)
    by_name = {name.lower(): name for name in columns}
    for node in list(tree.walk()):
        if type(node) not in _ONE_ROW and not isinstance(node, exp.Anonymous):
            raise RuleError(
                "not_allowed", where, f"条件中不能用“{node.key}”。", f"a condition may not use “{node.key}”"
            )
        if isinstance(node, exp.Column):
            _bind(node, where, by_name)
        elif isinstance(node, exp.StrToTime):
            node.replace(exp.Anonymous(this="try_strptime", expressions=[node.this, node.args["format"]]))
        elif type(node) is exp.Cast:
            node.replace(exp.TryCast(this=node.this, to=node.args["to"], safe=True))
    sql = tree.sql(dialect="duckdb")
    _binds(sql, where, columns)
    return f"({sql})"


def _parsed(text: str, where: str) -> exp.Expression:
    try:
        query = read(f"SELECT {text}")
        closed(query)
    except NotAllowed as error:
        named = error.name or "SQL"
        raise RuleError(
            "not_allowed",
            where,
            f"条件写法不对或不在允许的范围：{named}。",
            f"the condition does not read, or uses what is not allowed: {named}",
        ) from None
    alone = isinstance(query, exp.Select) and len(query.expressions) == 1
    if not alone or any(v for k, v in query.args.items() if k != "expressions"):
        raise RuleError("not_allowed", where, "请只写一个条件，不写查询。", "please write one condition, no query")
    # A root of its own, so that replacing the top node works.
    return exp.Paren(this=query.expressions[0].copy())


def _bind(node: exp.Column, where: str, by_name: Mapping[str, str]) -> None:
    name = by_name.get(node.name.lower())
    if name is None or node.args.get("table") is not None:
        shown = node.sql(dialect="duckdb")[:60]
        raise RuleError(
            "unknown_column",
            where,
            f"数据中没有字段“{shown}”。文本请用单引号。",
            f"the data has no column “{shown}”; text goes in single quotes",
        )
    node.set("this", exp.to_identifier(name, quoted=True))


def _binds(sql: str, where: str, columns: Mapping[str, str]) -> None:
    empty = ", ".join(f"CAST(NULL AS {kind}) AS {quote(name)}" for name, kind in columns.items())
    try:
        kind = tried(f"SELECT {sql} AS ok FROM (SELECT {empty})")  # noqa: S608 ours, from the closed tree
    except duckdb.Error as error:
        said = str(error).splitlines()[0][:160]
        raise RuleError(
            "bad_expression", where, f"条件与字段类型不符：{said}", f"the condition does not fit the columns: {said}"
        ) from None
    if kind.upper() not in ("BOOLEAN", "BOOL"):
        raise RuleError(
            "not_a_condition", where, "应为能判断真假的条件，如a <= b。", "has to be true or false, such as a <= b"
        )
