"""The walk along edges, breadth first and bounded; pure, so that what fetches the edges of a step may be anything."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

WHOLE = ""
Place = tuple[int, str]  # node, column


class Step(NamedTuple):
    """One edge as the walk sees it."""

    source: int
    source_column: str
    target: int
    target_column: str
    subtype: str
    masking: bool


Wanted = dict[int, set[str]]
Fetch = Callable[[Wanted, bool], Iterable[Step]]
"""(node → its columns, downstream) → at least the edges that leave them in that direction."""
Admit = Callable[[list[Step], bool], list[Step]]
"""Those of the steps that may be taken; what it drops is not walked."""


@dataclass
class Walk:
    """`depth` of each place reached, from 0; `edges` in the order found; `cut`: there is more behind the limits."""

    depth: dict[Place, int] = field(default_factory=dict)
    edges: list[Step] = field(default_factory=list)
    cut: bool = False

    @property
    def nodes(self) -> dict[int, int]:
        """Each node with the least depth of its columns."""
        found: dict[int, int] = {}
        for (node, _), depth in self.depth.items():
            found[node] = min(depth, found.get(node, depth))
        return found


def walk(
    starts: Iterable[Place],
    fetch: Fetch,
    downstream: bool,
    most_depth: int,
    most_edges: int,
    admit: Admit = lambda steps, _: steps,
) -> Walk:
    """From `starts` along the edges. A place of the whole table (column "") stands for all its columns, and every column
    also leads on from its whole table."""
    found = Walk({place: 0 for place in starts})
    frontier = set(found.depth)
    taken: set[Step] = set()
    depth = 0
    while frontier:
        wanted: Wanted = {}
        for node, column in frontier:
            wanted.setdefault(node, set()).add(column)
        steps = [step for step in fetch(wanted, downstream) if _leaves(step, wanted, downstream) and step not in taken]
        frontier = set()
        for step in admit(steps, downstream):
            if depth == most_depth or len(found.edges) >= most_edges:
                found.cut = True
                return found
            taken.add(step)
            found.edges.append(step)
            there = (step.target, step.target_column) if downstream else (step.source, step.source_column)
            if there not in found.depth:
                found.depth[there] = depth + 1
                frontier.add(there)
        depth += 1
    return found


def _leaves(step: Step, wanted: Wanted, downstream: bool) -> bool:
    node, column = (step.source, step.source_column) if downstream else (step.target, step.target_column)
    columns = wanted[node]
    return column in columns or column == WHOLE or WHOLE in columns
