"""The procedure of the security review as data (数据安全审查, AQ-). Days come from the rule profile `security-review`."""

from __future__ import annotations

from shugang.kernel.forms import Field, Form
from shugang.kernel.procedure import TIMER, ClockSpec, Procedure, Role, State, Transition, register
from shugang.policy.text import Text

from . import effects, guards
from .form import APPLICATION

HOLDER = (Role("holder", "handler"),)
REVIEWER = (Role("operator", "reviewer"),)
WHY = Form(
    1,
    (
        Field("reason", "textarea", Text("理由", "Reason"),
              Text("持有方看到的就是这段文字，请一次写全。", "The holder reads exactly this; list everything at once."), max_length=800),
    ),
)  # fmt: skip
OPINION = Form(
    1,
    (
        Field("opinion", "textarea", Text("审查意见", "Opinion"),
              Text("就级别、个人信息、安全措施各写一句。", "One sentence each on the level, personal information and measures."), max_length=1000),
    ),
)  # fmt: skip

SECURITY_REVIEW = register(
    Procedure(
        code="assets.security_review",
        label=Text("数据安全审查", "Security review of data"),
        number_prefix="AQ",
        opening=Transition("apply", Text("申请安全审查", "Apply for security review"), (), "submitted", HOLDER, APPLICATION,
                           starts=("review",), effect=effects.opened),
        states=(
            State("submitted", Text("审查中", "Under review")),
            State("correcting", Text("待补正", "Correction requested"), "warn"),
            State("passed", Text("已通过", "Passed"), "ok"),
            State("reopened", Text("须重新审查", "To be reviewed again"), "warn"),
            State("refused", Text("不予通过", "Not passed"), "bad", True),
            State("withdrawn", Text("已撤回", "Withdrawn"), "off", True),
        ),
        transitions=(
            Transition("pass", Text("审查通过", "Pass"), ("submitted",), "passed", REVIEWER, OPINION, stops=("review",),
                       guard=guards.may_pass, effect=effects.passed,
                       confirm=Text("通过后这一版数据可以申请上架或授权。", "The version may then be listed or authorised.")),
            Transition("request_correction", Text("退回补正", "Request correction"), ("submitted",), "correcting", REVIEWER,
                       WHY, stops=("review",), starts=("correction",), guard=guards.independent, effect=effects.told),
            Transition("refuse", Text("不予通过", "Do not pass"), ("submitted",), "refused", REVIEWER, WHY,
                       guard=guards.independent, effect=effects.closed, danger=True),
            Transition("resubmit", Text("提交补正", "Submit the correction"), ("correcting", "reopened"), "submitted", HOLDER,
                       APPLICATION, stops=("correction",), starts=("review",), guard=guards.application_holds,
                       effect=effects.corrected),
            Transition("withdraw", Text("撤回", "Withdraw"), ("submitted", "correcting", "reopened"), "withdrawn", HOLDER, WHY,
                       effect=effects.closed, danger=True, optional=True),
            Transition("reopen", Text("条件变化，须重新审查", "Re-opened: what it rested on changed"), ("passed",), "reopened",
                       (TIMER,), effect=effects.reopened),
        ),
        clocks=(
            ClockSpec("review", Text("审查期限", "Review"), "review"),
            ClockSpec("correction", Text("补正期限", "Correction"), "correction"),
        ),
        profile="security-review",
        capacities=(("holder", Text("持有方", "Holder")), ("operator", Text("运营机构", "Operator"))),
        page="/desk/security-reviews/{}",
    )
)  # fmt: skip
