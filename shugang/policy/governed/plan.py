"""The face of the room: which granted tables a query names, and the statement that runs in its place."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from sqlglot import exp

from shugang.policy.governed.allowed import closed
from shugang.policy.governed.names import Col, Named
from shugang.policy.governed.reading import NotAllowed, read
from shugang.policy.governed.scopes import Resolver

_MARK = re.compile(r'"\x00([0-9]+)\x00"')


@dataclass(frozen=True)
class Granted:
    """One table that may be named, as `table` or `schema.table`: its granted columns as (name, family of
    `policy.columns`) after masks. `min_group` k > 0 is the output rule; 0 means that single rows may leave."""

    schema: str
    table: str
    columns: tuple[tuple[str, str], ...]
    min_group: int = 0


@dataclass(frozen=True)
class Plan:
    """A checked query. `touched` are places in the tables given to `check`; `columns` the names of the answer."""

    touched: tuple[int, ...]
    columns: tuple[str, ...]
    text: str

    def sql(self, relations: Mapping[int, str]) -> str:
        """The statement, with a relation of our own (a quoted name or a SELECT in brackets) for each touched table."""
        return _MARK.sub(lambda found: relations[int(found[1])], self.text)


def table_names(sql: str) -> frozenset[tuple[str, str]]:
    """Every (schema or "", table) that the query names, in lower case; names of its own WITH may be among them."""
    return _table_names(sql)


@lru_cache(maxsize=512)
def _table_names(sql: str) -> frozenset[tuple[str, str]]:
    tree = read(sql)
    return frozenset((node.db.lower(), node.name.lower()) for node in tree.find_all(exp.Table))


@lru_cache(maxsize=512)
def check(sql: str, tables: tuple[Granted, ...]) -> Plan:
    """The plan for the buyer's text, or `NotAllowed`. Equal text over equal tables is answered from memory."""
    tree = read(sql)
    try:
        closed(tree)
        resolver = Resolver(named_tables(tables))
        shape = resolver.grouped(tree, {}, None)
        _proven(tree)
        text = tree.sql("duckdb", comments=False, copy=False)
    except RecursionError as error:
        raise NotAllowed("sql_too_long", "depth") from error
    touched = sorted(int(mark.strip("\0")) for mark in resolver.touched)
    return Plan(tuple(touched), tuple(col.name for col in shape.columns), text)


def named_tables(tables: tuple[Granted, ...]) -> dict[tuple[str, str], Named]:
    """By both names; a short name that two schemas share stands for neither (an empty mark)."""
    found: dict[tuple[str, str], Named] = {}
    for place, table in enumerate(tables):
        named = Named(f"\0{place}\0", [Col(*column) for column in table.columns], table.min_group)
        short = ("", table.table.lower())
        found[short] = named if short not in found else Named("", [], 0)
        found[table.schema.lower(), table.table.lower()] = named
    return found


def _proven(tree: exp.Expression) -> None:
    """Nothing of the buyer's is left that the engine could read as a relation."""
    for node in tree.find_all(exp.Table):
        if not node.name.startswith(("\0", "~c")) or node.args.get("db"):
            raise NotAllowed("sql_no_table", node.name)
