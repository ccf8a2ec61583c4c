"""Opening a resource to everybody: proposed, signed by the chief data officer, checked by the data office, then downloadable."""

from __future__ import annotations

from shugang.kernel.procedure import TIMER, ClockSpec, Procedure, Role, State, Transition, register
from shugang.policy.text import Text

from . import opening_effects as effects
from .forms import OPEN, SIGN, WHY

HANDLER = (Role("department", "handler"),)
CDO = (Role("department", "chief_data_officer"),)
OFFICE = (Role("office", "reviewer"),)
MAY_STOP = (*CDO, *OFFICE)
REACHES = Text("下载在同一时刻停止。", "Downloads stop at the same moment.")

OPENING = register(
    Procedure(
        code="publicdata.opening",
        label=Text("公共数据开放", "Opening to the public"),
        number_prefix="KF",
        opening=Transition("propose", Text("提出开放", "Propose to open"), (), "signing", HANDLER, OPEN, effect=effects.proposed),
        states=(
            State("signing", Text("待首席数据官签发", "Awaiting the chief data officer")),
            State("checking", Text("待公共数据主管部门审核", "Awaiting the data office")),
            State("open", Text("开放中", "Open"), "ok"),
            State("suspended", Text("已暂停开放", "Suspended"), "warn"),
            State("closed", Text("已停止开放", "Closed"), "off", True),
            State("expired", Text("开放期满", "Expired"), "off", True),
            State("rejected", Text("未开放", "Not opened"), "bad", True),
        ),
        transitions=(
            Transition("sign", Text("签发开放", "Sign the opening"), ("signing",), "checking", CDO, SIGN, starts=("check",),
                       guard=effects.sign, effect=effects.told),
            Transition("reject", Text("不开放", "Do not open"), ("signing", "checking"), "rejected", MAY_STOP, WHY, stops=("check",),
                       effect=effects.ended, danger=True, optional=True),
            Transition("approve", Text("审核通过并开放", "Approve and open"), ("checking",), "open", OFFICE, stops=("check",), starts=("term",),
                       effect=effects.opened, confirm=Text("任何人随即可以下载，每次下载都计量。", "Anybody can download at once; every download is metered.")),
            Transition("refresh", Text("换成最新版本", "Offer the newest version"), ("open",), "open", HANDLER, effect=effects.refreshed, optional=True),
            Transition("suspend", Text("暂停开放", "Suspend"), ("open",), "suspended", MAY_STOP, WHY, effect=effects.suspended, danger=True,
                       optional=True, confirm=REACHES),
            Transition("resume", Text("恢复开放", "Resume"), ("suspended",), "open", MAY_STOP, effect=effects.resumed),
            Transition("close", Text("停止开放", "Close"), ("open", "suspended"), "closed", MAY_STOP, WHY, effect=effects.ended, danger=True,
                       optional=True, confirm=REACHES),
            Transition("expire", Text("开放期满", "Expired"), ("open", "suspended"), "expired", (TIMER,), effect=effects.ended),
        ),
        clocks=(
            ClockSpec("check", Text("审核期限", "Check"), "open_check"),
            ClockSpec("term", Text("开放期限", "Term of opening"), "open_term", "d", on_expiry="expire"),
        ),
        profile="sharing",
        capacities=(("department", Text("提供部门", "Department")), ("office", Text("公共数据主管部门", "Data office"))),
        page="/desk/openings/{}",
    )
)  # fmt: skip
