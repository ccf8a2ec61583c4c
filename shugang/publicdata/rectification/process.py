"""The procedure of rectification (异议与整改, ZG-). Days come from the rule profile `rectification`.

DB3208/T 219-2024: 提出、受理、异议标注、核实处理、标注撤销、归档、监督.
"""

from __future__ import annotations

from shugang.kernel.forms import Field, Form
from shugang.kernel.procedure import TIMER, ClockSpec, Procedure, Role, State, Transition, register
from shugang.policy.text import Text

from . import effects

REPORTER = tuple(Role("reporter", duty) for duty in ("handler", "engineer", "analyst", "reviewer"))
DEPARTMENT = (Role("department", "handler"),)
CHIEF = (Role("department", "chief_data_officer"),)
OFFICE = (Role("data_office", "reviewer"),)
WHY = Form(1, (Field("reason", "textarea", Text("理由", "Reason"), Text("提出方看到的就是这段文字。", "Who raised it reads exactly this."), max_length=800),))  # fmt: skip
DONE = Form(
    1,
    (
        Field("cause", "textarea", Text("原因", "Cause"), Text("例：街道撤并后未更新。", "For example: not updated after streets were merged."), max_length=400),
        Field("measure", "textarea", Text("整改措施", "What was done"), Text("写明改了什么，以后怎样避免。", "What was corrected, and how it will not recur."), max_length=800),
    ),
)  # fmt: skip
CLOCKS = ("acceptance", "check", "rectification", "closing")

RECTIFICATION = register(
    Procedure(
        code="publicdata.rectification",
        label=Text("异议与整改", "Objection and rectification"),
        number_prefix="ZG",
        opening=Transition("report", Text("提出", "Report"), (), "opened", REPORTER, starts=("acceptance",)),
        states=(
            State("opened", Text("待受理", "To be accepted"), "warn"),
            State("accepted", Text("已受理，核实中", "Accepted, being checked")),
            State("in_progress", Text("整改中", "Being put right")),
            State("submitted", Text("已提交，自动复核中", "Submitted, being checked again")),
            State("reverified", Text("复核通过", "Passed its re-check"), "ok"),
            State("reopened", Text("复核未过，重新整改", "Re-opened"), "bad"),
            State("closed", Text("已办结", "Closed"), "ok", True),
            State("rejected", Text("不予整改", "Rejected"), "off", True),
        ),
        transitions=(
            Transition("accept", Text("受理", "Accept"), ("opened",), "accepted", DEPARTMENT, stops=("acceptance",), starts=("check",)),
            Transition("begin", Text("开始整改", "Begin to put right"), ("accepted", "reopened"), "in_progress", DEPARTMENT,
                       stops=("check",), starts=("rectification",)),
            Transition("submit", Text("提交整改结果", "Submit the result"), ("in_progress",), "submitted", DEPARTMENT, DONE,
                       stops=("rectification",), guard=effects.on_a_new_version, effect=effects.submitted,
                       confirm=Text("系统在新的数据版本上自动复核。", "The platform checks the new version by itself.")),
            Transition("pass", Text("自动复核通过", "Re-check passed"), ("submitted",), "reverified", (TIMER,), starts=("closing",)),
            Transition("fail", Text("自动复核未通过", "Re-check failed"), ("submitted",), "reopened", (TIMER,), starts=("rectification",)),
            Transition("close", Text("办结", "Close"), ("reverified",), "closed", OFFICE, stops=("closing",), guard=effects.rechecked,
                       effect=effects.ended, confirm=Text("异议标注随即撤销。", "The objection mark goes at once.")),
            Transition("reopen", Text("退回重新整改", "Send back"), ("reverified",), "reopened", OFFICE, WHY, stops=("closing",),
                       starts=("rectification",), optional=True),
            Transition("reject", Text("核实无误，不予整改", "Nothing is wrong: reject"), ("opened", "accepted", "reopened"), "rejected", CHIEF, WHY,
                       stops=("acceptance", "check"), effect=effects.ended, danger=True, optional=True,
                       confirm=Text("首席数据官对此负责，数据主管部门可见。", "The chief data officer answers for it; the data office sees it.")),
        ),
        clocks=(
            ClockSpec("acceptance", Text("受理期限", "Acceptance"), "acceptance"),
            ClockSpec("check", Text("核实期限", "Check"), "check"),
            ClockSpec("rectification", Text("整改期限", "Rectification"), "rectification"),
            ClockSpec("closing", Text("办结期限", "Closing"), "closing"),
        ),
        profile="rectification",
        capacities=(("reporter", Text("提出方", "Who raised it")), ("department", Text("责任部门", "Department in charge")),
                    ("data_office", Text("数据主管部门", "Data office"))),
        page="/desk/rectification/{}",
    )
)  # fmt: skip
