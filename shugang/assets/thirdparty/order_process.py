"""The procedure of an order: requested, quoted or accepted, worked on, a signed report, inspection, objection, dispute."""

from __future__ import annotations

from shugang.kernel.procedure import TIMER, ClockSpec, Procedure, Role, State, Transition, register
from shugang.policy.text import Text

from . import order_effects as effects
from . import order_guards as guards
from .forms import ASK, GIVE, NOTE, ORDER, QUOTE, REPORT, SIGN, WHY

CLIENT = (Role("client", "handler"),)
AGENCY = (Role("agency", "handler"),)
SIGNER = (Role("agency", "signer"),)
HOLDER = (Role("holder", "handler"),)
MEDIATOR = (Role("operator", "reviewer"),)
UNDER_WAY = ("working", "access", "drafted")

STATES = (
    State("requested", Text("待机构答复", "Awaiting the agency")),
    State("quoted", Text("待委托方确认报价", "Awaiting the client")),
    State("working", Text("办理中", "In work")),
    State("access", Text("待提供数据", "Awaiting access to data"), "warn"),
    State("drafted", Text("报告待签署", "Report to be signed")),
    State("delivered", Text("待验收", "Under inspection")),
    State("objected", Text("委托方有异议", "Objected to"), "warn"),
    State("disputed", Text("争议处理中", "In dispute"), "warn"),
    State("completed", Text("已完成", "Completed"), "ok", True),
    State("declined", Text("机构不承接", "Declined"), "off", True),
    State("cancelled", Text("未成立", "Not concluded"), "off", True),
    State("terminated", Text("已解除", "Terminated"), "bad", True),
)
CLOCKS = (
    ClockSpec("answer", Text("答复期限", "Answer"), "answer"),
    ClockSpec("confirm", Text("确认期限", "Confirmation"), "confirm", on_expiry="quote_lapses"),
    ClockSpec("work", Text("办理期限", "Work"), "work"),
    ClockSpec("access", Text("提供数据期限", "Access to data"), "access"),
    ClockSpec("inspection", Text("验收期限", "Inspection"), "inspection", on_expiry="confirm_by_silence"),
    ClockSpec("reply", Text("异议答复期限", "Reply to the objection"), "reply", on_expiry="escalate"),
    ClockSpec("rework", Text("修改期限", "Rework"), "rework"),
    ClockSpec("dispute", Text("争议处理期限", "Dispute"), "dispute"),
)
OPENING = Transition(
    "request", Text("委托服务", "Order a service"), (), "requested", CLIENT, ORDER, starts=("answer",), effect=effects.opened,
)  # fmt: skip
STEPS = (
    Transition("accept", Text("按公开价承接", "Accept at the listed price"), ("requested",), "working", AGENCY, stops=("answer",),
               starts=("work",), guard=guards.may_accept, effect=effects.engaged,
               confirm=Text("您确认与委托方、数据持有方没有利害关系。", "You confirm that you are independent of client and holder.")),
    Transition("quote", Text("报价", "Quote"), ("requested",), "quoted", AGENCY, QUOTE, stops=("answer",), starts=("confirm",),
               guard=guards.may_quote, effect=effects.quoted),
    Transition("decline", Text("不承接", "Decline"), ("requested",), "declined", AGENCY, WHY, effect=effects.not_engaged),
    Transition("agree", Text("同意报价", "Agree to the quotation"), ("quoted",), "working", CLIENT, stops=("confirm",),
               starts=("work",), guard=guards.may_engage, effect=effects.engaged),
    Transition("cancel", Text("取消委托", "Cancel"), ("requested", "quoted"), "cancelled", CLIENT, WHY,
               effect=effects.not_engaged, danger=True, optional=True),
    Transition("quote_lapses", Text("报价逾期未确认", "Quotation not confirmed"), ("quoted",), "cancelled", (TIMER,),
               effect=effects.not_engaged),
    Transition("ask_access", Text("申请读取数据", "Ask for access to the data"), ("working",), "access", AGENCY, ASK,
               pauses=("work", "rework"), starts=("access",), guard=guards.has_data, effect=effects.access_asked,
               optional=True),
    Transition("give_access", Text("提供数据", "Give access"), ("access",), "working", HOLDER, GIVE, stops=("access",),
               resumes=("work", "rework"), effect=effects.access_given,
               confirm=Text("数据只按授权提供给这家机构用于评估，委托结束时授权同时终止。",
                            "The data goes to this agency under a grant, for assessment only; it ends with the order.")),
    Transition("refuse_access", Text("不提供数据", "Refuse access"), ("access",), "working", HOLDER, WHY, stops=("access",),
               resumes=("work", "rework"), effect=effects.told),
    Transition("draft", Text("提交报告稿", "Submit the report"), ("working",), "drafted", AGENCY, REPORT,
               guard=guards.report_holds, effect=effects.drafted),
    Transition("sign", Text("签署并交付报告", "Sign and deliver the report"), ("drafted",), "delivered", SIGNER, SIGN,
               stops=("work", "rework"), starts=("inspection",), guard=guards.may_sign, effect=effects.signed,
               confirm=Text("您代表机构签名，签名覆盖报告文件和结论，不能修改。",
                            "You sign for the agency; the signature covers file and conclusion and is final.")),
    Transition("reopen", Text("退回修改", "Return to the author"), ("drafted",), "working", SIGNER, WHY, effect=effects.told),
    Transition("confirm", Text("验收通过", "Accept the report"), ("delivered",), "completed", CLIENT, NOTE,
               stops=("inspection",), effect=effects.completed),
    Transition("confirm_by_silence", Text("逾期未提异议，视为验收", "Accepted by silence"), ("delivered",), "completed", (TIMER,),
               effect=effects.completed),
    Transition("object", Text("提出异议", "Object"), ("delivered",), "objected", CLIENT, WHY, stops=("inspection",),
               starts=("reply",), effect=effects.objected, danger=True),
    Transition("rework", Text("接受异议，修改报告", "Grant it and rework"), ("objected",), "working", AGENCY, stops=("reply",),
               starts=("rework",), effect=effects.reworking),
    Transition("maintain", Text("维持报告，提请处理", "Maintain the report"), ("objected",), "disputed", SIGNER, WHY,
               stops=("reply",), starts=("dispute",), effect=effects.disputed),
    Transition("escalate", Text("逾期未答复，转争议处理", "No reply, to dispute"), ("objected",), "disputed", (TIMER,),
               starts=("dispute",), effect=effects.disputed),
    Transition("uphold", Text("异议成立，撤销报告", "Uphold the objection"), ("disputed",), "terminated", MEDIATOR, WHY,
               guard=guards.apart, effect=effects.upheld, danger=True),
    Transition("dismiss", Text("异议不成立，报告有效", "Dismiss the objection"), ("disputed",), "completed", MEDIATOR, WHY,
               guard=guards.apart, effect=effects.completed),
    Transition("withdraw", Text("委托方解除", "Terminate by the client"), UNDER_WAY, "terminated", CLIENT, WHY,
               effect=effects.terminated, danger=True, optional=True),
    Transition("resign", Text("机构辞任", "Resign"), (*UNDER_WAY, "objected"), "terminated", AGENCY, WHY,
               effect=effects.resigned, danger=True, optional=True),
)  # fmt: skip

ENGAGEMENT = register(
    Procedure(
        code="assets.order",
        label=Text("第三方服务委托", "Order of a service"),
        number_prefix="WT",
        opening=OPENING,
        states=STATES,
        transitions=STEPS,
        clocks=CLOCKS,
        profile="thirdparty",
        capacities=(
            ("client", Text("委托方", "Client")),
            ("agency", Text("第三方服务机构", "Agency")),
            ("holder", Text("数据持有方", "Holder of the data")),
            ("operator", Text("运营机构", "Operator")),
        ),
        page="/desk/orders/{}",
    )
)
