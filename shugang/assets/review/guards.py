"""What a step of a security review asks beyond duty and state."""

from __future__ import annotations

from shugang.kernel.errors import Refusal
from shugang.kernel.models import CaseParty
from shugang.kernel.procedure import Context
from shugang.parties.models import Membership
from shugang.policy.text import Text

from . import checks
from .models import SecurityReview


def review_of(ctx: Context) -> SecurityReview:
    return SecurityReview.objects.select_related("case", "version__dataset__party").get(case=ctx.case)


def independent(ctx: Context) -> None:
    """Nobody decides on data of a party that he belongs to himself (回避)."""
    holder = CaseParty.objects.filter(case=ctx.case, capacity="holder").values("party_id")
    if Membership.objects.filter(person_id=ctx.actor.person_id or 0, party_id__in=holder, active=True).exists():
        raise Refusal(
            "conflict_of_interest",
            Text("您是持有方的成员，按回避规则不能办理这项审查。请由其他人员办理。",
                 "You belong to the holder, so by the rule of recusal you may not decide on it. Please let a colleague act."),
            403,
        )  # fmt: skip


def application_holds(ctx: Context) -> None:
    checks.check(checks.grading_for(review_of(ctx).version), ctx.data, ctx.actor)


def may_pass(ctx: Context) -> None:
    """The grade may have changed since the application."""
    independent(ctx)
    review = review_of(ctx)
    checks.check(checks.grading_for(review.version), review.form, None)
