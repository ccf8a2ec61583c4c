"""The lineage of a query over a database of others, whose columns nobody declared to us. Pure."""

from __future__ import annotations

from sqlglot import exp

from shugang.policy.governed import Granted, NotAllowed, table_names
from shugang.policy.governed.reading import read
from shugang.policy.lineage import Lineage, lineage


def template_lineage(sql: str) -> tuple[list[str], Lineage | None]:
    """The tables that the query names; and by column where there is one table, whose columns are then those that it names.

    Of several tables nobody knows whose an unqualified column is: they count as a whole. ([], None) for a dialect that does
    not read here.
    """
    try:
        names = table_names(sql)
    except (NotAllowed, RecursionError):
        return [], None
    said = sorted(".".join(part for part in name if part) for name in names)
    if len(names) != 1:
        return said, None
    ((schema, table),) = names
    try:
        columns = dict.fromkeys(column.name for column in read(sql).find_all(exp.Column))
        return said, lineage(sql, (Granted(schema, table, tuple((name, "other") for name in columns)),))
    except (NotAllowed, RecursionError):
        return said, None
