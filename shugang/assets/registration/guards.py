"""What a step of a registration asks beyond duty and state."""

from __future__ import annotations

from shugang.kernel.errors import Refusal
from shugang.kernel.models import CaseParty, CaseVote
from shugang.kernel.procedure import Context
from shugang.parties.models import Membership
from shugang.policy.text import Text

from . import answers, burdens, kinds
from .models import Objection, Registration
from .ruleset import JOINT, Rules

DECISIONS = ("pass_examination", "reject")


def registration_of(ctx: Context) -> Registration:
    return Registration.objects.select_related("asset", "amends", "registrar").get(case=ctx.case)


def independent(ctx: Context) -> None:
    """Nobody decides for the registrar on data of a party that he belongs to himself (回避)."""
    others = CaseParty.objects.filter(case=ctx.case).exclude(capacity="registrar").values("party_id")
    if Membership.objects.filter(person_id=ctx.actor.person_id or 0, party_id__in=others, active=True).exists():
        raise Refusal(
            "conflict_of_interest",
            Text(
                "您是申请机构的成员，按回避规则不能办理这项登记。请由登记机构的其他人员办理。",
                "You belong to the applicant, so by the rule of recusal you may not decide on it. Please let a colleague act.",
            ),
            403,
        )


def may_decide(ctx: Context) -> None:
    """Recusal, and rotation: after so many decisions in a row on one applicant, another examiner has to take over."""
    independent(ctx)
    registration = registration_of(ctx)
    limit = Rules(ctx.case.profile.data if ctx.case.profile else {}).max_in_a_row
    if limit is None:
        return
    applicant = registration.subject.party_id
    decided = CaseVote.objects.filter(
        transition__in=DECISIONS, case__procedure=ctx.case.procedure, party_id=ctx.actor.party_id,
        case__parties__party_id=applicant, case__parties__capacity="applicant",
    )  # fmt: skip
    last = list(decided.order_by("-id").values_list("person_id", flat=True)[:limit])
    if len(last) == limit and set(last) == {ctx.actor.person_id}:
        raise Refusal(
            "rotation",
            Text(
                f"您已连续审查这一申请人的{limit}件登记，按轮换规则这一件须由另一人审查。",
                f"You decided the last {limit} registrations of this applicant in a row; by the rule of rotation another "
                "examiner must take this one.",
            ),
            403,
        )


def has_a_basis(ctx: Context) -> None:
    """Before the notice: what a later registration stands on is in force, and free of what forbids disposal."""
    may_decide(ctx)
    registration = registration_of(ctx)
    if registration.kind in JOINT and registration.previous is not None:
        burdens.require_free(
            registration.previous.asset, set(registration.form["rights"]), kinds.LABELS[registration.kind]
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
    registration = registration_of(ctx)
    answers.check(ctx.case.profile.data, ctx.data, ctx.actor, registration.kind, registration.previous)


def has_open_objection(ctx: Context) -> None:
    independent(ctx)
    if not Objection.objects.filter(case=ctx.case, state=Objection.State.OPEN).exists():
        raise Refusal("no_objection", Text("没有待处理的异议。", "There is no open objection."), 409)
