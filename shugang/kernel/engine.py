"""Plays procedures: opens cases, moves them, fires their clocks. Every move is one verb."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from shugang.policy.text import Text

from . import clock, deadlines, permissions, procedure
from .actors import SYSTEM, Actor
from .errors import Refusal, forbidden, not_found
from .events import emit
from .forms import clean
from .models import Case, CaseClock, CaseParty, CaseVote
from .numbering import yearly_number
from .procedure import EACH, Context, Procedure
from .profiles import current_profile
from .verbs import verb

CASE = Text("这项事项", "case")


@verb
def open_case(
    code: str,
    actor: Actor,
    parties: Iterable[tuple[str, int]],
    title: str,
    data: Mapping[str, Any] | None = None,
    refs: Iterable[tuple[str, str]] = (),
    parent: Case | None = None,
    profile: str = "",
) -> Case:
    """Open a case of procedure `code`, under the rule profile `profile` where it is not the procedure's own.

    `parties` are (capacity, party id); the actor must be one of them in a capacity that may open it.
    Raises Refusal `forbidden` or `invalid_form`.
    """
    spec = procedure.get(code)
    members = sorted(set(parties))
    if not permissions.may_open(spec, actor, members):
        raise forbidden(
            f"您没有发起“{spec.label.zh}”的权限，请联系本机构管理员分配岗位。",
            f"You may not open “{spec.label.en}”. Please ask your manager for the duty.",
        )
    permissions.require_second_factor(spec.opening, actor)
    answers = clean(spec.opening.form, data or {})
    now = clock.now()
    code_of_rules = profile or spec.profile
    rules = current_profile(code_of_rules, clock.today()) if code_of_rules else None
    case = Case.objects.create(
        procedure=code,
        number=yearly_number(spec.number_prefix, clock.today().year),
        title=title,
        state=spec.opening.target,
        profile=rules,
        data=answers,
        opened_at=now,
        changed_at=now,
        opened_by=actor.person_id,
        parent=parent,
    )
    CaseParty.objects.bulk_create([CaseParty(case=case, party_id=p, capacity=c) for c, p in members])
    context = Context(case, actor, answers, spec.opening, refs=[("case", case.number), *refs])
    _vote(context, permissions.acting_capacity(spec.opening, actor, members), 1)
    _move(spec, context, now)
    return case


def lock(number: str) -> Case:
    """The case under its row lock. Raises Refusal `not_found`."""
    case = Case.objects.select_for_update().filter(number=number).first()
    if case is None:
        raise not_found(CASE)
    return case


@verb
def act(
    number: str, step: str, actor: Actor, data: Mapping[str, Any] | None = None, revision: int | None = None
) -> Case:
    """Take one step of a case.

    Raises Refusal: `not_found` (also when the actor takes no part), `stale_version`, `wrong_state`,
    `forbidden`, `conflict_of_interest`, `second_factor_required`, `invalid_form`, or what a guard says.
    """
    case = lock(number)
    spec = procedure.get(case.procedure)
    transition = spec.transition(step)
    if not permissions.takes_part(case, actor) or transition is None:
        raise not_found(CASE)
    if revision is not None and revision != case.revision:
        raise Refusal(
            "stale_version",
            Text(
                f"这项事项已更新为第{case.revision}版，您看到的是第{revision}版。请核对后再办理。",
                f"This case is now at revision {case.revision}; you saw {revision}. Please check it again.",
            ),
            409,
        )
    if case.state not in transition.sources:
        label = spec.state(case.state).label
        raise Refusal(
            "wrong_state",
            Text(
                f"当前状态是“{label.zh}”，不能“{transition.label.zh}”。请刷新页面看可办理的操作。",
                f"The case is “{label.en}”, so “{transition.label.en}” is not possible. Please reload.",
            ),
            409,
        )
    permissions.check(case, spec, transition, actor)
    answers = clean(transition.form, data or {})
    context = Context(case, actor, answers, transition, refs=[("case", case.number)])
    capacity = permissions.acting_capacity(transition, actor, permissions.members(case))
    if transition.guard is not None:
        transition.guard(context)
    round_ = permissions.vote_round(case, transition)
    _vote(context, capacity, round_)
    if _quorum_reached(context, round_):
        _move(spec, context, clock.now())
    else:
        case.revision += 1
        case.save(update_fields=["revision"])
        emit(spec.event_kind(step) + ".vote", actor, context.refs, {"capacity": capacity, **answers}, case)
    return case


def _vote(context: Context, capacity: str, round_: int) -> None:
    CaseVote.objects.create(
        case=context.case,
        transition=context.transition.name,
        round=round_,
        person_id=context.actor.person_id,
        party_id=context.actor.party_id,
        capacity=capacity,
        data=context.data,
        at=clock.now(),
    )


def _quorum_reached(context: Context, round_: int) -> bool:
    step = context.transition
    votes = list(context.case.votes.filter(transition=step.name, round=round_).order_by("id"))
    context.votes = [{"capacity": v.capacity, "person": v.person_id, "data": v.data} for v in votes]
    if step.quorum == EACH:
        held = {capacity for capacity, _ in permissions.members(context.case)}
        return {v.capacity for v in votes} >= {r.capacity for r in step.by} & held
    return len({v.person_id for v in votes}) >= int(step.quorum)


def _move(spec: Procedure, context: Context, now: datetime) -> None:
    case, step = context.case, context.transition
    before = case.state
    case.state = step.target
    case.revision += 1
    case.changed_at = now
    deadlines.apply(spec, case, step, now)
    if spec.state(step.target).final:
        case.closed_at = now
        deadlines.stop_all(case)
    case.save()
    if step.effect is not None:
        step.effect(context)
    emit(
        spec.event_kind(step.name),
        context.actor,
        context.refs,
        {"from": before, "to": case.state, "form": context.data, **context.outputs},
        case,
    )


@verb
def fire(case_number: str, step: str) -> Case:
    """A step taken by the system itself (a clock that expired, a reaction)."""
    case = lock(case_number)
    spec = procedure.get(case.procedure)
    transition = spec.transition(step)
    if transition is None or case.state not in transition.sources:
        raise Refusal(
            "wrong_state",
            Text("状态已改变，系统步骤未执行。", "The state has changed; nothing was done."),
            409,
        )
    context = Context(case, SYSTEM, {}, transition, refs=[("case", case.number)])
    _move(spec, context, clock.now())
    return case


def _expire(clock_id: int, moment: datetime) -> bool:
    """Fire one clock, unless another worker did or it was stopped meanwhile."""
    with transaction.atomic():
        row = CaseClock.objects.select_related("case").get(pk=clock_id)
        case = lock(row.case.number)
        row = case.clocks.select_for_update().get(pk=clock_id)
        if row.state != CaseClock.State.RUNNING or row.due_at >= moment:
            return False
        spec = procedure.get(case.procedure)
        target = deadlines.expiry_step(spec, case, row.name)
        CaseClock.objects.filter(pk=clock_id).update(state=CaseClock.State.EXPIRED)
        step = spec.transition(target) if target else None
        if step is not None and case.state in step.sources:
            fire(case.number, step.name)
        else:
            emit("clock.expired", SYSTEM, [("case", case.number)], {"clock": row.name, "case": case.number}, case)
        return True


def tick(now: datetime | None = None) -> int:
    """Fire every clock that is due, oldest first, each in its own transaction. Returns how many fired."""
    moment = now or clock.now()
    deadlines.recompute_provisional()
    due = CaseClock.objects.filter(state=CaseClock.State.RUNNING, due_at__lt=moment, provisional=False)
    ids = list(due.order_by("due_at", "id").values_list("id", flat=True))
    return sum(_expire(clock_id, moment) for clock_id in ids)
