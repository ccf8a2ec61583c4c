"""A walk over 100,000 edges within what the reader may see: p95 of a table's graph, six steps both ways.

Beside it in the same run: one recursive query of SQLite over the same edges, without scope, without what is hidden, and
without the columns' names of the tables reached.
"""

from __future__ import annotations

import base64
import os
import random
import statistics
import sys
import time
from datetime import UTC, datetime
from typing import Any

from bench.common import machine, scratch, spread, table

EDGES, TABLES, COLUMNS, LAYERS, ASKED, ROUNDS, GOAL_MS = 100_000, 5_000, 20, 50, 200, 3, 100.0
AT = datetime(2026, 11, 26, tzinfo=UTC)
PLAIN = """
WITH RECURSIVE reached(node, name, depth) AS (
  VALUES (%s, %s, 0) UNION
  SELECT e.source_id, e.source_column, r.depth + 1 FROM publicdata_lineageedge e
  JOIN reached r ON e.target_id = r.node AND (e.target_column = r.name OR e.target_column = '' OR r.name = '')
  WHERE r.depth < 6)
SELECT count(*) FROM reached"""


def fill() -> tuple[Any, list[int]]:
    """Half of the tables are the reader's, in layers; an edge leads from one of the last three layers."""
    from shugang.parties.testing import make_actor, make_party
    from shugang.publicdata.lineage.models import LineageEdge, LineageNode, LineageRun

    mine, other = make_party("supplier"), make_party("supplier")
    run = LineageRun.objects.create(number="XR-2026-000000", kind="event", party=mine, at=AT)
    chosen = random.Random(7)
    LineageNode.objects.bulk_create(
        LineageNode(number=f"XB-2026-{n:06d}", kind="outside", party=mine if chosen.random() < 0.9 else other,
                    namespace="bench", name=f"t{n}", created_at=AT)
        for n in range(TABLES)
    )  # fmt: skip
    nodes = list(LineageNode.objects.order_by("pk").values_list("pk", flat=True))
    size, seen = TABLES // LAYERS, set()
    rows: list[Any] = []
    while len(rows) < EDGES:
        target = chosen.randrange(size, TABLES)
        layer = target // size
        source = chosen.randrange(max(0, layer - 3) * size, layer * size)
        edge = (nodes[source], f"c{chosen.randrange(COLUMNS)}", nodes[target], f"c{chosen.randrange(COLUMNS)}")
        if edge in seen:
            continue
        seen.add(edge)
        rows.append(LineageEdge(source_id=edge[0], source_column=edge[1], target_id=edge[2], target_column=edge[3],
                                subtype="IDENTITY", first=run, last=run))  # fmt: skip
    LineageEdge.objects.bulk_create(rows, batch_size=2_000)
    held = list(LineageNode.objects.filter(party=mine).order_by("pk").values_list("pk", flat=True))
    return make_actor(mine), held


def measured(folder: str) -> int:
    os.environ.update({
        "SHUGANG_VAR_DIR": folder, "SHUGANG_DATABASE_URL": f"sqlite://{folder}/control.sqlite3", "SHUGANG_DEMO": "1",
        "SHUGANG_MASTER_KEY": base64.b64encode(bytes(32)).decode(), "SHUGANG_SECRET_KEY": "bench" * 12,
        "DJANGO_SETTINGS_MODULE": "shugang.settings",
    })  # fmt: skip
    import django

    django.setup()
    from django.db import connection, transaction

    from shugang.commands import setup
    from shugang.publicdata.lineage import queries
    from shugang.publicdata.lineage.models import LineageNode

    setup.migrate()
    with transaction.atomic():
        actor, held = fill()
    nodes = {node.pk: node for node in LineageNode.objects.filter(pk__in=held)}
    chosen = random.Random(11)
    walks: list[list[float]] = []
    plain: list[list[float]] = []
    sizes: list[int] = []
    for _ in range(ROUNDS):
        starts = [(chosen.choice(held), "") for _ in range(ASKED)]
        took: list[float] = []
        for node, column in starts:
            began = time.perf_counter()
            found = queries.graph(actor, nodes[node], column, "both", 6)
            took.append((time.perf_counter() - began) * 1e3)
            sizes.append(len(found.edges))
        walks.append(took)
        took = []
        with connection.cursor() as cursor:
            for start in starts:
                began = time.perf_counter()
                cursor.execute(PLAIN, start)
                cursor.fetchone()
                took.append((time.perf_counter() - began) * 1e3)
        plain.append(took)
    p95 = [sorted(took)[int(ASKED * 0.95)] for took in walks]
    rows = [
        ("the graph, both ways, scoped", spread([statistics.median(t) for t in walks], 1), spread(p95, 1)),
        ("recursive SQL, one way, unscoped", spread([statistics.median(t) for t in plain], 1),
         spread([sorted(t)[int(ASKED * 0.95)] for t in plain], 1)),
    ]  # fmt: skip
    print(table(("", "p50 ms", "p95 ms"), rows))
    good = statistics.median(p95) <= GOAL_MS
    print(
        f"\n{EDGES:,} edges between {TABLES:,} tables; {ASKED} walks a round, {statistics.median(sizes):.0f} edges in the "
        f"median walk, {max(sizes)} in the largest; p95 {statistics.median(p95):.1f} ms, to reach {GOAL_MS:.0f}: "
        f"{'reached' if good else 'NOT reached'}"
    )
    return int(not good)


def main() -> int:
    print(f"{machine()}\n")
    with scratch() as folder:
        return measured(folder)


if __name__ == "__main__":
    sys.exit(main())
