"""The procedure of an acceptance. The inspection period and whether silence accepts stand in the contract, so they come
with the case; the profile's days are the fallback of contracts that name none."""

from __future__ import annotations

from shugang.kernel.procedure import TIMER, ClockSpec, Procedure, Role, State, Transition, register
from shugang.policy.text import Text

from . import effects, forms, guards
from .forms import WHY

BUYER, BUYER_SIGNS = (Role("buyer", "handler"),), (Role("buyer", "signer"),)
SUPPLIER, SUPPLIER_SIGNS = (Role("supplier", "handler"),), (Role("supplier", "signer"),)
SYSTEM = (TIMER,)
CODE = "market.acceptance"

ACCEPTANCE = register(
    Procedure(
        code=CODE,
        label=Text("验收", "Acceptance of a delivery"),
        number_prefix="YS",
        opening=Transition("open", Text("开始", "Begin"), (), "awaiting", BUYER_SIGNS + SUPPLIER_SIGNS, forms.OPEN),
        states=(
            State("awaiting", Text("待交付", "Awaiting delivery")),
            State("declared", Text("待需方签收", "Awaiting the buyer's receipt")),
            State("inspecting", Text("验收中", "Under inspection")),
            State("objected", Text("有异议，待供方处理", "Objected to; the supplier is to act")),
            State("offered", Text("减价方案待需方答复", "A lower price awaits the buyer")),
            State("accepted", Text("已验收", "Accepted"), "ok", True),
            State("ended", Text("未验收，合同已终止", "Not accepted; the contract has ended"), "off", True),
        ),
        clocks=(ClockSpec("inspection", Text("验收期", "Inspection period"), "inspection", on_expiry="deem",
                          expires_if="silence", agreed="inspection_days"),),
        transitions=(
            Transition("deliver", Text("首次成功取得数据", "First successful use"), ("awaiting",), "inspecting", SYSTEM,
                       starts=("inspection",), effect=effects.delivered),
            Transition("declare", Text("出具交付说明", "State the delivery"), ("awaiting",), "declared", SUPPLIER_SIGNS, forms.DECLARE,
                       guard=guards.declare, effect=effects.told, optional=True,
                       confirm=Text("平台外交付的，列明文件和摘要并签名，由需方核对后签收。",
                                    "For a delivery off the platform: list the files with their digests and sign; the buyer checks and countersigns.")),
            Transition("receive", Text("签收", "Countersign the receipt"), ("declared",), "inspecting", BUYER_SIGNS, forms.RECEIVE,
                       starts=("inspection",), guard=guards.receive, effect=effects.received,
                       confirm=Text("签收表示收到所列文件，验收期随即开始；签收不是验收。",
                                    "A receipt says that the files came; the inspection period begins. It is no acceptance.")),
            Transition("not_received", Text("未收到或不一致", "Not received, or other files"), ("declared",), "awaiting", BUYER + BUYER_SIGNS, WHY,
                       effect=effects.refused),
            Transition("accept", Text("验收合格", "Accept"), ("inspecting",), "accepted", BUYER, stops=("inspection",),
                       effect=effects.accepted, confirm=Text("验收后一次性价款即可出账。", "A one-off price is billed after acceptance.")),
            Transition("object", Text("提出异议", "Object"), ("inspecting",), "objected", BUYER, forms.OBJECT, stops=("inspection",),
                       effect=effects.objected),
            Transition("deem", Text("视为验收", "Deemed accepted"), ("inspecting",), "accepted", SYSTEM, effect=effects.accepted),
            Transition("redeliver", Text("已重新交付", "Delivered again"), ("objected",), "inspecting", SUPPLIER, forms.REDELIVER,
                       starts=("inspection",), effect=effects.redelivered),
            Transition("reduce", Text("提出减价", "Offer a lower price"), ("objected",), "offered", SUPPLIER_SIGNS, forms.REDUCE,
                       guard=guards.reduce, effect=effects.told, optional=True),
            Transition("agree_end", Text("同意终止合同", "Agree to end the contract"), ("objected",), "ended", SUPPLIER_SIGNS, WHY,
                       guard=guards.end_was_asked, effect=effects.ended, danger=True, optional=True,
                       confirm=Text("合同和授权随即终止，未验收的一次性价款不再收取。",
                                    "Contract and grant end at once; a one-off price that was not accepted is not charged.")),
            Transition("withdraw", Text("撤回异议，验收合格", "Withdraw and accept"), ("objected",), "accepted", BUYER, effect=effects.accepted,
                       optional=True, confirm=Text("撤回后视为验收合格。", "With the withdrawal the delivery is accepted.")),
            Transition("take", Text("接受减价并验收", "Take the lower price and accept"), ("offered",), "accepted", BUYER_SIGNS,
                       effect=effects.reduced, confirm=Text("按减少后的价款出账。", "The lower price is billed.")),
            Transition("decline", Text("不接受减价", "Decline"), ("offered",), "objected", BUYER + BUYER_SIGNS, WHY, effect=effects.told),
            Transition("uphold", Text("处理决定：验收合格", "Decided: accepted"), ("inspecting", "objected", "offered"), "accepted", SYSTEM,
                       effect=effects.accepted),
            Transition("close", Text("合同终止，验收结束", "Ended with the contract"),
                       ("awaiting", "declared", "inspecting", "objected", "offered"), "ended", SYSTEM, effect=effects.closed),
        ),
        profile="market",
        capacities=(("buyer", Text("需方", "Buyer")), ("supplier", Text("供方", "Supplier"))),
        page="/desk/acceptances/{}",
    )
)  # fmt: skip
