"""Lineage by column of a query with 51 columns and 6 WITHs: one pass here, one column at a time in `sqlglot.lineage`.

The edges of both are compared in the same run; text that differs makes the run fail. The pass includes reading the text.
"""

from __future__ import annotations

import statistics
import sys
import time
from importlib.metadata import version

from bench.common import machine, spread, table
from shugang.policy.lineage import lineage
from shugang.policy.lineage.tests.peer import WIDE, peers_edges, wide_query

GOAL_MS, OURS, PEERS = 50.0, 15, 3


def took(act) -> float:  # type: ignore[no-untyped-def]
    began = time.perf_counter()
    act()
    return (time.perf_counter() - began) * 1e3


def main() -> int:
    sql = wide_query()
    print(f"{machine()}, sqlglot {version('sqlglot')}\n{len(sql)} characters, interleaved\n")
    found = lineage(sql, WIDE)
    mine = [frozenset((WIDE[p].table, c) for p, c in value) for value in found.columns.values()]
    same = mine == peers_edges(sql, WIDE)
    ours: list[float] = []
    peers: list[float] = []
    for _ in range(PEERS):
        ours += [took(lambda: lineage(sql, WIDE)) for _ in range(OURS)]
        peers.append(took(lambda: peers_edges(sql, WIDE)))
    print(table(("", "ms"), [("one pass", spread(ours, 1)), ("sqlglot.lineage", spread(peers, 0))]))
    median = statistics.median(ours)
    good = same and median <= GOAL_MS
    print(
        f"\n{len(mine)} columns, {sum(map(len, mine))} edges, {'the same' if same else 'NOT the same'} as the peer's; "
        f"{len(found.rows)} columns decide the rows; median {median:.1f} ms, to reach {GOAL_MS:.0f}: "
        f"{'reached' if good else 'NOT reached'}"
    )
    return int(not good)


if __name__ == "__main__":
    sys.exit(main())
