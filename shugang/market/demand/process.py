"""The procedure of a demand: drafted, reviewed where the rules say so, published; ended by its owner, a deal or the clock."""

from __future__ import annotations

from shugang.kernel.procedure import TIMER, ClockSpec, Procedure, Role, State, Transition, register
from shugang.policy.text import Text

from . import effects, guards
from .forms import FORM, WHY

DEMANDER = (Role("demander", "handler"),)
REVIEWER = (Role("operator", "reviewer"),)
SEEN = Text("需求随即公开，供方可以看到。", "Suppliers see the demand at once.")

STATES = (
    State("draft", Text("草稿", "Draft"), "off"),
    State("reviewing", Text("待运营机构审核", "Awaiting the venue's review")),
    State("published", Text("已发布", "Published"), "ok"),
    State("matched", Text("已成交", "Met by a deal"), "ok", True),
    State("closed", Text("已结束", "Closed"), "off", True),
    State("expired", Text("已到期", "Expired"), "off", True),
    State("withdrawn", Text("已撤回", "Withdrawn"), "off", True),
    State("removed", Text("已由运营机构下架", "Taken down by the venue"), "bad", True),
)
STEPS = (
    Transition("revise", Text("修改草稿", "Edit the draft"), ("draft",), "draft", DEMANDER, FORM, guard=guards.consistent,
               effect=effects.revised, optional=True),
    Transition("publish", Text("发布", "Publish"), ("draft",), "published", DEMANDER, starts=("life",), guard=guards.publishes_freely,
               effect=effects.published, confirm=SEEN),
    Transition("submit", Text("提交审核", "Submit for review"), ("draft",), "reviewing", DEMANDER, starts=("review",),
               guard=guards.is_reviewed, effect=effects.told),
    Transition("approve", Text("审核通过并发布", "Approve and publish"), ("reviewing",), "published", REVIEWER, stops=("review",),
               starts=("life",), guard=guards.still_wanted, effect=effects.published, confirm=SEEN),
    Transition("send_back", Text("退回修改", "Send back"), ("reviewing",), "draft", REVIEWER, WHY, stops=("review",), effect=effects.told),
    Transition("amend", Text("发布新版本", "Publish a new version"), ("published",), "published", DEMANDER, FORM, starts=("life",),
               guard=guards.amends_freely, effect=effects.amended, optional=True),
    Transition("amend_for_review", Text("修改并重新送审", "Amend for another review"), ("published",), "reviewing", DEMANDER, FORM,
               stops=("life",), starts=("review",), guard=guards.amends_for_review, effect=effects.revised, optional=True),
    Transition("match", Text("标为已成交", "Mark as met"), ("published",), "matched", DEMANDER, guard=guards.has_a_deal,
               effect=effects.ended, optional=True, confirm=Text("未答复的邀请随之结束。", "Unanswered invitations end with it.")),
    Transition("close", Text("结束需求", "Close"), ("published",), "closed", DEMANDER, WHY, effect=effects.ended, danger=True, optional=True),
    Transition("withdraw", Text("撤回", "Withdraw"), ("draft", "reviewing", "published"), "withdrawn", DEMANDER, WHY,
               effect=effects.ended, danger=True, optional=True),
    Transition("take_down", Text("下架需求", "Take down"), ("published",), "removed", REVIEWER, WHY, effect=effects.ended, danger=True,
               optional=True),
    Transition("expire", Text("到期", "Expire"), ("published",), "expired", (TIMER,), effect=effects.ended),
)  # fmt: skip
DEMAND = register(
    Procedure(
        code="market.demand",
        label=Text("数据需求", "Data demand"),
        number_prefix="XQ",
        opening=Transition(
            "draft", Text("起草需求", "Draft a demand"), (), "draft", DEMANDER, FORM, effect=effects.opened
        ),
        states=STATES,
        transitions=STEPS,
        clocks=(
            ClockSpec("review", Text("审核期限", "Review"), "review"),
            ClockSpec("life", Text("需求有效期", "Demand open until"), "life", "d", on_expiry="expire"),
        ),
        profile="demand",
        capacities=(("demander", Text("需方", "Buyer")), ("operator", Text("运营机构", "Operator"))),
        page="/desk/demands/{}",
    )
)
