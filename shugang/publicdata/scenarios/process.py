"""The procedures of scenarios: a call, the approval of a class, and an application inside it."""

from __future__ import annotations

from shugang.kernel.procedure import EACH, TIMER, ClockSpec, Procedure, Role, State, Transition, register
from shugang.policy.text import Text

from . import effects, guards
from .forms import CALL, CLASS, FINISH, LISTING, OPINION, SIGN, USE, WHY

MOST = 4
PROVIDERS = tuple(f"provider{n}" for n in range(1, MOST + 1))
CDOS = tuple(Role(p, "chief_data_officer") for p in PROVIDERS)
CLERK, RULER = (Role("office", "handler"),), (Role("office", "reviewer"),)
APPLICANT = (Role("applicant", "handler"),)
REACHES = Text("这类场景下的全部授权在同一时刻停用。", "Every grant under the class stops at the same moment.")
STOPS = Text(
    "授权在同一时刻停用；融合项目中私有一侧的授权一并停用。",
    "The grants stop at the same moment, those of the private side of a joint project too.",
)

CALLING = register(
    Procedure(
        code="publicdata.scenario_call",
        label=Text("应用场景征集", "Call for scenarios"),
        number_prefix="ZJ",
        opening=Transition("publish", Text("发布征集", "Publish a call"), (), "open", CLERK, CALL, starts=("call",), effect=effects.call_published),
        states=(
            State("open", Text("征集中", "Open"), "ok"),
            State("closed", Text("已截止", "Closed"), "off", True),
        ),
        transitions=(
            Transition("close", Text("提前截止", "Close early"), ("open",), "closed", CLERK, WHY, danger=True, optional=True),
            Transition("end", Text("到期截止", "Closed at its end"), ("open",), "closed", (TIMER,)),
        ),
        clocks=(ClockSpec("call", Text("征集期限", "Call"), "call", on_expiry="end"),),
        profile="scenario",
        capacities=(("office", Text("公共数据主管部门", "Data office")),),
        page="/desk/scenario-calls/{}",
    )
)  # fmt: skip
APPROVAL = register(
    Procedure(
        code="publicdata.scenario_class",
        label=Text("场景类别审定", "Approval of a scenario class"),
        number_prefix="SD",
        opening=Transition("propose", Text("提出审定", "Propose"), (), "consulting", CLERK, CLASS, starts=("consent",), effect=effects.class_proposed),
        states=(
            State("consulting", Text("待提供部门首席数据官签署", "Awaiting the departments' chief data officers")),
            State("deciding", Text("待审定", "Awaiting the decision")),
            State("approved", Text("已审定", "Approved"), "ok"),
            State("suspended", Text("已暂停", "Suspended"), "warn"),
            State("revoked", Text("已撤销", "Revoked"), "bad", True),
            State("expired", Text("已到期", "Expired"), "off", True),
            State("rejected", Text("未审定", "Not approved"), "bad", True),
        ),
        transitions=(
            Transition("consent", Text("签署同意", "Sign the consent"), ("consulting",), "deciding", CDOS, SIGN, quorum=EACH, stops=("consent",),
                       starts=("decision",), guard=guards.sign, effect=effects.told),
            Transition("object", Text("不同意", "Do not consent"), ("consulting",), "rejected", CDOS, WHY, effect=effects.told, danger=True,
                       optional=True),
            Transition("approve", Text("审定", "Approve"), ("deciding",), "approved", RULER, OPINION, distinct_from=("propose",), stops=("decision",),
                       starts=("term",), guard=guards.data_stands, effect=effects.approved,
                       confirm=Text("此后同类申请只做简化审查。", "From then on applications of the class get a simplified review.")),
            Transition("reject", Text("不予审定", "Do not approve"), ("deciding",), "rejected", RULER, WHY, stops=("decision",), effect=effects.told,
                       danger=True),
            Transition("suspend", Text("暂停这类场景", "Suspend the class"), ("approved",), "suspended", (*RULER, *CDOS), WHY,
                       effect=effects.class_suspended, danger=True, optional=True, confirm=REACHES),
            Transition("resume", Text("恢复这类场景", "Resume the class"), ("suspended",), "approved", RULER, effect=effects.class_resumed),
            Transition("revoke", Text("撤销审定", "Revoke the approval"), ("approved", "suspended"), "revoked", RULER, WHY,
                       effect=effects.class_revoked, danger=True, optional=True, confirm=REACHES),
            Transition("expire", Text("审定到期", "Expired"), ("approved", "suspended"), "expired", (TIMER,), effect=effects.class_revoked),
        ),
        clocks=(
            ClockSpec("consent", Text("部门签署期限", "Departments' consent"), "consent"),
            ClockSpec("decision", Text("审定期限", "Decision"), "decision"),
            ClockSpec("term", Text("审定有效期", "Term of the approval"), "class_term", "d", on_expiry="expire"),
        ),
        profile="scenario",
        capacities=(
            ("office", Text("公共数据主管部门", "Data office")),
            *((p, Text(f"提供部门{n}", f"Department {n}")) for n, p in enumerate(PROVIDERS, start=1)),
        ),
        page="/desk/scenario-classes/{}",
    )
)  # fmt: skip
USING = register(
    Procedure(
        code="publicdata.scenario",
        label=Text("场景应用申请", "Application of a scenario"),
        number_prefix="CJ",
        opening=Transition("apply", Text("申请应用", "Apply"), (), "reviewing", APPLICANT, USE, starts=("review",), effect=effects.use_asked),
        states=(
            State("reviewing", Text("待简化审查", "Awaiting the simplified review")),
            State("in_use", Text("使用中", "In use"), "ok"),
            State("suspended", Text("已暂停使用", "Suspended"), "warn"),
            State("finished", Text("已完成", "Finished"), "ok", True),
            State("rejected", Text("未通过", "Not approved"), "bad", True),
            State("stopped", Text("已停止使用", "Stopped"), "bad", True),
            State("expired", Text("已到期", "Expired"), "off", True),
            State("withdrawn", Text("已撤回", "Withdrawn"), "off", True),
        ),
        transitions=(
            Transition("approve", Text("核对无误，批准使用", "Checked, approve"), ("reviewing",), "in_use", (*CLERK, *RULER), OPINION, stops=("review",),
                       starts=("term",), guard=guards.still_inside, effect=effects.use_granted,
                       confirm=Text("为这次使用单独签发授权；融合项目的，公共与私有两侧的授权从此同存同停。",
                                    "A grant is issued for this use alone; of a joint project the grants of both sides stand and fall together from then on.")),
            Transition("reject", Text("不予批准", "Do not approve"), ("reviewing",), "rejected", (*CLERK, *RULER), WHY, stops=("review",),
                       effect=effects.use_told, danger=True),
            Transition("withdraw", Text("撤回申请", "Withdraw"), ("reviewing",), "withdrawn", APPLICANT, WHY, effect=effects.use_told, danger=True,
                       optional=True),
            Transition("list", Text("登记已上架的应用", "Name the listed application"), ("in_use",), "in_use", APPLICANT, LISTING,
                       guard=guards.listed_application, effect=effects.use_listed, optional=True),
            Transition("suspend", Text("暂停使用", "Suspend"), ("in_use",), "suspended", RULER, WHY, effect=effects.use_suspended, danger=True,
                       optional=True, confirm=STOPS),
            Transition("resume", Text("恢复使用", "Resume"), ("suspended",), "in_use", RULER, effect=effects.use_resumed),
            Transition("stop", Text("停止使用", "Stop"), ("in_use", "suspended"), "stopped", RULER, WHY, effect=effects.use_ended, danger=True,
                       optional=True, confirm=STOPS),
            Transition("finish", Text("完成并报告成效", "Finish and report"), ("in_use", "suspended"), "finished", APPLICANT, FINISH,
                       effect=effects.use_finished, optional=True, confirm=STOPS),
            Transition("expire", Text("使用到期", "Expired"), ("in_use", "suspended"), "expired", (TIMER,), effect=effects.use_ended),
        ),
        clocks=(
            ClockSpec("review", Text("简化审查期限", "Simplified review"), "review"),
            ClockSpec("term", Text("使用期限", "Term of use"), "use_term", "d", on_expiry="expire", agreed="days"),
        ),
        profile="scenario",
        capacities=(("applicant", Text("二级开发主体", "Secondary developer")), ("office", Text("公共数据主管部门", "Data office"))),
        page="/desk/scenarios/{}",
    )
)  # fmt: skip
