"""The buyer's text becomes one query tree, or is refused before much work is spent on it."""

import re

import sqlglot
from sqlglot import exp
from sqlglot.tokens import TokenType

LONGEST = 16_384  # characters
MOST_TOKENS = 3_000
DEEPEST = 20  # brackets within brackets, which is where a parser's work grows
_OPEN = {TokenType.L_PAREN, TokenType.L_BRACKET, TokenType.L_BRACE, TokenType.CASE}
_CLOSE = {TokenType.R_PAREN, TokenType.R_BRACKET, TokenType.R_BRACE, TokenType.END}
# Control characters have no place in a query; the NUL is also what `plan` marks tables with.
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


class NotAllowed(ValueError):
    """A query that may not run: `code` of `policy.refusals`, and the `name` of what is not allowed in it."""

    def __init__(self, code: str, name: str = "") -> None:
        super().__init__(f"{code}: {name}")
        self.code, self.name = code, name[:200]


def read(sql: str) -> exp.Query:
    """Exactly one SELECT (set operations and WITH included) as sqlglot reads DuckDB's dialect."""
    if len(sql) > LONGEST:
        raise NotAllowed("sql_too_long", f"{len(sql)} > {LONGEST}")
    if _CONTROL.search(sql):
        raise NotAllowed("sql_syntax", "control character")
    try:
        tokens = sqlglot.tokenize(sql, read="duckdb")
        if len(tokens) > MOST_TOKENS:
            raise NotAllowed("sql_too_long", f"{len(tokens)} > {MOST_TOKENS}")
        _shallow(tokens)
        statements = sqlglot.Dialect.get_or_raise("duckdb").parser().parse(tokens, sql)
    except (sqlglot.errors.SqlglotError, RecursionError) as error:
        raise NotAllowed("sql_syntax", _place(error)) from error
    statements = [statement for statement in statements if statement is not None]
    if len(statements) != 1:
        raise NotAllowed("sql_one_select", f"{len(statements)}")
    query = statements[0]
    while isinstance(query, exp.Subquery) and _bare(query):
        query = query.this
    if not isinstance(query, exp.Select | exp.SetOperation):
        raise NotAllowed("sql_one_select", query.key.upper() if query else "")
    return query


def _bare(node: exp.Expression) -> bool:
    return not any(value for name, value in node.args.items() if name != "this")


def _shallow(tokens: list[sqlglot.Token]) -> None:
    depth = 0
    for token in tokens:
        if token.token_type is TokenType.TILDE:
            # The parser reads it as a partial match, DuckDB as a whole one.
            raise NotAllowed("sql_not_allowed", "~")
        if token.token_type in _OPEN:
            depth += 1
            if depth > DEEPEST:
                raise NotAllowed("sql_too_long", f"nesting > {DEEPEST}")
        elif token.token_type in _CLOSE:
            depth -= 1


def _place(error: Exception) -> str:
    """Line and column of the first mistake; the text itself stays out of answers and logs."""
    first = (getattr(error, "errors", None) or [{}])[0]
    line, column = first.get("line"), first.get("col")
    return f"line {line}, column {column}" if line else ""
