"""Helpers for tests of procedures: a movable clock, and the table that every procedure is tested by."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from . import engine
from .actors import Actor
from .errors import Refusal
from .models import Case, Event
from .procedure import TIMER, Procedure, Transition


@contextmanager
def clock_at(settings: Any, moment: datetime) -> Iterator[Callable[[datetime], None]]:
    """Rule time stands at `moment`; the yielded function moves it forward."""
    from . import clock

    settings.SHUGANG_DEMO = True
    clock.move_to(moment)
    yield clock.move_to


def snapshot(case: Case) -> tuple[Any, ...]:
    """What a denied action may not change."""
    fresh = Case.objects.get(pk=case.pk)
    clocks = tuple(fresh.clocks.order_by("name").values_list("name", "state", "due_at"))
    return (fresh.state, fresh.revision, fresh.votes.count(), Event.objects.count(), clocks)


def refused(case: Case, step: str, actor: Actor, data: dict[str, Any] | None = None) -> Refusal:
    """Assert that the step is refused and that nothing changed; returns the refusal."""
    before = snapshot(case)
    try:
        engine.act(case.number, step, actor, data or {})
    except Refusal as refusal:
        if snapshot(case) != before:
            raise AssertionError(f"{step} was refused ({refusal.code}) but changed something") from refusal
        return refusal
    raise AssertionError(f"{case.procedure}: {step} in state {case.state} was allowed to {actor.label}")


def cells(spec: Procedure) -> Iterator[tuple[str, Transition]]:
    """Every (state, step) of the table."""
    for state in spec.states:
        for step in spec.transitions:
            yield state.name, step


def wrong_cells(spec: Procedure) -> list[tuple[str, Transition]]:
    """Cells that the table does not allow: each must be refused to everybody."""
    return [(state, step) for state, step in cells(spec) if state not in step.sources]


def by_people(spec: Procedure) -> list[Transition]:
    return [t for t in spec.transitions if TIMER not in t.by]
