"""Writing edges: one run at a time, no circles, an edge that is known only renewed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from django.db import connection

from shugang.kernel import clock
from shugang.kernel.actors import Actor
from shugang.kernel.errors import Refusal
from shugang.kernel.numbering import yearly_number
from shugang.policy.text import Text

from .models import LineageEdge, LineageNode, LineageRun
from .walking import WHOLE, Step, Wanted, walk

MOST_EDGES = 20_000  # of one run
_BATCH = 400  # values of one statement
_FAR = 10_000  # deeper than any chain
_FIELDS = ("source_id", "source_column", "target_id", "target_column", "subtype", "masking")


def open_run(actor: Actor, party: int, kind: str, **facts: Any) -> LineageRun:
    """The run that tells of edges. Its number is taken under a lock, so whatever is read after it stands until the end of
    the transaction: nodes are made once and no two runs close a circle together."""
    return LineageRun.objects.create(
        number=yearly_number("XR", clock.today().year), party_id=party, kind=kind, at=clock.now(),
        recorded_by=actor.person_id, **facts,
    )  # fmt: skip


def fetch(wanted: Wanted, downstream: bool) -> Iterable[Step]:
    """The edges of these places, past any scope: who shows them admits them first (`queries.graph`).

    Pairs of table and column are joined as a list of their own, which both databases look up in the index; by the ORM it
    would be every edge of each table, and as `(a, b) IN (VALUES …)` SQLite reads the whole table.
    """
    end = "source" if downstream else "target"
    whole = [node for node, columns in wanted.items() if WHOLE in columns]
    pairs = [(node, c) for node, columns in wanted.items() if WHOLE not in columns for c in (*columns, WHOLE)]
    for start in range(0, len(whole), _BATCH):
        some = whole[start : start + _BATCH]
        yield from _selected(f"WHERE e.{end}_id IN ({', '.join(['%s'] * len(some))})", some)
    for start in range(0, len(pairs), _BATCH):
        flat = [part for pair in pairs[start : start + _BATCH] for part in pair]
        values = ", ".join(["(%s, %s)"] * (len(flat) // 2))
        join = f"JOIN wanted w ON e.{end}_id = w.node AND e.{end}_column = w.name"
        yield from _selected(join, flat, f"WITH wanted (node, name) AS (VALUES {values})")


def _selected(which: str, values: list[Any], first: str = "") -> list[Step]:
    names = ", ".join(f"e.{name}" for name in _FIELDS)
    with connection.cursor() as cursor:
        cursor.execute(f"{first} SELECT {names} FROM {LineageEdge._meta.db_table} e {which}", values)  # noqa: S608 names of ours
        rows: list[tuple[int, str, int, str, str, bool]] = cursor.fetchall()
    return [Step(*row)._replace(masking=bool(row[5])) for row in rows]


def record(run: LineageRun, steps: Iterable[Step]) -> int:
    """Store the edges; how many were new. Raises Refusal `too_much_lineage`, `circular_lineage`."""
    wanted = set(steps)
    if len(wanted) > MOST_EDGES:
        raise Refusal("too_much_lineage", Text(
            f"一次最多登记{MOST_EDGES}条血缘，请分开提交。", f"At most {MOST_EDGES} edges at once. Please send them in parts."
        ), 422)  # fmt: skip
    sources = {step.source for step in wanted}
    known = {
        Step(*row[1:]): row[0]
        for row in LineageEdge.objects.filter(target_id__in={s.target for s in wanted}, source_id__in=sources).values_list("pk", *_FIELDS)
    }  # fmt: skip
    fresh = wanted - known.keys()
    _no_circle(fresh)
    _named_now(fresh)
    again = [known[step] for step in wanted & known.keys()]
    for start in range(0, len(again), 500):
        LineageEdge.objects.filter(pk__in=again[start : start + 500]).update(last=run)
    LineageEdge.objects.bulk_create(
        (LineageEdge(**dict(zip(_FIELDS, step, strict=True)), first=run, last=run) for step in sorted(fresh)),
        batch_size=500,
    )
    return len(fresh)


def _named_now(fresh: set[Step]) -> None:
    """An input that was only declared has columns now: the edge that named none goes."""
    pairs = {(step.source, step.target) for step in fresh if step.subtype}
    rows = LineageEdge.objects.filter(subtype="", target_id__in={target for _, target in pairs})
    LineageEdge.objects.filter(
        pk__in=[
            pk for pk, source, target in rows.values_list("pk", "source_id", "target_id") if (source, target) in pairs
        ]
    ).delete()


def _no_circle(fresh: set[Step]) -> None:
    """What comes of the targets, by the edges that stand and the new ones, holds none of the sources."""
    by_source: dict[int, list[Step]] = defaultdict(list)
    for step in fresh:
        if step.source == step.target:
            raise _circle(step.source)
        by_source[step.source].append(step)

    def both(wanted: Wanted, downstream: bool) -> Iterable[Step]:
        yield from fetch(wanted, downstream)
        for node in wanted:
            yield from by_source.get(node, ())

    standing = LineageEdge.objects.filter(source_id__in={s.target for s in fresh}).exists()
    if not standing and not {s.target for s in fresh} & by_source.keys():
        return
    for node in sorted({step.target for step in fresh}):
        reached = walk([(node, WHOLE)], both, True, _FAR, 10 * MOST_EDGES)
        if reached.cut:
            raise Refusal("too_much_lineage", Text(
                "血缘图太大，无法确认没有循环，请联系平台运营。", "The graph is too large to rule out a circle. Please ask the platform's operator."
            ), 422)  # fmt: skip
        if any(step.target == node for step in reached.edges):
            raise _circle(node)


def _circle(node: int) -> Refusal:
    name = LineageNode.objects.get(pk=node).name
    return Refusal("circular_lineage", Text(
        f"“{name}”不能来自它自己：血缘不能成环。请核对输入和输出，或给不同时点的表不同的名称。",
        f"“{name}” cannot come from itself: lineage has no circles. Please check inputs and outputs, or give a table a name for each state.",
    ), 422)  # fmt: skip
