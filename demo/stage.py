"""What the play stands on: progress lines while it runs, and the table of what happened."""

from __future__ import annotations

import sys
import time
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from shugang.kernel.models import Event


@dataclass
class Row:
    """One line of the final table; `event` is the last event of the step, whose log index is its evidence."""

    step: str
    who: str
    result: str
    event: int | None


@dataclass
class Stage:
    """The play so far. `things` carries what later steps need: parties, actors, numbers, secrets."""

    total: int
    rows: list[Row] = field(default_factory=list)
    things: dict[str, Any] = field(default_factory=dict)
    started: float = field(default_factory=time.monotonic)

    @contextmanager
    def step(self, title: str, who: str) -> Iterator[list[str]]:
        """Show progress, run the step, keep its row. The block appends its result's words to the yielded list."""
        number = len(self.rows) + 1
        live = sys.stdout.isatty()
        head = f"[{number:2}/{self.total}] {title}"
        if live:
            print(f"{head} …", end="", flush=True)
        before = time.monotonic()
        said: list[str] = []
        try:
            yield said
        except BaseException:
            print(f"\r{head} ✗" if live else f"{head} ✗", flush=True)
            raise
        took = time.monotonic() - before
        result = "；".join(said)
        print(f"\r{head} ✓ {took:.1f}s  {result}" if live else f"{head} ✓ {took:.1f}s  {result}", flush=True)
        last = Event.objects.order_by("-id").values_list("id", flat=True).first()
        self.rows.append(Row(title, who, result, last))

    def table(self) -> str:
        """Step, who, result, evidence index."""
        indices = dict(Event.objects.filter(pk__in=[r.event for r in self.rows]).values_list("pk", "log_index"))
        cells = [("步骤 / step", "谁 / who", "结果 / result", "存证 / entry")]
        for row in self.rows:
            index = indices.get(row.event) if row.event else None
            cells.append((row.step, row.who, row.result, "—" if index is None else f"#{index}"))
        widths = [min(58, max(_width(line[i]) for line in cells)) for i in range(4)]
        lines = ["  ".join(_fit(text, width) for text, width in zip(line, widths, strict=True)) for line in cells]
        lines.insert(1, "  ".join("─" * width for width in widths))
        return "\n".join(lines)

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.started


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def _fit(text: str, width: int) -> str:
    """Cut to `width` terminal columns (Chinese characters take two) and fill up."""
    shown, used = "", 0
    for character in text:
        size = _width(character)
        if used + size > width - (1 if _width(text) > width else 0):
            shown, used = shown + "…", used + 1
            break
        shown, used = shown + character, used + size
    return shown + " " * max(0, width - used)
