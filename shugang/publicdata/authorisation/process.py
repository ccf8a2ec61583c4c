"""The procedures of authorised operation: from the plan to the agreement and its end; and of a bid in its call."""

from __future__ import annotations

from shugang.kernel.procedure import EACH, TIMER, ClockSpec, Procedure, Role, State, Transition, register
from shugang.policy.text import Text

from . import effects, guards
from .forms import BID, NAMED, OPINION, PLAN, SCORE, SIGN, TERMINATE, WHY

HANDLER = (Role("implementer", "handler"),)
AUTHORISER = (Role("authoriser", "reviewer"),)
SCORERS = tuple(Role(c, d) for c in ("authoriser", "implementer") for d in ("reviewer", "analyst"))
SIGNERS = (Role("implementer", "signer"), Role("developer", "signer"))
SELLERS = (Role("developer", "handler"), Role("developer", "signer"))
MAY_STOP = (Role("implementer", "chief_data_officer"), *AUTHORISER)
REACHES = Text("依据这份协议的全部授权在同一时刻停用。", "Every grant under the agreement stops at the same moment.")

STATES = (
    State("reviewing", Text("实施方案待审定", "Plan awaits approval")),
    State("planning", Text("实施方案修改中", "Plan being revised")),
    State("calling", Text("公开征集中", "Call open"), "ok"),
    State("evaluating", Text("评审中", "Under evaluation")),
    State("scored", Text("已评审，待公示", "Evaluated, notice to come")),
    State("notice", Text("结果公示中", "Result in public notice")),
    State("objected", Text("有异议，公示停止计时", "Objection, notice stopped"), "warn"),
    State("contracting", Text("待双方签署协议", "Awaiting both signatures")),
    State("in_force", Text("运营中", "In force"), "ok"),
    State("suspended", Text("已暂停", "Suspended"), "warn"),
    State("failed", Text("未选出", "Nobody selected"), "off", True),
    State("terminated", Text("已终止", "Terminated"), "bad", True),
    State("exited", Text("已退出", "Exited"), "off", True),
    State("expired", Text("期满", "Expired"), "off", True),
)
STEPS = (
    Transition("approve_plan", Text("审定方案并公开征集", "Approve the plan and call"), ("reviewing",), "calling", AUTHORISER, OPINION,
               starts=("call",), guard=guards.plan_stands, effect=effects.told, confirm=Text("征集随即公开。", "The call is public at once.")),
    Transition("return_plan", Text("退回修改", "Send back"), ("reviewing",), "planning", AUTHORISER, WHY, effect=effects.told),
    Transition("revise_plan", Text("修改方案", "Revise the plan"), ("planning",), "reviewing", HANDLER, PLAN, guard=guards.plan_reads,
               effect=effects.revised),
    Transition("end_call", Text("征集截止", "Call closed"), ("calling",), "evaluating", (TIMER,), effect=effects.told),
    Transition("score", Text("评分", "Score"), ("evaluating",), "scored", SCORERS, SCORE, quorum=3, guard=guards.score, effect=effects.scored,
               confirm=Text("至少三人各自评分，互不可见。", "At least three score, each on his own.")),
    Transition("publish_result", Text("公示结果", "Publish the result"), ("scored",), "notice", HANDLER, starts=("notice",),
               guard=guards.somebody_passed, effect=effects.told),
    Transition("hold", Text("异议提出", "Objection filed"), ("notice",), "objected", (TIMER,), pauses=("notice",), effect=effects.told),
    Transition("dismiss", Text("异议不成立", "Dismiss the objection"), ("objected",), "notice", AUTHORISER, OPINION, resumes=("notice",),
               effect=effects.answered),
    Transition("uphold", Text("异议成立，重新评审", "Uphold, evaluate anew"), ("objected",), "evaluating", AUTHORISER, OPINION, stops=("notice",),
               effect=effects.answered),
    Transition("confirm", Text("公示期满", "Notice over"), ("notice",), "contracting", (TIMER,), starts=("signature",), effect=effects.confirmed),
    Transition("sign", Text("签署协议", "Sign the agreement"), ("contracting",), "in_force", SIGNERS, SIGN, quorum=EACH, stops=("signature",),
               guard=guards.sign, effect=effects.in_force, confirm=Text("双方签署后生效，授权随即签发。", "In force once both have signed; the grants are issued.")),
    Transition("lapse", Text("逾期未签署", "Not signed in time"), ("contracting",), "failed", (TIMER,), effect=effects.told),
    Transition("fail", Text("未选出运营机构", "Nobody is selected"), ("evaluating", "scored"), "failed", HANDLER, WHY, effect=effects.failed,
               danger=True, optional=True),
    Transition("name_product", Text("登记上市产品", "Name a product"), ("in_force",), "in_force", SELLERS, NAMED, guard=guards.product_fits,
               effect=effects.product_named, optional=True,
               confirm=Text("协议的上限收费随即对这个产品生效：挂牌、报价、签约都不得超过。", "The agreement's fee cap holds for it from now on: in the asking price, in quotations and in contracts.")),
    Transition("suspend", Text("暂停运营", "Suspend"), ("in_force",), "suspended", MAY_STOP, WHY, effect=effects.suspended, danger=True,
               optional=True, confirm=REACHES),
    Transition("resume", Text("恢复运营", "Resume"), ("suspended",), "in_force", MAY_STOP, effect=effects.resumed),
    Transition("terminate", Text("终止授权", "Terminate"), ("in_force", "suspended"), "terminated", AUTHORISER, TERMINATE, effect=effects.ended,
               danger=True, optional=True, confirm=REACHES),
    Transition("exit", Text("同意退出", "Agree to the exit"), ("in_force", "suspended"), "exited", SIGNERS, WHY, quorum=EACH, effect=effects.ended,
               danger=True, optional=True, confirm=REACHES),
    Transition("expire", Text("协议期满", "Term over"), ("in_force", "suspended"), "expired", (TIMER,), effect=effects.ended),
)  # fmt: skip
OPERATION = register(
    Procedure(
        code="publicdata.operation",
        label=Text("公共数据授权运营", "Authorised operation of public data"),
        number_prefix="SY",
        opening=Transition("plan", Text("提出实施方案", "Submit a plan"), (), "reviewing", HANDLER, PLAN, effect=effects.planned),
        states=STATES,
        transitions=STEPS,
        clocks=(
            ClockSpec("call", Text("征集期限", "Call"), "call", on_expiry="end_call"),
            ClockSpec("notice", Text("公示期", "Notice"), "notice", on_expiry="confirm"),
            ClockSpec("signature", Text("签署期限", "Signature"), "signature", on_expiry="lapse"),
        ),
        profile="operation",
        capacities=(
            ("authoriser", Text("授权主体", "Authorising body")),
            ("implementer", Text("实施机构", "Implementing body")),
            ("developer", Text("一级开发主体（运营机构）", "Primary developer")),
        ),
        page="/desk/operations/{}",
    )
)  # fmt: skip
BIDDING = register(
    Procedure(
        code="publicdata.operation_bid",
        label=Text("授权运营申请", "Bid for an authorised operation"),
        number_prefix="TB",
        opening=Transition("bid", Text("提交申请", "Bid"), (), "submitted", (Role("applicant", "handler"),), BID, effect=effects.bid_made),
        states=(
            State("submitted", Text("已提交", "Submitted")),
            State("selected", Text("已选定", "Selected"), "ok", True),
            State("not_selected", Text("未选定", "Not selected"), "off", True),
            State("withdrawn", Text("已撤回", "Withdrawn"), "off", True),
            State("disqualified", Text("不符合条件", "Disqualified"), "bad", True),
        ),
        transitions=(
            Transition("withdraw", Text("撤回申请", "Withdraw"), ("submitted",), "withdrawn", (Role("applicant", "handler"),), WHY,
                       guard=guards.call_is_open, effect=effects.bid_ended, danger=True, optional=True),
            Transition("disqualify", Text("认定不符合条件", "Disqualify"), ("submitted",), "disqualified", HANDLER, WHY, guard=guards.not_yet_scored,
                       effect=effects.bid_ended, danger=True, optional=True),
            Transition("select", Text("选定", "Selected"), ("submitted",), "selected", (TIMER,)),
            Transition("pass_over", Text("未选定", "Not selected"), ("submitted",), "not_selected", (TIMER,), effect=effects.bid_ended),
        ),
        profile="operation",
        capacities=(("applicant", Text("申请人", "Applicant")), ("implementer", Text("实施机构", "Implementing body"))),
        page="/desk/operation-bids/{}",
    )
)  # fmt: skip
