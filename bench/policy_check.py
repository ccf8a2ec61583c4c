"""What checking a buyer's SQL costs: p95 of a query never seen before, and of one seen before.

Beside it, in the same rounds: sqlglot reading and writing the same text, which is the least that any gateway without
the buyer's own text pays, and sqlglot's own `qualify`, which resolves names and decides nothing.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from importlib.metadata import version

import sqlglot
from sqlglot.optimizer.qualify import qualify

from bench.common import machine, spread, table
from shugang.policy.governed import Granted, NotAllowed, check
from shugang.policy.governed.tests.generate import Generator
from shugang.policy.governed.tests.world import GRANTED, probes

UNCACHED_MS, CACHED_MS = 20.0, 1.0
WIDE = Granted("shop", "wide", (*((f"column_{i}", "whole") for i in range(200)), ("made", "date")))
REPORT = """
with monthly as (select date_trunc('month', o.day) as month, p.city, sum(o.amount) as total, count(*) as n
  from orders o join people p on p.id = o.person where p.age between 20 and 60 and o.code like 'C%' group by 1, 2),
ranked as (select *, row_number() over (partition by city order by total desc) as place,
  lag(total) over (partition by city order by month) as before from monthly)
select r.month, r.city, r.total, case when r.before is null then 0 else r.total - r.before end as change, w.column_7
from ranked r left join wide w on w.column_1 = r.n
where r.place <= 10 and exists (select 1 from orders x where x.id = r.n) order by r.month, change desc limit 100"""


def corpus() -> list[str]:
    """Generated queries, those of the probes that pass, a report, a wide star."""
    texts = [Generator(seed).query() for seed in range(200)]
    texts += [probe.sql for probe in probes() if probe.expect == "contained"]
    return [*texts, REPORT, "select * from wide", "select w.*, p.* from wide w join people p on p.id = w.column_3"]


def took(act: Callable[[], object]) -> tuple[float, float]:
    """(wall, CPU) in milliseconds."""
    wall, cpu = time.perf_counter(), time.process_time()
    act()
    return (time.perf_counter() - wall) * 1e3, (time.process_time() - cpu) * 1e3


def tried(sql: str, tables: tuple[Granted, ...]) -> None:
    try:
        check(sql, tables)
    except NotAllowed:
        return


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    given, _ = parser.parse_known_args()
    tables, texts = (*GRANTED, WIDE), corpus()
    schema = {t.table: {name: "varchar" for name, _ in t.columns} for t in tables}

    def plain(sql: str) -> None:
        sqlglot.parse_one(sql, read="duckdb").sql("duckdb")

    def qualified(sql: str) -> None:
        try:
            qualify(sqlglot.parse_one(sql, read="duckdb"), schema=schema, dialect="duckdb").sql("duckdb")
        except sqlglot.errors.SqlglotError:
            return

    cases: dict[str, Callable[[str], None]] = {
        "checked, never seen": lambda sql: tried(sql, tables),
        "checked, seen before": lambda sql: tried(sql, tables),
        "sqlglot: read and write": plain,
        "sqlglot: qualify": qualified,
    }
    found: dict[str, list[tuple[float, float, float]]] = {name: [] for name in cases}
    print(f"{machine()}, sqlglot {version('sqlglot')}\n{len(texts)} queries, {given.rounds} rounds, interleaved\n")
    for number in range(given.rounds + 1):
        check.cache_clear()
        for name, act in cases.items():
            times = [took(lambda act=act, sql=sql: act(sql)) for sql in texts]
            if number:
                walls = sorted(wall for wall, _ in times)
                found[name].append(
                    (
                        statistics.median(walls),
                        walls[int(len(walls) * 0.95)],
                        sum(cpu for _, cpu in times) / len(times),
                    )
                )
    rows = [
        (name, *(spread([one[place] for one in rounds], 3) for place in range(3))) for name, rounds in found.items()
    ]
    print(table(("", "p50 ms", "p95 ms", "CPU ms a query"), rows))
    uncached = statistics.median(one[1] for one in found["checked, never seen"])
    cached = statistics.median(one[1] for one in found["checked, seen before"])
    good = uncached <= UNCACHED_MS and cached <= CACHED_MS
    print(
        f"\np95 never seen {uncached:.1f} ms, to reach {UNCACHED_MS:.0f}; seen before {cached:.3f} ms, to reach "
        f"{CACHED_MS:.0f}: {'reached' if good else 'NOT reached'}"
    )
    return int(not good)


if __name__ == "__main__":
    sys.exit(main())
