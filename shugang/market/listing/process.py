"""The procedure of listing: applied for, accepted by the venue, opined on by a third party, decided by a second person."""

from __future__ import annotations

from shugang.kernel.forms import Field, Form
from shugang.kernel.procedure import ClockSpec, Procedure, Role, State, Transition, register
from shugang.policy.text import Text

from . import effects, guards
from .checklist import APPLICATION, OPINION

SUPPLIER = (Role("supplier", "handler"),)
HANDLER = (Role("operator", "handler"),)
DECIDER = (Role("operator", "reviewer"),)
REVIEWER = (Role("reviewer", "signer"),)
WHY = Form(
    1,
    (
        Field("reason", "textarea", Text("理由", "Reason"),
              Text("供方看到的就是这段文字，请一次写全。", "The supplier reads exactly this; list everything at once."), max_length=800),
    ),
)  # fmt: skip
DECISION = Form(1, (Field("opinion", "textarea", Text("意见", "Opinion"), required=False, max_length=800),))

STATES = (
    State("submitted", Text("待受理", "Awaiting acceptance")),
    State("correcting", Text("待补正", "Correction requested"), "warn"),
    State("opinion", Text("待出具合规意见", "Awaiting the compliance opinion")),
    State("deciding", Text("待上架决定", "Awaiting the decision")),
    State("listed", Text("已上架", "Listed"), "ok", True),
    State("rejected", Text("不予上架", "Not listed"), "bad", True),
    State("withdrawn", Text("已撤回", "Withdrawn"), "off", True),
    State("lapsed", Text("逾期未补正，视为未申请", "Lapsed"), "off", True),
)
CLOCKS = (
    ClockSpec("acceptance", Text("受理期限", "Acceptance"), "acceptance"),
    ClockSpec("correction", Text("补正期限", "Correction"), "correction", on_expiry="lapse"),
    ClockSpec("opinion", Text("合规意见期限", "Compliance opinion"), "opinion"),
    ClockSpec("decision", Text("上架决定期限", "Decision"), "decision"),
)
OPENING = Transition(
    "apply", Text("申请上架", "Apply for listing"), (), "submitted", SUPPLIER, APPLICATION, starts=("acceptance",),
    effect=effects.opened,
)  # fmt: skip
STEPS = (
    Transition("accept", Text("受理", "Accept"), ("submitted",), "opinion", HANDLER, stops=("acceptance",), starts=("opinion",),
               guard=guards.independent, effect=effects.told),
    Transition("request_correction", Text("退回补正", "Request correction"), ("submitted",), "correcting", HANDLER, WHY,
               stops=("acceptance",), starts=("correction",), guard=guards.independent, effect=effects.told),
    Transition("return", Text("退回补正", "Request correction"), ("opinion",), "correcting", REVIEWER, WHY,
               stops=("opinion",), starts=("correction",), guard=guards.independent, effect=effects.told),
    Transition("resubmit", Text("提交补正", "Submit the correction"), ("correcting",), "submitted", SUPPLIER, APPLICATION,
               stops=("correction",), starts=("acceptance",), guard=guards.application_holds, effect=effects.corrected),
    Transition("opine", Text("签署合规意见", "Sign the compliance opinion"), ("opinion",), "deciding", REVIEWER, OPINION,
               stops=("opinion",), starts=("decision",), guard=guards.sign_opinion, effect=effects.told,
               confirm=Text("您代表第三方服务机构签名，意见公开，不能修改。", "You sign for the third party; the opinion is public and final.")),
    Transition("refuse_opinion", Text("出具不合规意见", "Opine against it"), ("opinion",), "rejected", REVIEWER, WHY,
               guard=guards.independent, effect=effects.closed, danger=True),
    Transition("list", Text("同意上架", "List"), ("deciding",), "listed", DECIDER, DECISION, distinct_from=("accept",),
               guard=guards.may_be_listed, effect=effects.listed,
               confirm=Text("产品随即公开，可以询价。", "The product is public at once and may be inquired about.")),
    Transition("reject", Text("不予上架", "Do not list"), ("deciding",), "rejected", DECIDER, WHY, distinct_from=("accept",),
               guard=guards.independent, effect=effects.closed, danger=True),
    Transition("withdraw", Text("撤回申请", "Withdraw"), ("submitted", "correcting", "opinion", "deciding"), "withdrawn", SUPPLIER,
               WHY, effect=effects.closed, danger=True, optional=True),
    Transition("lapse", Text("逾期未补正", "Correction overdue"), ("correcting",), "lapsed", (Role("system", "timer"),),
               effect=effects.closed),
)  # fmt: skip

LISTING = register(
    Procedure(
        code="market.listing",
        label=Text("产品上架", "Listing of a product"),
        number_prefix="SJ",
        opening=OPENING,
        states=STATES,
        transitions=STEPS,
        clocks=CLOCKS,
        profile="market",
        capacities=(
            ("supplier", Text("供方", "Supplier")),
            ("operator", Text("运营机构", "Operator")),
            ("reviewer", Text("第三方服务机构", "Third-party reviewer")),
        ),
    )
)
