"""The procedure of a trade: asked, quoted, countered, accepted; an accepted quotation becomes a contract to sign."""

from __future__ import annotations

from shugang.kernel.forms import Field, Form
from shugang.kernel.procedure import ClockSpec, Procedure, Role, State, Transition, register
from shugang.policy.terms import PURPOSES
from shugang.policy.text import Text

from . import effects, guards

BUYER = (Role("buyer", "handler"),)
SUPPLIER = (Role("supplier", "handler"),)
INQUIRY = Form(
    1,
    (
        Field("purpose", "choice", Text("用途", "Purpose"), Text("您声明的用途会写入合同和密钥。", "It goes into the contract and the keys."),
              choices=tuple(PURPOSES.items())),
        Field("need", "textarea", Text("需求说明", "What you need"),
              Text("写明字段、范围、用量和期限。例：按站点核验模型，约1万次，12个月。",
                   "Columns, scope, amount and period. Example: model validation by station, about 10,000 calls, 12 months."),
              max_length=1000),
    ),
)  # fmt: skip
QUOTATION = Form(
    1,
    (
        Field("terms", "json", Text("使用条款", "Terms of use"), max_length=20_000),
        Field("plan", "json", Text("计价方案", "Price plan"), max_length=4_000),
        Field("message", "textarea", Text("给对方的话", "Message"), required=False, max_length=800),
    ),
)
WHY = Form(1, (Field("reason", "textarea", Text("理由", "Reason"), max_length=800),))

STATES = (
    State("inquiry", Text("待供方报价", "Awaiting a quotation")),
    State("quoted", Text("待需方答复", "Awaiting the buyer")),
    State("countered", Text("待供方答复", "Awaiting the supplier")),
    State("accepted", Text("已成交，待签约", "Accepted, to be signed"), "ok", True),
    State("declined", Text("供方未接受", "Declined by the supplier"), "off", True),
    State("withdrawn", Text("需方已撤回", "Withdrawn by the buyer"), "off", True),
    State("expired", Text("逾期未答复，已结束", "Ended unanswered"), "off", True),
)
PROCEDURE = Procedure(
    code="market.trade",
    label=Text("询价与议价", "Inquiry and negotiation"),
    number_prefix="XJ",
    opening=Transition("inquire", Text("询价", "Inquire"), (), "inquiry", BUYER, INQUIRY, starts=("reply",), effect=effects.opened),
    states=STATES,
    clocks=(
        ClockSpec("reply", Text("供方答复期限", "Supplier's reply"), "reply", on_expiry="lapse"),
        ClockSpec("answer", Text("报价有效期", "Quotation open until"), "answer", on_expiry="expire"),
    ),
    transitions=(
        Transition("quote", Text("报价", "Quote"), ("inquiry", "countered", "quoted"), "quoted", SUPPLIER, QUOTATION, optional_in=("quoted",),
                   stops=("reply",), starts=("answer",), guard=guards.within_the_offer, effect=effects.quoted),
        Transition("counter", Text("还价", "Counter"), ("quoted",), "countered", BUYER, QUOTATION, stops=("answer",), starts=("reply",),
                   guard=guards.within_the_offer, effect=effects.countered),
        Transition("accept", Text("接受报价", "Accept the quotation"), ("quoted",), "accepted", BUYER, stops=("answer",),
                   guard=guards.still_sound, effect=effects.accepted,
                   confirm=Text("按最新报价生成合同，双方签署后生效。", "A contract is drawn up from the last quotation; it binds once both sign.")),
        Transition("accept_counter", Text("接受还价", "Accept the counter-offer"), ("countered",), "accepted", SUPPLIER, stops=("reply",),
                   guard=guards.still_sound, effect=effects.accepted,
                   confirm=Text("按需方还价生成合同，双方签署后生效。", "A contract is drawn up from the counter-offer; it binds once both sign.")),
        Transition("retract", Text("撤回报价", "Withdraw the quotation"), ("quoted",), "inquiry", SUPPLIER, WHY, stops=("answer",), starts=("reply",),
                   effect=effects.retracted, danger=True, optional=True),
        Transition("decline", Text("不接受", "Decline"), ("inquiry", "countered"), "declined", SUPPLIER, WHY, effect=effects.told, danger=True),
        Transition("withdraw", Text("撤回询价", "Withdraw"), ("inquiry", "quoted", "countered"), "withdrawn", BUYER, WHY,
                   effect=effects.told, danger=True, optional=True),
        Transition("lapse", Text("供方逾期未答复", "Supplier silent"), ("inquiry", "countered"), "expired", (Role("system", "timer"),), effect=effects.told),
        Transition("expire", Text("报价逾期", "Quotation expired"), ("quoted",), "expired", (Role("system", "timer"),), effect=effects.told),
    ),
    profile="market",
    capacities=(("buyer", Text("需方", "Buyer")), ("supplier", Text("供方", "Supplier"))),
    page="/desk/inquiries/{}",
)  # fmt: skip
TRADE = register(PROCEDURE)
