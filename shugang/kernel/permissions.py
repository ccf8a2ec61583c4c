"""Who may take which step of a case."""

from __future__ import annotations

from collections.abc import Iterable

from shugang.policy.text import Text

from .actors import SENSITIVE_DUTIES, Actor
from .errors import Refusal, forbidden
from .models import Case
from .procedure import EACH, Procedure, Transition

Members = Iterable[tuple[str, int]]


def members(case: Case) -> list[tuple[str, int]]:
    return [(p.capacity, p.party_id) for p in case.parties.all()]


def takes_part(case: Case, actor: Actor) -> bool:
    return actor.party_id is not None and any(p == actor.party_id for _, p in members(case))


def acting_capacity(step: Transition, actor: Actor, parties: Members) -> str:
    """The capacity in which the actor takes this step; "" when none fits."""
    held = {c for c, p in parties if p == actor.party_id}
    for role in step.by:
        if role.capacity in held and role.duty in actor.duties:
            return role.capacity
    return ""


def may_open(spec: Procedure, actor: Actor, parties: Members) -> bool:
    return actor.party_id is not None and bool(acting_capacity(spec.opening, actor, parties))


def require_second_factor(step: Transition, actor: Actor) -> None:
    if any(r.duty in SENSITIVE_DUTIES for r in step.by) and not actor.second_factor:
        raise forbidden(
            "这一步需要第二因素认证。请先在“安全”页面绑定动态口令，再重新登录。",
            "This step needs a second factor. Please set up one-time codes and sign in again.",
            "second_factor_required",
        )


def check(case: Case, spec: Procedure, step: Transition, actor: Actor) -> None:
    """Raise Refusal unless the actor may take the step now."""
    capacity = acting_capacity(step, actor, members(case))
    if not capacity:
        raise forbidden(
            f"“{step.label.zh}”由其他岗位办理，您的岗位不能办理。",
            f"“{step.label.en}” belongs to another duty than yours.",
        )
    require_second_factor(step, actor)
    if conflicted(case, step, actor):
        raise Refusal(
            "conflict_of_interest",
            Text(
                "您已办理过本事项的前一环节，按回避规则这一步须由另一人办理。",
                "You took an earlier step of this case; by the rule of recusal another person must take this one.",
            ),
            403,
        )
    if already_voted(case, step, actor, capacity):
        raise Refusal(
            "already_done",
            Text("您已办理过这一步，正在等待其他人。", "You have done this step; others are awaited."),
            409,
        )


def conflicted(case: Case, step: Transition, actor: Actor) -> bool:
    return bool(step.distinct_from) and any(
        v.transition in step.distinct_from and v.person_id == actor.person_id for v in case.votes.all()
    )


def vote_round(case: Case, step: Transition) -> int:
    """Votes count together within a round; any other step in between begins a new one."""
    if step.quorum == 1:
        return int(case.revision)
    return sum(v.transition != step.name for v in case.votes.all())


def already_voted(case: Case, step: Transition, actor: Actor, capacity: str) -> bool:
    if step.quorum == 1:
        return False
    this = vote_round(case, step)
    given = [v for v in case.votes.all() if v.transition == step.name and v.round == this]
    if step.quorum == EACH:
        return any(v.capacity == capacity for v in given)
    return any(v.person_id == actor.person_id for v in given)


def allowed(case: Case, spec: Procedure, step: Transition, actor: Actor) -> bool:
    """Whether to show the button; the second factor is asked for at the press."""
    if case.state not in step.sources:
        return False
    capacity = acting_capacity(step, actor, members(case))
    return bool(capacity) and not conflicted(case, step, actor) and not already_voted(case, step, actor, capacity)
