"""A graph laid out in layers for the page: boxes with their columns, and the lines between; pure."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from .walking import WHOLE, Step

WIDTH, GAP, HEAD, ROW, PAD, BETWEEN = 216, 96, 42, 22, 8, 18
MOST_ROWS = 14


@dataclass
class Box:
    node: int
    x: int
    y: int
    columns: list[str]
    more: int = 0
    at: dict[str, int] = field(default_factory=dict)  # column → height of its middle

    @property
    def height(self) -> int:
        return HEAD + ROW * (len(self.columns) + bool(self.more)) + PAD


@dataclass
class Line:
    path: str
    kind: str  # direct | indirect | whole


@dataclass
class Picture:
    boxes: list[Box]
    lines: list[Line]
    width: int
    height: int


def draw(layers: dict[int, int], edges: list[Step], order: dict[int, str]) -> Picture:
    """`order`: a name for each node, by which a layer is sorted so that the picture is the same each time."""
    columns: dict[int, dict[str, None]] = defaultdict(dict)
    for step in edges:
        for node, column in ((step.source, step.source_column), (step.target, step.target_column)):
            if column != WHOLE:
                columns[node][column] = None
    first = min(layers.values(), default=0)
    boxes: dict[int, Box] = {}
    tops: dict[int, int] = defaultdict(lambda: PAD)
    for node in sorted(layers, key=lambda n: (layers[n], order.get(n, ""), n)):
        layer = layers[node] - first
        names = sorted(columns[node]) if len(columns[node]) > MOST_ROWS else list(columns[node])
        box = Box(node, PAD + layer * (WIDTH + GAP), tops[layer], names[:MOST_ROWS], max(0, len(names) - MOST_ROWS))
        for place, name in enumerate(box.columns):
            box.at[name] = box.y + HEAD + ROW * place + ROW // 2
        tops[layer] += box.height + BETWEEN
        boxes[node] = box
    lines = {
        (
            start.x + WIDTH,
            _height(start, step.source_column),
            end.x,
            _height(end, step.target_column),
            _kind(step),
        ): None
        for step in edges
        if (start := boxes.get(step.source)) and (end := boxes.get(step.target))
    }
    return Picture(
        list(boxes.values()),
        [Line(_curve(*ends), kind) for *ends, kind in sorted(lines, key=lambda line: (line[4] == "direct", line[:4]))],
        PAD * 2 + (max(layers.values(), default=0) - first) * (WIDTH + GAP) + WIDTH,
        max(tops.values(), default=PAD),
    )


def _height(box: Box, column: str) -> int:
    """The middle of the column; of a column that is not shown the line of “more”; of the whole table the head."""
    if column == WHOLE:
        return box.y + HEAD // 2
    return box.at.get(column, box.y + box.height - PAD - ROW // 2)


def _kind(step: Step) -> str:
    if not step.subtype:
        return "whole"
    return "direct" if step.subtype in ("IDENTITY", "TRANSFORMATION", "AGGREGATION") else "indirect"


def _curve(x1: int, y1: int, x2: int, y2: int) -> str:
    bend = max(36, abs(x2 - x1) // 2)
    return f"M{x1} {y1}C{x1 + bend} {y1} {x2 - bend} {y2} {x2} {y2}"
