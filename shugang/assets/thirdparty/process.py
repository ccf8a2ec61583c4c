"""The procedure of a service offer: applied for, accepted, decided by a second person, suspended and renewed."""

from __future__ import annotations

from shugang.kernel.procedure import TIMER, ClockSpec, Procedure, Role, State, Transition, register
from shugang.policy.text import Text

from . import effects, guards
from .forms import CHECKED, CORRECTION, OFFER, RENEWAL, WHY

AGENCY = (Role("agency", "handler"),)
HANDLER = (Role("operator", "handler"),)
DECIDER = (Role("operator", "reviewer"),)

STATES = (
    State("submitted", Text("待受理", "Awaiting acceptance")),
    State("correcting", Text("待补正", "Correction requested"), "warn"),
    State("reviewing", Text("待复核", "Under review")),
    State("listed", Text("已公开", "Listed"), "ok"),
    State("renewing", Text("已公开，资质更新待核", "Listed, renewal to be checked"), "ok"),
    State("suspended", Text("已暂停", "Suspended"), "warn"),
    State("rejected", Text("不予公开", "Not listed"), "bad", True),
    State("withdrawn", Text("已撤回", "Withdrawn"), "off", True),
    State("lapsed", Text("逾期未补正，视为未申请", "Lapsed"), "off", True),
    State("ended", Text("已终止", "Ended"), "off", True),
)
CLOCKS = (
    ClockSpec("acceptance", Text("受理期限", "Acceptance"), "acceptance"),
    ClockSpec("correction", Text("补正期限", "Correction"), "correction", on_expiry="lapse"),
    ClockSpec("review", Text("复核期限", "Review"), "review"),
)
OPENING = Transition(
    "apply", Text("申请公开服务", "Apply to list a service"), (), "submitted", AGENCY, OFFER, starts=("acceptance",),
    effect=effects.opened,
)  # fmt: skip
STEPS = (
    Transition("accept", Text("受理", "Accept"), ("submitted",), "reviewing", HANDLER, stops=("acceptance",),
               starts=("review",), guard=guards.apart, effect=effects.told),
    Transition("return", Text("退回补正", "Request correction"), ("submitted", "reviewing"), "correcting", HANDLER, WHY,
               stops=("acceptance", "review"), starts=("correction",), guard=guards.apart, effect=effects.told),
    Transition("resubmit", Text("提交补正", "Submit the correction"), ("correcting",), "submitted", AGENCY, CORRECTION,
               stops=("correction",), starts=("acceptance",), guard=guards.correction_holds, effect=effects.corrected),
    Transition("list", Text("同意公开", "List"), ("reviewing",), "listed", DECIDER, CHECKED, distinct_from=("accept",),
               stops=("review",), guard=guards.may_be_listed, effect=effects.listed,
               confirm=Text("服务随即进入公开目录，可以下单。", "The service is public at once and can be ordered.")),
    Transition("reject", Text("不予公开", "Do not list"), ("reviewing",), "rejected", DECIDER, WHY, distinct_from=("accept",),
               guard=guards.apart, effect=effects.ended, danger=True),
    Transition("withdraw", Text("撤回申请", "Withdraw"), ("submitted", "correcting", "reviewing"), "withdrawn", AGENCY, WHY,
               effect=effects.ended, danger=True, optional=True),
    Transition("lapse", Text("逾期未补正", "Correction overdue"), ("correcting",), "lapsed", (TIMER,), effect=effects.ended),
    Transition("renew", Text("提前更新资质", "Renew the qualification early"), ("listed",), "renewing", AGENCY, RENEWAL,
               starts=("review",), guard=guards.renewal_holds, effect=effects.renewal_filed, optional=True),
    Transition("confirm_renewal", Text("确认资质更新", "Confirm the renewal"), ("renewing",), "listed", DECIDER, CHECKED,
               stops=("review",), guard=guards.renewal_checked, effect=effects.checked),
    Transition("refuse_renewal", Text("不认可资质更新", "Refuse the renewal"), ("renewing",), "listed", DECIDER, WHY,
               stops=("review",), guard=guards.apart, effect=effects.told, danger=True),
    Transition("qualification_lapsed", Text("资质到期，自动暂停", "Qualification lapsed"), ("listed", "renewing"), "suspended",
               (TIMER,), stops=("review",), effect=effects.suspended),
    Transition("suspend", Text("责令暂停", "Suspend by order"), ("listed", "renewing"), "suspended", DECIDER, WHY,
               stops=("review",), guard=guards.apart, effect=effects.suspended, danger=True, optional=True),
    Transition("reapply", Text("更新资质并申请恢复", "Renew and apply to resume"), ("suspended",), "submitted", AGENCY, RENEWAL,
               starts=("acceptance",), guard=guards.renewal_holds, effect=effects.reopened),
    Transition("end", Text("终止服务", "End the service"), ("listed", "suspended"), "ended", AGENCY, WHY, effect=effects.ended,
               danger=True, optional=True,
               confirm=Text("不再接受新的委托，办理中的委托继续。", "No new orders; those under way go on.")),
)  # fmt: skip

SERVICE = register(
    Procedure(
        code="assets.service",
        label=Text("第三方服务公开", "Listing of a service"),
        number_prefix="FW",
        opening=OPENING,
        states=STATES,
        transitions=STEPS,
        clocks=CLOCKS,
        profile="thirdparty",
        capacities=(
            ("agency", Text("第三方服务机构", "Agency")),
            ("operator", Text("运营机构", "Operator")),
        ),
        page="/desk/services/{}",
    )
)
