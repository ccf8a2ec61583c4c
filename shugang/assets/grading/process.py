"""The procedures of grading as data: a grading (FJ-), and the lowering of an inherited grade (JJ-).

识别建议 → 人工确认 → 复核 → 生效 (GB/T 43697-2024, chapter 7: steps of grading, review, change).
"""

from __future__ import annotations

from shugang.kernel.forms import Field, Form
from shugang.kernel.procedure import TIMER, Procedure, Role, State, Transition, register
from shugang.policy.text import Text

from . import effects, guards, lowering

HANDLER = (Role("holder", "handler"),)
REVIEWER = (Role("holder", "reviewer"),)
WHY = Form(
    1,
    (
        Field("reason", "textarea", Text("理由", "Reason"),
              Text("写明哪个字段、哪里不对，一次写全。", "Which column, what is wrong; list everything at once.")),
    ),
)  # fmt: skip
OPENING = Form(
    1,
    (
        Field("dataset", "text", Text("数据集", "Dataset"), max_length=20),
        Field("version", "int", Text("版本", "Version"), minimum=1),
    ),
)
OPEN = ("detecting", "confirming", "reviewing")

GRADING = register(
    Procedure(
        code="assets.grading",
        label=Text("数据分级", "Grading of data"),
        number_prefix="FJ",
        opening=Transition("open", Text("开始分级", "Start grading"), (), "detecting", (*HANDLER, Role("holder", "timer")),
                           OPENING, effect=effects.opened),
        states=(
            State("detecting", Text("识别中", "Detecting")),
            State("confirming", Text("待确认", "To be confirmed"), "warn"),
            State("reviewing", Text("待复核", "To be reviewed")),
            State("in_force", Text("已生效", "In force"), "ok"),
            State("superseded", Text("已被替代", "Superseded"), "off", True),
            State("withdrawn", Text("已撤回", "Withdrawn"), "off", True),
        ),
        transitions=(
            Transition("propose", Text("识别完成，给出建议", "Detection done, proposals made"), ("detecting",), "confirming",
                       (TIMER,), effect=effects.told),
            Transition("carry", Text("字段未变，沿用上一版的分级", "Columns unchanged, grades carried over"), ("detecting",),
                       "in_force", (TIMER,), effect=effects.in_force),
            Transition("submit", Text("提交复核", "Submit for review"), ("confirming",), "reviewing", HANDLER,
                       guard=guards.complete, effect=effects.told),
            Transition("return", Text("退回修改", "Return"), ("reviewing",), "confirming", REVIEWER, WHY,
                       guard=guards.second_person, effect=effects.told),
            Transition("approve", Text("复核通过，生效", "Approve"), ("reviewing",), "in_force", REVIEWER,
                       distinct_from=("submit",), guard=guards.second_person, effect=effects.in_force,
                       confirm=Text("分级随即生效；级别升高时，安全审查须重做，有关产品暂停。",
                                    "It takes effect at once; a higher level re-opens the security review and stops products.")),
            Transition("withdraw", Text("撤回", "Withdraw"), OPEN, "withdrawn", HANDLER, WHY, effect=effects.withdrawn,
                       danger=True, optional=True),
            Transition("supersede", Text("被新的分级替代", "Superseded by a new grading"), ("in_force",), "superseded",
                       (TIMER,), effect=effects.superseded),
        ),
        capacities=(("holder", Text("持有方", "Holder")),),
        page="/desk/grading/{}",
    )
)  # fmt: skip

LOWERING = register(
    Procedure(
        code="assets.lowering",
        label=Text("衍生数据降级", "Lowering of a derived grade"),
        number_prefix="JJ",
        opening=Transition("declare", Text("申报变换", "Declare a transformation"), (), "declared", HANDLER,
                           lowering.DECLARATION, effect=lowering.declared),
        states=(
            State("declared", Text("待批准", "Awaiting approval")),
            State("approved", Text("已批准", "Approved"), "ok", True),
            State("refused", Text("未批准", "Not approved"), "bad", True),
            State("withdrawn", Text("已撤回", "Withdrawn"), "off", True),
        ),
        transitions=(
            Transition("approve", Text("批准降级", "Approve"), ("declared",), "approved", (Role("source", "reviewer"),),
                       distinct_from=("declare",), guard=lowering.still_fits, effect=lowering.approved,
                       confirm=Text("批准后，该来源按降级后的级别计算。来源级别再升高时失效。",
                                    "The input then counts for the lower level, until its own level rises.")),
            Transition("refuse", Text("不批准", "Refuse"), ("declared",), "refused", (Role("source", "reviewer"),), WHY,
                       distinct_from=("declare",), effect=lowering.told, danger=True),
            Transition("withdraw", Text("撤回", "Withdraw"), ("declared",), "withdrawn", HANDLER, effect=lowering.told,
                       optional=True),
        ),
        capacities=(("holder", Text("衍生数据持有方", "Holder of the derived data")),
                    ("source", Text("来源数据持有方", "Holder of the input"))),
    )
)  # fmt: skip
