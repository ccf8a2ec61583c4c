"""Case clocks: start, pause, resume, stop, expire; in working days."""

from __future__ import annotations

from datetime import datetime

from . import workdays
from .models import Case, CaseClock
from .procedure import Procedure, Transition


def _days(case: Case, key: str) -> int:
    """The count that the case's own profile version states; a profile without it is a defect."""
    if case.profile is None:
        raise ValueError(f"case {case.number} has clocks but no rule profile")
    return int(case.profile.data["clocks"][key])


def expiry_step(procedure: Procedure, case: Case, name: str) -> str | None:
    """The step that the end of this clock brings about, if any: as agreed, or under the case's own profile version."""
    spec = procedure.clock(name)
    of_profile = case.profile.data.get(spec.expires_if, True) if case.profile is not None else True
    if spec.expires_if and not case.data.get(spec.expires_if, of_profile):
        return None
    return spec.on_expiry


def apply(procedure: Procedure, case: Case, step: Transition, now: datetime) -> None:
    for name in step.stops:
        case.clocks.filter(name=name).update(state=CaseClock.State.STOPPED, remaining=None)
    for name in step.pauses:
        _pause(case, name, now)
    for name in step.resumes:
        _resume(case, name, now)
    for name in step.starts:
        _start(procedure, case, name, now)


def _start(procedure: Procedure, case: Case, name: str, now: datetime) -> None:
    spec = procedure.clock(name)
    days = int(case.data.get(spec.agreed) or _days(case, spec.days_key)) if spec.agreed else _days(case, spec.days_key)
    due_at, provisional = workdays.due(now, days, spec.unit)
    CaseClock.objects.update_or_create(
        case=case,
        name=name,
        defaults={
            "state": CaseClock.State.RUNNING,
            "started_at": now,
            "days": days,
            "unit": spec.unit,
            "due_at": due_at,
            "remaining": None,
            "provisional": provisional,
        },
    )


def _pause(case: Case, name: str, now: datetime) -> None:
    """Time spent on supplements, notice and objection stops the clock (国数综政策〔2026〕35号)."""
    clock = case.clocks.filter(name=name, state=CaseClock.State.RUNNING).first()
    if clock is None:
        return
    if clock.unit == "wd":
        clock.remaining = max(0, workdays.working_days_left(now, clock.due_at))
    else:
        clock.remaining = max(0, (clock.due_at - now).days)
    clock.state = CaseClock.State.PAUSED
    clock.save(update_fields=["remaining", "state"])


def _resume(case: Case, name: str, now: datetime) -> None:
    clock = case.clocks.filter(name=name, state=CaseClock.State.PAUSED).first()
    if clock is None:
        return
    clock.due_at, clock.provisional = workdays.due(now, clock.remaining or 0, clock.unit)
    clock.state = CaseClock.State.RUNNING
    clock.remaining = None
    clock.save(update_fields=["due_at", "provisional", "state", "remaining"])


def stop_all(case: Case) -> None:
    case.clocks.filter(state__in=[CaseClock.State.RUNNING, CaseClock.State.PAUSED]).update(
        state=CaseClock.State.STOPPED
    )


def recompute_provisional() -> int:
    """Recompute due days that crossed into a year whose calendar was not loaded. Returns how many changed."""
    changed = 0
    for clock in CaseClock.objects.filter(provisional=True, state=CaseClock.State.RUNNING):
        due_at, provisional = workdays.due(clock.started_at, clock.days, clock.unit)
        if (due_at, provisional) != (clock.due_at, clock.provisional):
            clock.due_at, clock.provisional = due_at, provisional
            clock.save(update_fields=["due_at", "provisional"])
            changed += 1
    return changed
