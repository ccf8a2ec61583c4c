"""The same question asked of `sqlglot.lineage`, one output column at a time, and a wide query to ask it of."""

from __future__ import annotations

import sqlglot
from sqlglot import exp
from sqlglot.lineage import lineage as ask
from sqlglot.optimizer.qualify import qualify

from shugang.policy.governed import Granted

Edges = list[frozenset[tuple[str, str]]]


def peers_edges(sql: str, tables: tuple[Granted, ...]) -> Edges:
    """For each output column the (table, column) leaves that the peer finds."""
    schema = {t.table: {name: "varchar" for name, _ in t.columns} for t in tables}
    names = qualify(sqlglot.parse_one(sql, read="duckdb"), schema=schema, dialect="duckdb").named_selects
    return [
        frozenset(
            (node.source.name.lower(), node.name.rsplit(".", 1)[-1].strip('"').lower())
            for node in ask(name, sql, schema=schema, dialect="duckdb").walk()
            if isinstance(node.source, exp.Table) and not node.downstream
        )
        for name in names
    ]


WIDE = (
    Granted("shop", "sales", tuple((f"s{n}", "whole") for n in range(30))),
    Granted("shop", "stock", tuple((f"k{n}", "whole") for n in range(30))),
    Granted("shop", "shops", tuple((f"p{n}", "whole") for n in range(10))),
)


def wide_query(columns: int = 51) -> str:
    """Six WITHs, each over the last one, and so many columns in the answer: joins, sums, windows, CASE."""
    third = (columns - 3) // 3
    sums = ", ".join(f"sum(s.s{n + 2}) as a{n}" for n in range(third))
    least = ", ".join(f"max(k.k{n + 2}) - min(k.k{n + 3}) as b{n}" for n in range(third))
    running = ", ".join(f"sum(a{n}) over (partition by place order by day) as c{n}" for n in range(third))
    rates = ", ".join(f"case when d.a{n} > 0 then d.b{n} / d.a{n} else d.c{n} end as e{n}" for n in range(third))
    parts = ", ".join(f"a{n}, b{n}, e{n}" for n in range(third))
    return f"""
with sold as (select s.s0 as shop, s.s1 as day, {sums} from sales s where s.s29 > 0 group by s.s0, s.s1),
held as (select k.k0 as shop, k.k1 as day, {least} from stock k group by k.k0, k.k1),
both_ as (select x.*, {", ".join(f"y.b{n}" for n in range(third))} from sold x join held y on x.shop = y.shop and x.day = y.day),
placed as (select b.*, p.p1 as place, p.p2 as kind from both_ b left join shops p on p.p0 = b.shop),
running as (select *, {running} from placed),
rated as (select d.day, d.place, d.kind, {", ".join(f"d.a{n}, d.b{n}" for n in range(third))}, {rates} from running d)
select day, place, kind, {parts} from rated where place is not null order by day"""
