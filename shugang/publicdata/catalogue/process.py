"""编目: drafted by a department's handler, signed by its chief data officer, examined by the data office, published."""

from __future__ import annotations

from shugang.kernel.forms import Field, Form
from shugang.kernel.procedure import ClockSpec, Procedure, Role, State, Transition, register
from shugang.policy.text import Text

from . import effects, guards
from .forms import WHY

HANDLER = (Role("department", "handler"),)
OFFICER = (Role("department", "chief_data_officer"),)
OFFICE = (Role("office", "reviewer"),)
FILING_KINDS: dict[str, Text] = {
    "new": Text("新增", "New"),
    "change": Text("变更", "Change"),
    "suspension": Text("暂停", "Suspension"),
    "resumption": Text("恢复", "Resumption"),
    "withdrawal": Text("撤销", "Withdrawal"),
}
OPENING = Form(
    1,
    (
        Field("kind", "choice", Text("申报类型", "Kind of filing"), choices=tuple(FILING_KINDS.items())),
        Field("reason", "textarea", Text("理由", "Reason"), required=False, max_length=400),
        Field("source", "text", Text("来源", "Made from"), required=False, max_length=200),
    ),
)
REVISION = Form(
    1,
    (
        Field("resource", "text", Text("目录编号", "Entry"), max_length=20),
        Field("content", "json", Text("目录内容", "Content")),
    ),
)
DROP = Form(1, (Field("resource", "text", Text("目录编号", "Entry"), max_length=20),))

STATES = (
    State("draft", Text("编制中", "In preparation"), "off"),
    State("signing", Text("待首席数据官签署", "Awaiting the chief data officer")),
    State("examining", Text("待主管部门审核", "Awaiting the data office")),
    State("done", Text("已生效", "In force"), "ok", True),
    State("given_up", Text("已撤回", "Given up"), "off", True),
)
STEPS = (
    Transition("revise", Text("修改一条目录", "Edit an entry"), ("draft",), "draft", HANDLER, REVISION, guard=guards.fits, effect=effects.revised,
               optional=True),
    Transition("drop", Text("移出一条目录", "Take an entry out"), ("draft",), "draft", HANDLER, DROP, guard=guards.leaves_some,
               effect=effects.dropped, optional=True),
    Transition("submit", Text("提交首席数据官", "Submit to the chief data officer"), ("draft",), "signing", HANDLER, guard=guards.still_fits,
               effect=effects.told),
    Transition("sign", Text("签署并报送", "Sign and hand in"), ("signing",), "examining", OFFICER, starts=("examine",), guard=guards.still_fits,
               effect=effects.signed, confirm=Text("您代表本部门对目录内容负责，报送后由公共数据主管部门审核。",
                                                   "You answer for the entries on the department's behalf; the data office examines them next.")),
    Transition("return_unsigned", Text("退回经办修改", "Return to the handler"), ("signing",), "draft", OFFICER, WHY, effect=effects.told),
    Transition("approve", Text("审核通过", "Approve"), ("examining",), "done", OFFICE, stops=("examine", "change"), guard=guards.still_fits,
               effect=effects.approved, confirm=Text("通过后随即生效并公开。", "It takes effect and is public at once.")),
    Transition("send_back", Text("退回修改", "Send back"), ("examining",), "draft", OFFICE, WHY, stops=("examine",), effect=effects.told),
    Transition("give_up", Text("撤回申报", "Give up"), ("draft", "signing", "examining"), "given_up", HANDLER, WHY, effect=effects.given_up,
               danger=True, optional=True),
)  # fmt: skip
FILING = register(
    Procedure(
        code="publicdata.filing",
        label=Text("公共数据编目", "Catalogue filing"),
        number_prefix="BM",
        opening=Transition("file", Text("起草申报", "Draft a filing"), (), "draft", HANDLER, OPENING, starts=("change",),
                           effect=effects.opened),
        states=STATES,
        transitions=STEPS,
        clocks=(
            ClockSpec("examine", Text("审核期限", "Examination"), "examine"),
            ClockSpec("change", Text("变更期限", "Change"), "change"),
        ),
        profile="public-catalogue",
        capacities=(("department", Text("提供部门", "Department")), ("office", Text("公共数据主管部门", "Data office"))),
        page="/desk/filings/{}",
    )
)  # fmt: skip
