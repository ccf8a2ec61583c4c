"""Helpers for tests of procedures: a movable clock, and the table that every procedure is tested by."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from django.db import connection

from . import engine
from .actors import Actor
from .errors import Refusal
from .models import Case
from .procedure import TIMER, Procedure, Transition

_SNAPSHOT = (
    "SELECT state, revision, (SELECT COUNT(*) FROM kernel_casevote WHERE case_id = %s), (SELECT COUNT(*) FROM kernel_event)"
    " FROM kernel_case WHERE id = %s"
)


@contextmanager
def clock_at(settings: Any, moment: datetime) -> Iterator[Callable[[datetime], None]]:
    """Rule time stands at `moment`; the yielded function moves it forward."""
    from . import clock

    settings.SHUGANG_DEMO = True
    clock.move_to(moment)
    yield clock.move_to


def snapshot(case: Case) -> tuple[Any, ...]:
    """What a denied action may not change."""
    with connection.cursor() as cursor:  # asked for some ten thousand times: in plain SQL
        cursor.execute(_SNAPSHOT, [case.pk, case.pk])
        (row,) = cursor.fetchall()
        cursor.execute("SELECT name, state, due_at FROM kernel_caseclock WHERE case_id = %s ORDER BY name", [case.pk])
        return (*row, tuple(cursor.fetchall()))


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
