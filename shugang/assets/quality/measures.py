"""Rules as SQL over a relation `data`; pure.

A row rule is two conditions: `applies` (the row is evaluated) and `holds`. A and B are counts of them, so that any number
of row rules is one query, and so that each rule has a statement of its own which anybody can run over the same file.
"""

# ruff: noqa: S608 names are quoted, values are literals of ours

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from shugang.policy.checks import CHECKS
from shugang.policy.lowering import quote

from .rules import Rule

DATA = "data"
REAL = ("DOUBLE", "FLOAT")
_NUMBERS = (
    "TINYINT",
    "SMALLINT",
    "INTEGER",
    "BIGINT",
    "HUGEINT",
    "UTINYINT",
    "USMALLINT",
    "UINTEGER",
    "UBIGINT",
    "DECIMAL",
    *REAL,
)
_PLACEHOLDERS = ("null", "none", "nan", "n/a", "#n/a", "na", "-", "--", "?", "\\n", "无", "空")


class Measure(NamedTuple):
    """SQL conditions of one row; several pairs where a rule counts cells of several columns."""

    cells: Sequence[tuple[str, str]]

    def counted(self) -> tuple[str, str]:
        """(A, B) as SQL aggregates."""
        a = " + ".join(f"count(*) FILTER (WHERE {_both(holds, applies)})" for applies, holds in self.cells)
        b = " + ".join(
            "count(*)" if applies == "true" else f"count(*) FILTER (WHERE {applies})" for applies, _ in self.cells
        )
        return a, b

    def wrong(self, inverse: bool) -> str:
        """The condition of a row that fails: one of its cells does."""
        told = "{}" if inverse else "NOT coalesce({}, false)"
        return " OR ".join(f"({_both(told.format(f'({h})'), a)})" for a, h in self.cells)


def _both(first: str, applies: str) -> str:
    return first if applies == "true" else f"({first}) AND ({applies})"


def literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def is_text(kind: str) -> bool:
    return kind.upper().startswith("VARCHAR")


def is_number(kind: str) -> bool:
    return kind.upper().split("(")[0] in _NUMBERS


def is_moment(kind: str) -> bool:
    return kind.upper() == "DATE" or kind.upper().startswith("TIMESTAMP")


def as_text(name: str, kind: str) -> str:
    return quote(name) if is_text(kind) else f"CAST({quote(name)} AS VARCHAR)"


def filled(name: str, kind: str) -> str:
    """A cell with something in it: not NULL, not blank, not NaN. What begins with a visible character need not be trimmed."""
    column = quote(name)
    if is_text(kind):
        return f"CASE WHEN {column} >= '!' THEN true ELSE trim({column}) <> '' END"
    return f"NOT isnan({column})" if kind.upper() in REAL else f"{column} IS NOT NULL"


def measure(rule: Rule, columns: Mapping[str, str]) -> Measure:
    """A row rule as conditions, its filter included."""
    cells = _ROWS[rule.kind](rule, columns)
    if rule.where is not None:
        cells = [
            (rule.where if applies == "true" else f"({applies}) AND {rule.where}", holds) for applies, holds in cells
        ]
    return Measure(cells)


def _filled(rule: Rule, columns: Mapping[str, str]) -> list[tuple[str, str]]:
    return [("true", filled(n, columns[n])) for n in rule.args["columns"]]


def _complete(rule: Rule, columns: Mapping[str, str]) -> list[tuple[str, str]]:
    return [("true", " AND ".join(f"coalesce({filled(n, columns[n])}, false)" for n in rule.args["columns"]))]


def _one(rule: Rule, columns: Mapping[str, str]) -> tuple[str, str, str]:
    """(name, type, condition that the cell is filled) of the rule's column."""
    name = rule.args["column"]
    return name, columns[name], filled(name, columns[name])


def _format(rule: Rule, columns: Mapping[str, str]) -> list[tuple[str, str]]:
    name, kind, there = _one(rule, columns)
    return [(there, f"regexp_full_match({as_text(name, kind)}, {literal(rule.args['pattern'])})")]


def _check(rule: Rule, columns: Mapping[str, str]) -> list[tuple[str, str]]:
    name, kind, there = _one(rule, columns)
    return [(there, CHECKS[rule.args["check"]].sql(as_text(name, kind)))]


def _in_set(rule: Rule, columns: Mapping[str, str]) -> list[tuple[str, str]]:
    name, kind, there = _one(rule, columns)
    return [(there, f"{as_text(name, kind)} IN ({', '.join(map(literal, rule.args['values']))})")]


def _number(name: str, kind: str) -> str:
    return quote(name) if is_number(kind) else f"TRY_CAST({as_text(name, kind)} AS DOUBLE)"


def _bounds(value: str, rule: Rule) -> str:
    parts = [f"{value} {sign} {rule.args[key]!r}" for key, sign in (("min", ">="), ("max", "<=")) if key in rule.args]
    return " AND ".join(parts)


def _range(rule: Rule, columns: Mapping[str, str]) -> list[tuple[str, str]]:
    name, kind, there = _one(rule, columns)
    return [(there, _bounds(_number(name, kind), rule))]


def _length(rule: Rule, columns: Mapping[str, str]) -> list[tuple[str, str]]:
    name, kind, there = _one(rule, columns)
    return [(there, _bounds(f"length({as_text(name, kind)})", rule))]


def _parsable(rule: Rule, columns: Mapping[str, str]) -> list[tuple[str, str]]:
    name, kind, there = _one(rule, columns)
    return [(there, f"TRY_CAST({as_text(name, kind)} AS {rule.args['type']}) IS NOT NULL")]


def as_day(name: str, kind: str, form: str | None) -> str:
    """A column as a moment, NULL where it is none."""
    if is_moment(kind):
        return quote(name)
    if form:
        return f"try_strptime({as_text(name, kind)}, {literal(form)})"
    return f"TRY_CAST({as_text(name, kind)} AS TIMESTAMP)"


def _date(rule: Rule, columns: Mapping[str, str]) -> list[tuple[str, str]]:
    name, kind, there = _one(rule, columns)
    moment = as_day(name, kind, rule.args.get("format"))
    parts = [f"{moment} IS NOT NULL"]
    if "earliest" in rule.args:
        parts.append(f"{moment} >= DATE {literal(rule.args['earliest'])}")
    if "latest" in rule.args:
        parts.append(f"{moment} < DATE {literal(rule.args['latest'])} + 1")
    return [(there, " AND ".join(parts))]


def _order(rule: Rule, columns: Mapping[str, str]) -> list[tuple[str, str]]:
    first, second = rule.args["first"], rule.args["second"]
    both = f"({filled(first, columns[first])}) AND ({filled(second, columns[second])})"
    if is_text(columns[first]) != is_text(columns[second]):
        return [(both, f"{as_text(first, columns[first])} <= {as_text(second, columns[second])}")]
    return [(both, f"{quote(first)} <= {quote(second)}")]


def _expression(rule: Rule, columns: Mapping[str, str]) -> list[tuple[str, str]]:
    return [(f"{rule.args['expression']} IS NOT NULL", rule.args["expression"])]


def _dirty(rule: Rule, columns: Mapping[str, str]) -> list[tuple[str, str]]:
    """Of filled cells; a number cell can be dirty by NaN or infinity alone."""
    return [_dirty_cell(n, columns[n]) for n in rule.args["columns"]]


def _dirty_cell(name: str, kind: str) -> tuple[str, str]:
    column = quote(name)
    if kind.upper() in REAL:
        return f"{column} IS NOT NULL", f"isnan({column}) OR isinf({column})"
    if not is_text(kind):
        return f"{column} IS NOT NULL", "false"
    words = ", ".join(map(literal, _PLACEHOLDERS))
    odd = f"regexp_matches({column}, '[\\x00-\\x1f\\x7f]|\\x{{FFFD}}|^[\\s\\x{{3000}}]|[\\s\\x{{3000}}]$')"
    return filled(name, kind), f"{odd} OR lower({column}) IN ({words})"


_ROWS = {
    "filled": _filled, "complete": _complete, "format": _format, "check": _check, "in_set": _in_set, "range": _range,
    "length": _length, "parsable": _parsable, "date": _date, "order": _order, "expression": _expression, "dirty": _dirty,
}  # fmt: skip


# Rules that are not counts of one row's conditions.


def whole_key(rule: Rule, columns: Mapping[str, str]) -> str:
    """Which rows a rule by keys evaluates: uniqueness those with a whole key, repetition all."""
    parts = [rule.where] if rule.where else []
    if rule.kind == "unique":
        parts += [f"({filled(n, columns[n])})" for n in rule.args["columns"]]
    return " AND ".join(parts) or "true"


def groups(rule: Rule, columns: Mapping[str, str], narrowed: str | None = None) -> str:
    """Keys with their number of rows `n`, of all rows or of those that may share theirs."""
    names, where = ", ".join(map(quote, rule.args["columns"])), whole_key(rule, columns)
    where = f"({where}) AND {narrowed}" if narrowed else where
    return f"SELECT {names}, count(*) AS n FROM {DATA} WHERE {where} GROUP BY {names}"


def names_of(rule: Rule) -> str:
    return ", ".join(f"CAST({quote(n)} AS VARCHAR)" for n in rule.args["columns"])


def group_counts(rule: Rule, columns: Mapping[str, str], most: int, narrowed: str | None = None) -> str:
    """(rows, distinct keys, keys of one row only, the first `most` keys of several rows)."""
    repeated = f"min([{names_of(rule)}], {most}) FILTER (WHERE n > 1)"
    return f"SELECT coalesce(sum(n), 0), count(*), count(*) FILTER (WHERE n = 1), {repeated} FROM ({groups(rule, columns, narrowed)})"


def digests(rule: Rule, columns: Mapping[str, str]) -> str:
    """Two 64-bit hashes of a key. The second begins with a mark: texts with one tail would collide in both otherwise."""
    names = [quote(n) for n in rule.args["columns"]]
    plain = [f"{quote(n)} + 0" if columns[n].upper() in REAL else quote(n) for n in rule.args["columns"]]  # -0 is 0
    marked = (f"'#' || CAST({n} AS VARCHAR)" for n in plain)
    return f"hash({', '.join(names)}) AS h, hash({', '.join(marked)}) AS g"


def digested(rule: Rule, columns: Mapping[str, str]) -> str:
    """Rows that apply: the key as `names_`, and its digests."""
    return f"SELECT [{names_of(rule)}] AS names_, {digests(rule, columns)} FROM {DATA} WHERE {whole_key(rule, columns)}"


def pair(rule: Rule, columns: Mapping[str, str], reference: str, types: Mapping[str, str]) -> str:
    """Rows that apply, each with `ok`: whether the other data set's relation has its value."""
    own, other = rule.args["columns"], rule.args["reference"]["columns"]
    there = " AND ".join(f"({filled(n, columns[n])})" for n in own)
    alike = [
        f"r.{quote(o)} = d.{quote(n)}" if columns[n] == types[o] else f"CAST(r.{quote(o)} AS VARCHAR) = CAST(d.{quote(n)} AS VARCHAR)"
        for n, o in zip(own, other, strict=True)
    ]  # fmt: skip
    where = f"{there} AND {rule.where}" if rule.where else there
    return f"SELECT d.*, EXISTS (SELECT 1 FROM {reference} AS r WHERE {' AND '.join(alike)}) AS ok_ FROM (SELECT * FROM {DATA} WHERE {where}) AS d"


def newest(rule: Rule, columns: Mapping[str, str]) -> str:
    name = rule.args["column"]
    moment = as_day(name, columns[name], rule.args.get("format"))
    return f"SELECT max(CAST({moment} AS TIMESTAMP)) FROM {DATA}"
