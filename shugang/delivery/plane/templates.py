"""A supplier's query template: exactly one SELECT with `:named` parameters, checked before it is ever run.

The text that runs is the supplier's own; values are bound by the driver and never become part of it. sqlglot reads
the text only to refuse what is not one plain SELECT; the read-only connection stands behind it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from itertools import pairwise
from typing import Any

import sqlglot
from sqlglot import exp

from shugang.policy.columns import Column
from shugang.policy.sources import Param, QuerySource

_FORBIDDEN_NODES = (
    exp.DML,
    exp.DDL,
    exp.Command,
    exp.Into,
    exp.Lock,
    exp.Pragma,
    exp.Set,
    exp.Copy,
    exp.Attach,
    exp.Detach,
    exp.Transaction,
    exp.Commit,
    exp.Rollback,
    exp.Use,
    exp.Kill,
    exp.Parameter,
    exp.SessionParameter,
)
# Functions that reach beyond the tables: files, other servers, settings, sequences, locks, sleeping.
_FORBIDDEN_FUNCTIONS = re.compile(
    r"(pg_|lo_|dblink|load_extension|readfile|writefile|edit$|fts3_tokenizer|set_config|current_setting|query_to_|"
    r"table_to_|database_to_|schema_to_|cursor_to_|nextval|setval|currval|txid_|sqlite_|inet_|version$|load_file|"
    r"sleep$|benchmark$|get_lock|release_|is_free_lock|is_used_lock|master_|source_pos_|wait_|sys_|duckdb_|pragma_|"
    r"getenv|getvariable|read_?(csv|json|ndjson|parquet|text|blob|xlsx)|parquet_|sniff_csv|glob$|query(_table)?$|"
    r".*_scan(_arrow|_dumb|_pandas)?$|which_secret)",
    re.IGNORECASE,
)
_SYSTEM_SCHEMAS = ("pg_catalog", "information_schema", "mysql", "performance_schema", "sys", "system", "temp")
# What DuckDB makes rows of without reaching for anything.
_ROW_MAKERS = ("unnest", "generate_series", "range")
DIALECTS = ("sqlite", "postgres", "mysql", "duckdb")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,62}")
_LONGEST_TEXT = 1000


class BadTemplate(ValueError):
    """The template may not run; the message says why."""


class BadParam(ValueError):
    """A parameter of a request is missing, unknown or of the wrong type."""

    def __init__(self, name: str, why: str) -> None:
        super().__init__(f"{name}: {why}")
        self.name, self.why = name, why


@dataclass(frozen=True)
class Template:
    """`sql` for the driver; `pins` maps a parameter to the output column that it must equal."""

    sql: str
    names: frozenset[str]
    pins: Mapping[str, str]


@lru_cache(maxsize=256)
def prepare(template: str, dialect: str, declared: frozenset[str]) -> Template:
    """Check `template` for one of DIALECTS and turn its parameters into the driver's style. Raises BadTemplate."""
    select = one_select(template, dialect)
    holes = [node.name for node in select.find_all(exp.Placeholder)]
    for name in holes:
        if not _NAME.fullmatch(name):
            raise BadTemplate("parameters are written :name")
    if missing := set(holes) - declared:
        raise BadTemplate(f"undeclared parameter: {', '.join(sorted(missing))}")
    if unused := declared - set(holes):
        raise BadTemplate(f"declared parameter that the query does not use: {', '.join(sorted(unused))}")
    sql = template if dialect == "sqlite" else _driver_text(template, dialect, holes)
    return Template(sql, frozenset(holes), _pins(select))


def one_select(template: str, dialect: str) -> exp.Select:
    if dialect == "mysql" and re.search(r"/\*M?!", template):
        raise BadTemplate("a comment that MySQL would run is not allowed in a query")
    try:
        statements = sqlglot.parse(template, read=dialect)
    except sqlglot.errors.SqlglotError as error:
        raise BadTemplate("the query cannot be parsed") from error
    if len(statements) != 1 or not isinstance(statements[0], exp.Select):
        raise BadTemplate("the query must be exactly one SELECT")
    select = statements[0]
    for node in select.walk():
        if isinstance(node, _FORBIDDEN_NODES):
            raise BadTemplate(f"{node.key.upper()} is not allowed in a query")
        if isinstance(node, exp.Func):
            name = node.name if isinstance(node, exp.Anonymous) else node.sql_name()
            if _FORBIDDEN_FUNCTIONS.match(name):
                raise BadTemplate(f"the function {name} is not allowed in a query")
        if isinstance(node, exp.Identifier) and not node.quoted and node.name.startswith("$"):
            raise BadTemplate("parameters are written :name")
        if isinstance(node, exp.Table) and (_system(node) or (dialect == "duckdb" and not _declarable(node))):
            raise BadTemplate(f"the table {node.name} is not allowed in a query")
    return select


def _system(table: exp.Table) -> bool:
    name, schema = table.name.lower(), table.db.lower()
    return name.startswith(("pg_", "sqlite_", "pragma_")) or schema in _SYSTEM_SCHEMAS


def _declarable(table: exp.Table) -> bool:
    """DuckDB reads `FROM 'file.csv'` and table functions as tables; only a plain name can be one of the declared."""
    if isinstance(table.this, exp.Identifier):
        return not table.db and _NAME.fullmatch(table.name) is not None
    return isinstance(table.this, exp.Func) and table.this.sql_name().lower() in _ROW_MAKERS


def _driver_text(template: str, dialect: str, holes: list[str]) -> str:
    """`%(name)s` of psycopg and PyMySQL, `$name` of DuckDB; strings and comments are the tokenizer's business, so that
    `':x'` stays a text."""
    tokens = sqlglot.tokenize(template, read=dialect)
    places = [
        (colon.start, name.end + 1, name.text)
        for colon, name in pairwise(tokens)
        if colon.token_type.name == "COLON" and name.start == colon.end + 1 and name.text in holes
    ]
    if len(places) != len(holes):
        raise BadTemplate("a parameter stands where it cannot be told from other syntax")
    duckdb = dialect == "duckdb"
    parts, last = [], 0
    for start, end, name in places:
        parts += [_plain(template[last:start], duckdb), f"${name}" if duckdb else f"%({name})s"]
        last = end
    return "".join([*parts, _plain(template[last:], duckdb)])


def _plain(text: str, duckdb: bool) -> str:
    return text if duckdb else text.replace("%", "%%")


def _pins(select: exp.Select) -> dict[str, str]:
    """Parameters that a top-level `column = :name` ties to an output column of the same name."""
    plain = {item.name for item in select.selects if isinstance(item, exp.Column)}
    where = select.args.get("where")
    pins: dict[str, str] = {}
    for part in where.this.flatten() if where and isinstance(where.this, exp.And) else [where.this] if where else []:
        if not isinstance(part, exp.EQ):
            continue
        left, right = part.left, part.right
        if isinstance(left, exp.Placeholder):
            left, right = right, left
        if isinstance(left, exp.Column) and isinstance(right, exp.Placeholder) and left.name in plain:
            pins[right.name] = left.name
    return pins


def bind(source: QuerySource, given: Mapping[str, str]) -> dict[str, Any]:
    """Typed values for every declared parameter; a missing optional one is NULL."""
    known = {param.name: param for param in source.params}
    for name in given:
        if name not in known:
            raise BadParam(name, "unknown parameter")
    values: dict[str, Any] = {}
    for name, param in known.items():
        text = given.get(name)
        if text is None or text == "":
            if param.required:
                raise BadParam(name, "required")
            values[name] = None
        else:
            values[name] = typed(param, text)
    return values


def typed(param: Param, text: str) -> Any:
    family = Column(param.name, param.type).family
    if len(text) > _LONGEST_TEXT:
        raise BadParam(param.name, f"longer than {_LONGEST_TEXT} characters")
    try:
        if family == "text":
            if "\x00" in text:
                raise ValueError
            return text
        if family == "whole":
            value = int(text)
            if not -(2**63) <= value < 2**63:
                raise ValueError
            return value
        if family == "fraction":
            number = Decimal(text)
            if not number.is_finite():
                raise ValueError
            return number
        if family == "date":
            return date.fromisoformat(text)
        if family == "time":
            return datetime.fromisoformat(text)
        if family == "flag":
            return {"true": True, "1": True, "false": False, "0": False}[text.lower()]
    except (ValueError, InvalidOperation, KeyError) as error:
        raise BadParam(param.name, f"not a valid {param.type}") from error
    raise BadParam(param.name, f"the type {param.type} cannot be a parameter")
