"""How a department becomes the source of a datum (源头确定, LY-): claimed, signed by its chief data officer, decided by the
data office. Days come from the rule profile `one-source`."""

from __future__ import annotations

from shugang.kernel.forms import Field, Form
from shugang.kernel.procedure import ClockSpec, Procedure, Role, State, Transition, register
from shugang.policy.text import Text

from . import effects

CLAIMANT = (Role("claimant", "handler"),)
CHIEF = (Role("claimant", "chief_data_officer"),)
OFFICE = (Role("data_office", "reviewer"),)
CLAIM = Form(
    1,
    (
        Field("element", "text", Text("数据元代码", "Code of the element"), Text("例：DE00001。目录信息项上的代码。", "For example DE00001, as on the catalogue's items."), max_length=20),
        Field("name", "text", Text("数据元名称", "Name of the element"), Text("例：婚姻登记日期。", "For example date of marriage."), max_length=120),
        Field("region", "text", Text("行政区划代码", "Code of the region"), Text("六位，例：350200。", "Six digits, for example 350200."), max_length=12),
        Field("basis", "textarea", Text("依据", "Basis"), Text("写明法定职责：法规名称、文号和条款。", "Your duty by law: its name, document number and article."), max_length=400),
        Field("valid_from", "date", Text("自何日起", "From")),
    ),
)  # fmt: skip
WHY = Form(1, (Field("reason", "textarea", Text("理由", "Reason"), Text("申请部门看到的就是这段文字。", "The department reads exactly this."), max_length=400),))  # fmt: skip

DESIGNATION = register(
    Procedure(
        code="publicdata.designation",
        label=Text("数源确定", "Designation of a source"),
        number_prefix="LY",
        opening=Transition("claim", Text("申报为源头部门", "Claim to be the source"), (), "claimed", CLAIMANT, CLAIM),
        states=(
            State("claimed", Text("待首席数据官签署", "To be signed by the chief data officer")),
            State("signed", Text("待数据主管部门决定", "With the data office")),
            State("designated", Text("已确定", "Designated"), "ok", True),
            State("refused", Text("未确定", "Not designated"), "bad", True),
            State("withdrawn", Text("已撤回", "Withdrawn"), "off", True),
        ),
        transitions=(
            Transition("sign", Text("首席数据官签署", "Sign as chief data officer"), ("claimed",), "signed", CHIEF, starts=("decision",),
                       distinct_from=("claim",), confirm=Text("签署后报数据主管部门决定。", "Once signed, the data office decides.")),
            Transition("designate", Text("确定为源头部门", "Designate"), ("signed",), "designated", OFFICE, stops=("decision",),
                       effect=effects.designated, confirm=Text("其他部门此后只能引用，不再采集。", "Other departments then refer to it and collect it no more.")),
            Transition("refuse", Text("不予确定", "Do not designate"), ("signed",), "refused", OFFICE, WHY, stops=("decision",),
                       effect=effects.closed, danger=True),
            Transition("withdraw", Text("撤回申报", "Withdraw"), ("claimed", "signed"), "withdrawn", CLAIMANT, WHY, effect=effects.closed,
                       danger=True, optional=True),
        ),
        clocks=(ClockSpec("decision", Text("决定期限", "Decision"), "decision"),),
        profile="one-source",
        capacities=(("claimant", Text("申报部门", "Claimant")), ("data_office", Text("数据主管部门", "Data office"))),
    )
)  # fmt: skip
