"""What a step of a demand asks beyond duty and state."""

from __future__ import annotations

from shugang.kernel.errors import Refusal
from shugang.kernel.models import Case
from shugang.kernel.procedure import Context
from shugang.parties.models import Party
from shugang.policy.text import Text

from . import forms
from .models import Demand


def demand_of(ctx: Context) -> Demand:
    return Demand.objects.select_related("party", "case").get(case=ctx.case)


def reviews(case: Case) -> bool:
    """Whether the rules that the case began under want a review before publication."""
    return bool(case.profile is not None and case.profile.data.get("review_before_publication"))


def check_buyer(party: Party) -> None:
    """Raises Refusal `buyer_not_active`."""
    if "buyer" not in party.roles:
        raise Refusal(
            "buyer_not_active",
            Text("只有入驻的需方可以发布需求和邀请报价，请先办理需方入驻。",
                 "Only an admitted buyer may publish demands and invite quotations."),
            403,
        )  # fmt: skip


def consistent(ctx: Context) -> None:
    forms.check(ctx.data)


def still_wanted(ctx: Context) -> None:
    """A draft may have lain for weeks: its buyer and its days are looked at again."""
    demand = demand_of(ctx)
    check_buyer(demand.party)
    forms.check(ctx.case.data)


def _refuse_way(reviewed: bool) -> Refusal:
    if reviewed:
        return Refusal("review_required", Text("按现行规则，需求须经运营机构审核后发布，请提交审核。",
                                               "By the rules a demand is reviewed before it is published. Please submit it for review."), 409)  # fmt: skip
    return Refusal(
        "no_review",
        Text("按现行规则，需求不经审核，请直接发布。", "By the rules no review is held. Please publish it."),
        409,
    )


def publishes_freely(ctx: Context) -> None:
    if reviews(ctx.case):
        raise _refuse_way(True)
    still_wanted(ctx)


def is_reviewed(ctx: Context) -> None:
    if not reviews(ctx.case):
        raise _refuse_way(False)
    still_wanted(ctx)


def amends_freely(ctx: Context) -> None:
    if reviews(ctx.case):
        raise _refuse_way(True)
    consistent(ctx)


def amends_for_review(ctx: Context) -> None:
    if not reviews(ctx.case):
        raise _refuse_way(False)
    consistent(ctx)


def came_to_a_deal(demand: Demand) -> bool:
    """Whether an invitation's answer, or one that came uninvited, has been accepted."""
    return any(rows.filter(inquiry__case__state="accepted").exists() for rows in (demand.invitations, demand.responses))


def has_a_deal(ctx: Context) -> None:
    if not came_to_a_deal(demand_of(ctx)):
        raise Refusal(
            "no_deal",
            Text("还没有由这项需求达成的交易。不再需要时请选“结束需求”。",
                 "No deal has come of this demand yet. Close it if it is needed no more."),
            409,
        )  # fmt: skip
