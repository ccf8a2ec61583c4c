"""What a step of a registration asks beyond duty and state."""

from __future__ import annotations

from shugang.kernel.errors import Refusal
from shugang.kernel.models import CaseParty
from shugang.kernel.procedure import Context
from shugang.parties.models import Membership
from shugang.policy.text import Text

from . import answers
from .models import Objection, Registration


def registration_of(ctx: Context) -> Registration:
    return Registration.objects.select_related("asset", "registrar").get(case=ctx.case)


def independent(ctx: Context) -> None:
    """Nobody decides for the registrar on data of a party that he belongs to himself (回避)."""
    others = CaseParty.objects.filter(case=ctx.case, capacity__in=["applicant", "holder"]).values("party_id")
    if Membership.objects.filter(person_id=ctx.actor.person_id or 0, party_id__in=others, active=True).exists():
        raise Refusal(
            "conflict_of_interest",
            Text(
                "您是申请机构的成员，按回避规则不能办理这项登记。请由登记机构的其他人员办理。",
                "You belong to the applicant, so by the rule of recusal you may not decide on it. Please let a colleague act.",
            ),
            403,
        )


def told_once(ctx: Context) -> None:
    """Defects at acceptance are notified once, in full (一次告知)."""
    independent(ctx)
    if registration_of(ctx).corrections:
        raise Refusal(
            "already_notified",
            Text(
                "补正已告知过一次。按一次告知的规则，请决定受理或不予受理。",
                "Corrections were requested before. Defects are notified once, in full: please accept or decline.",
            ),
            409,
        )


def not_yet_extended(ctx: Context) -> None:
    independent(ctx)
    if registration_of(ctx).extended:
        raise Refusal(
            "already_extended",
            Text("审查期限只能延长一次，已经延长过。", "The examination may be extended once only, and it has been."),
            409,
        )


def fits_the_rules(ctx: Context) -> None:
    """The corrected form has to pass the rules under which the case began."""
    if ctx.case.profile is None:
        raise ValueError(f"case {ctx.case.number} has no rule profile")
    answers.check(ctx.case.profile.data, ctx.data, ctx.actor)


def has_open_objection(ctx: Context) -> None:
    independent(ctx)
    if not Objection.objects.filter(case=ctx.case, state=Objection.State.OPEN).exists():
        raise Refusal("no_objection", Text("没有待处理的异议。", "There is no open objection."), 409)
