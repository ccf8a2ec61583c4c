"""Reads of cases and events: the inbox, what waits on others, the trace."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Prefetch, Q, QuerySet, prefetch_related_objects

from . import clock, permissions, procedure, workdays
from .actors import Actor
from .errors import not_found
from .models import Case, CaseClock, CaseParty, Event
from .procedure import Procedure, State, Transition


@dataclass(frozen=True)
class CaseView:
    """A case as its reader may see it, with the steps that he may take now."""

    case: Case
    procedure: Procedure
    state: State
    steps: list[Transition]
    clock: CaseClock | None
    days_left: int | None

    @property
    def page(self) -> str:
        """Where to handle the case; where only one step is open on the generic page, that step."""
        address = self.procedure.page.format(self.case.number)
        generic = self.procedure.page == Procedure.page
        return f"{address}/{self.awaited[0].name}" if generic and len(self.steps) == 1 and self.awaited else address

    @property
    def awaited(self) -> list[Transition]:
        """Steps that the case waits for; optional ones are offered, not awaited."""
        return [s for s in self.steps if s.awaited_in(self.case.state)]


def get_case(number: str, actor: Actor) -> Case:
    case = Case.objects.visible_to(actor).filter(number=number).first()
    if case is None:
        from .engine import CASE

        raise not_found(CASE)
    return case


def steps_for(case: Case, actor: Actor) -> list[Transition]:
    spec = procedure.get(case.procedure)
    return [t for t in spec.transitions if permissions.allowed(case, spec, t, actor)]


# What `view` reads of a case; asked for a whole list at once.
READ = ("parties", "votes", Prefetch("clocks", CaseClock.objects.order_by("due_at")))


def view(case: Case, actor: Actor) -> CaseView:
    return views([case], actor)[0]


def views(cases: Iterable[Case], actor: Actor) -> list[CaseView]:
    found = list(cases)
    prefetch_related_objects(found, *READ)
    now = clock.now()
    return [_view(case, actor, now) for case in found]


def _view(case: Case, actor: Actor, now: datetime) -> CaseView:
    spec = procedure.get(case.procedure)
    running = next((c for c in case.clocks.all() if c.state == CaseClock.State.RUNNING), None)
    left = workdays.working_days_left(now, running.due_at) if running else None
    return CaseView(case, spec, spec.state(case.state), steps_for(case, actor), running, left)


def _awaits(actor: Actor, code: str, state: str, capacity: str) -> bool:
    """Whether the next step is the actor's by capacity, duty and state (before recusal and votes)."""
    return any(
        role.capacity == capacity and role.duty in actor.duties
        for step in procedure.get(code).transitions
        if step.awaited_in(state)
        for role in step.by
    )


def _actionable(actor: Actor) -> Q:
    found = Q(pk__in=[])
    mine = CaseParty.objects.filter(party_id=actor.party_id or 0, case__closed_at__isnull=True)
    for code, state, capacity in mine.values_list("case__procedure", "case__state", "capacity").distinct():
        if _awaits(actor, code, state, capacity):
            held = CaseParty.objects.filter(party_id=actor.party_id or 0, capacity=capacity)
            found |= Q(procedure=code, state=state, id__in=held.values("case_id"))
    return found


def _candidates(actor: Actor) -> QuerySet[Case]:
    return Case.objects.filter(_actionable(actor), closed_at__isnull=True).order_by("opened_at")[:500]


def inbox_count(actor: Actor) -> int:
    """How many cases `inbox` holds, without what it tells of them: every page of the desk asks."""
    if actor.party_id is None:
        return 0
    cases = list(_candidates(actor))
    prefetch_related_objects(cases, "parties", "votes")
    return sum(any(step.awaited_in(case.state) for step in steps_for(case, actor)) for case in cases)


def inbox(actor: Actor) -> list[CaseView]:
    """What waits for this person, the most urgent first; cases without a deadline last."""
    if actor.party_id is None:
        return []
    awaited = [v for v in views(_candidates(actor), actor) if v.awaited]
    return sorted(awaited, key=lambda v: (v.clock is None, v.clock.due_at if v.clock else v.case.opened_at))


def waiting(actor: Actor) -> list[CaseView]:
    """Open cases of the party in which the person has nothing to do now."""
    open_cases = Case.objects.filter(
        Q(id__in=CaseParty.objects.filter(party_id=actor.party_id or 0).values("case_id")),
        closed_at__isnull=True,
    ).order_by("-changed_at")[:200]
    return [v for v in views(open_cases, actor) if not v.awaited]


def closed(actor: Actor) -> QuerySet[Case]:
    return Case.objects.visible_to(actor).filter(closed_at__isnull=False).order_by("-closed_at")


def events_about(refs: Iterable[tuple[str, str]]) -> QuerySet[Event]:
    """Every event about any of the numbered objects, oldest first; the caller has checked the scope."""
    found = Q(pk__in=[])
    for kind, key in refs:
        found |= Q(refs__kind=kind, refs__key=key)
    return Event.objects.filter(found).distinct().order_by("at", "id").prefetch_related("refs")
