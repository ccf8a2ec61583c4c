"""Admission of a party: applied for by itself, accepted and reviewed by two people of the venue operator."""

from __future__ import annotations

from dataclasses import replace

from shugang.kernel import clock
from shugang.kernel.forms import Field, Form
from shugang.kernel.procedure import ClockSpec, Context, Procedure, Role, State, Transition, register
from shugang.policy.text import Text

from . import checks
from .models import Party

REASON = Form(
    1,
    (
        Field(
            "reason",
            "textarea",
            Text("理由", "Reason"),
            Text(
                "申请人看到的就是这段文字，请一次写全。", "The applicant reads exactly this; list everything at once."
            ),
            max_length=800,
        ),
    ),
)
OPINION = Form(
    1,
    (
        Field(
            "identity_checked",
            "bool",
            Text("已核对营业执照与统一社会信用代码", "Business licence and credit code checked"),
        ),
        Field("opinion", "textarea", Text("意见", "Opinion"), required=False, max_length=800),
    ),
)


IDENTITY = ("name", "name_en", "uscc", "legal_representative", "contact", "telephone", "address", "business")

APPLICATION = Form(
    1,
    (
        Field(
            "name",
            "text",
            Text("机构名称", "Name"),
            Text("与营业执照一致", "As on the business licence"),
            max_length=120,
        ),
        Field("name_en", "text", Text("英文名称", "Name in English"), required=False, max_length=160),
        Field(
            "uscc",
            "text",
            Text("统一社会信用代码", "Unified social credit code"),
            Text("18位，见营业执照", "18 characters, on the business licence"),
            max_length=18,
        ),
        Field(
            "roles",
            "multi",
            Text("申请身份", "Admission as"),
            Text(
                "第三方服务机构、行业协会不能同时是供方",
                "A third-party reviewer or an association may not be a supplier as well",
            ),
            choices=(
                ("supplier", Text("供方（数据商）", "Supplier")),
                ("buyer", Text("需方", "Buyer")),
                ("reviewer", Text("第三方服务机构", "Third-party reviewer")),
                ("association", Text("行业协会", "Trade association")),
            ),
        ),
        Field("legal_representative", "text", Text("法定代表人", "Legal representative"), max_length=60),
        Field("contact", "text", Text("联系人", "Contact"), max_length=60),
        Field("telephone", "text", Text("联系电话", "Telephone"), max_length=30),
        Field("address", "text", Text("地址", "Address"), max_length=200),
        Field("business", "textarea", Text("业务简介", "Business"), required=False),
    ),
)
# Only what was wrong is filled in again; the rest stays as applied for.
CORRECTION = Form(
    1,
    (
        Field("explanation", "textarea", Text("补正说明", "What was corrected"), max_length=800),
        *(replace(field, required=False) for field in APPLICATION.fields),
    ),
)


def _party(context: Context) -> Party:
    member = context.case.parties.get(capacity="applicant")
    return Party.objects.select_for_update().get(pk=member.party_id)


def name_party(context: Context) -> None:
    context.refs.append(("party", _party(context).number))


def check_correction(context: Context) -> None:
    """Raises Refusal `uscc_check`, `party_exists`, `roles_conflict` before anything changes."""
    given = context.data
    if "uscc" in given:
        given["uscc"] = checks.free_code(given["uscc"], _party(context))
    checks.trading_roles(given.get("roles") or context.case.data["roles"])


def correct(context: Context) -> None:
    party = _party(context)
    facts = {k: v for k, v in context.data.items() if k != "explanation" and v}
    context.case.data = {**context.case.data, **facts}
    if "name" in facts:
        context.case.title = facts["name"]
    context.case.save(update_fields=["data", "title"])
    for field in IDENTITY:
        if field in facts:
            setattr(party, field, facts[field])
    party.save()
    context.refs.append(("party", party.number))


def admit(context: Context) -> None:
    party = _party(context)
    for role in context.case.data["roles"]:
        setattr(party, f"is_{role}", True)
    party.status = Party.Status.ACTIVE
    party.admitted_at = clock.now()
    party.save()
    context.refs.append(("party", party.number))
    context.outputs["roles"] = sorted(context.case.data["roles"])


def refuse(context: Context) -> None:
    party = _party(context)
    party.status = Party.Status.EXITED
    party.save(update_fields=["status"])
    context.refs.append(("party", party.number))


ONBOARDING = register(
    Procedure(
        code="parties.onboarding",
        label=Text("机构入驻", "Admission"),
        number_prefix="RZ",
        profile="onboarding",
        capacities=(("applicant", Text("申请机构", "Applicant")), ("operator", Text("运营机构", "Operator"))),
        opening=Transition(
            "apply",
            Text("申请入驻", "Apply"),
            (),
            "submitted",
            (Role("applicant", "manager"),),
            APPLICATION,
            starts=("accept",),
        ),
        states=(
            State("submitted", Text("待受理", "Submitted")),
            State("correction", Text("待补正", "Correction requested"), "warn"),
            State("accepted", Text("复核中", "Under review")),
            State("admitted", Text("已入驻", "Admitted"), "ok", final=True),
            State("rejected", Text("不予入驻", "Not admitted"), "bad", final=True),
            State("withdrawn", Text("已撤回", "Withdrawn"), "off", final=True),
            State("lapsed", Text("逾期未补正，视为未申请", "Lapsed"), "off", final=True),
        ),
        clocks=(
            ClockSpec("accept", Text("受理期限", "Acceptance"), "accept_days"),
            ClockSpec("correct", Text("补正期限", "Correction"), "correct_days", on_expiry="lapse"),
            ClockSpec("review", Text("复核期限", "Review"), "review_days"),
        ),
        transitions=(
            Transition(
                "accept",
                Text("受理", "Accept"),
                ("submitted",),
                "accepted",
                (Role("operator", "handler"),),
                stops=("accept",),
                starts=("review",),
                effect=name_party,
            ),
            Transition(
                "return",
                Text("退回补正", "Request correction"),
                ("submitted", "accepted"),
                "correction",
                (Role("operator", "handler"), Role("operator", "reviewer")),
                REASON,
                stops=("accept", "review"),
                starts=("correct",),
                effect=name_party,
            ),
            Transition(
                "resubmit",
                Text("提交补正", "Submit correction"),
                ("correction",),
                "submitted",
                (Role("applicant", "manager"),),
                CORRECTION,
                stops=("correct",),
                starts=("accept",),
                guard=check_correction,
                effect=correct,
            ),
            Transition(
                "withdraw",
                Text("撤回申请", "Withdraw"),
                ("submitted", "correction"),
                "withdrawn",
                (Role("applicant", "manager"),),
                effect=refuse,
                danger=True,
                optional=True,
            ),
            Transition(
                "lapse",
                Text("逾期未补正", "Correction missed"),
                ("correction",),
                "lapsed",
                (Role("system", "timer"),),
                effect=refuse,
            ),
            Transition(
                "approve",
                Text("通过复核", "Approve"),
                ("accepted",),
                "admitted",
                (Role("operator", "reviewer"),),
                OPINION,
                distinct_from=("accept",),
                effect=admit,
                confirm=Text("该机构随即可以按所申请的身份办理业务", "The party may act in its roles at once"),
            ),
            Transition(
                "reject",
                Text("不予入驻", "Do not admit"),
                ("accepted",),
                "rejected",
                (Role("operator", "reviewer"),),
                REASON,
                distinct_from=("accept",),
                effect=refuse,
                danger=True,
            ),
        ),
    )
)
