"""The procedure of a project: negotiated one by one, then shares, acceptance and signatures together."""

from __future__ import annotations

from shugang.kernel.forms import Field, Form
from shugang.kernel.procedure import TIMER, ClockSpec, Procedure, Role, State, Transition, register
from shugang.policy.terms import PURPOSES
from shugang.policy.text import Text

from . import effects

CODE = "market.bundle"
BUYER, SUPPLIER = (Role("buyer", "handler"),), (Role("supplier", "handler"),)
METHODS: dict[str, Text] = {
    "own": Text("各得各的报价", "Each supplier keeps his own price"),
    "table": Text("按贡献分配（取值表，Shapley值）", "By contribution (table of values, Shapley)"),
    "metered": Text("按贡献分配（用量）", "By contribution (metered use)"),
}
PROJECT = Form(
    1,
    (
        Field("title", "text", Text("项目名称", "Title"), max_length=120),
        Field("purpose", "choice", Text("用途", "Purpose"), choices=tuple(PURPOSES.items())),
        Field("need", "textarea", Text("融合开发的内容和需求", "What is developed, and what is needed"), max_length=1000),
        Field("products", "textarea", Text("产品编号", "Products"),
              Text("每行一个，至少两家供方，一家一个产品。", "One a line; at least two suppliers, one product each."), max_length=600),
    ),
)  # fmt: skip
SHARES = Form(
    1,
    (
        Field("method", "choice", Text("价款如何分配", "How the price is divided"), choices=tuple(METHODS.items())),
        Field("rows", "json", Text("取值表", "Table of values"),
              Text('按贡献时填写，例：[{"members": ["P-000001", "P-000002"], "value": 100}]。',
                   'For contributions: [{"members": ["P-000001", "P-000002"], "value": 100}].'), required=False, max_length=20_000),
    ),
)  # fmt: skip
WHY = Form(1, (Field("reason", "textarea", Text("理由", "Reason"), max_length=400),))

BUNDLE = register(
    Procedure(
        code=CODE,
        label=Text("融合开发项目", "Project with several suppliers"),
        number_prefix="RH",
        opening=Transition("open", Text("发起项目", "Begin"), (), "negotiating", BUYER, PROJECT, starts=("agreement",), effect=effects.opened),
        states=(
            State("negotiating", Text("分别议价", "Negotiated one by one")),
            State("proposed", Text("待各供方同意分配", "Awaiting consent to the shares")),
            State("signing", Text("一并成交，待签约", "Agreed together, to be signed")),
            State("effective", Text("全部生效", "In force together"), "ok", True),
            State("lapsed", Text("一并失效", "Lapsed together"), "off", True),
            State("cancelled", Text("已取消", "Cancelled"), "off", True),
        ),
        clocks=(ClockSpec("agreement", Text("达成一致的期限", "Agreement"), "agreement", on_expiry="lapse"),),
        transitions=(
            Transition("propose", Text("提出分配", "Propose the shares"), ("negotiating", "proposed"), "proposed", BUYER, SHARES,
                       effect=effects.proposed, optional_in=("proposed",)),
            Transition("consent", Text("同意分配", "Consent"), ("proposed",), "proposed", SUPPLIER, guard=effects.may_consent,
                       effect=effects.consented),
            Transition("accept", Text("一并接受报价", "Accept all quotations"), ("proposed",), "signing", BUYER, stops=("agreement",),
                       guard=effects.ready, effect=effects.accepted,
                       confirm=Text("全部报价一次接受，各出一份合同；一份不成则都不成。",
                                    "All quotations are accepted at once, one contract each; if one fails, all do.")),
            Transition("cancel", Text("取消项目", "Cancel"), ("negotiating", "proposed"), "cancelled", BUYER, WHY, effect=effects.cancelled,
                       danger=True, optional=True),
            Transition("conclude", Text("全部生效", "In force"), ("signing",), "effective", (TIMER,), effect=effects.told),
            Transition("lapse", Text("一并失效", "Lapse"), ("negotiating", "proposed", "signing"), "lapsed", (TIMER,), effect=effects.lapsed),
        ),
        profile="bundle",
        capacities=(("buyer", Text("需方", "Buyer")), ("supplier", Text("供方", "Supplier"))),
        page="/desk/bundles/{}",
    )
)  # fmt: skip
