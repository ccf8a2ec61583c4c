"""What the road stands on: a database and processes of its own, a clock that moves, and words for what must hold."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from demo.stage import Stage
from shugang.kernel import clock
from shugang.kernel.errors import Refusal
from shugang.kernel.models import Event
from shugang.settlement.ledger.models import Account


@dataclass
class Road(Stage):
    """The play so far. `took` is seconds by step; `facts` what is asserted from outside when it is over."""

    took: dict[str, float] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)

    @contextmanager
    def step(self, title: str, who: str) -> Iterator[list[str]]:
        before = time.monotonic()
        with super().step(title, who) as said:
            yield said
        self.took[title] = round(time.monotonic() - before, 2)


class Quiet(Stage):
    """The demonstration's own steps, without their progress lines."""

    @contextmanager
    def step(self, title: str, who: str) -> Iterator[list[str]]:
        yield []


def same(found: Any, wanted: Any, what: str = "") -> None:
    """Raises AssertionError that says both, also where asserts are switched off."""
    if found != wanted:
        raise AssertionError(f"{what}: {found!r}, not {wanted!r}")


def refused(code: str, act: Callable[[], Any]) -> None:
    """The act is refused under this code, and leaves no event behind."""
    last = Event.objects.order_by("-pk").values_list("pk", flat=True).first()
    try:
        act()
    except Refusal as refusal:
        same(refusal.code, code, "refusal")
    else:
        raise AssertionError(f"was not refused ({code})")
    # The worker writes its own events meanwhile; a person's would name him.
    same(list(Event.objects.filter(pk__gt=last or 0, person_id__isnull=False)), [], "events of a refused act")


def move_past(moment: datetime) -> None:
    """The clock, one second past a moment."""
    clock.move_to(moment + timedelta(seconds=1))


def balance(code: str) -> int:
    """分 in an account; 0 where it was never opened."""
    row = Account.objects.filter(code=code).first()
    return row.balance if row else 0
