"""The procedure of an announcement. Bidding is no procedure: bids stand in tables of their own (`sealed.py`)."""

from __future__ import annotations

from shugang.kernel.forms import Field, Form
from shugang.kernel.procedure import TIMER, Procedure, Role, State, Transition, register
from shugang.policy.text import Text

from . import effects, guards

CODE = "market.auction"
HANDLER, SIGNER = (Role("supplier", "handler"),), (Role("supplier", "signer"),)
VENUE = (Role("operator", "reviewer"),)
_TIME = Text("平台所在地时间，写作2026-12-01 09:00。", "Local time of the platform, written 2026-12-01 09:00.")
ANNOUNCEMENT = Form(
    1,
    (
        Field("terms", "json", Text("独占许可的使用条款", "Terms of the exclusive licence"),
              Text("公告后不再变动，成交合同照此生成。", "Fixed by the announcement; the contract is drawn up from them."), max_length=20_000),
        Field("reserve", "money", Text("底价（含税）", "Reserve (tax included)"),
              Text("公开。没有报价达到底价即流拍。", "Public. Without a bid that reaches it the auction fails."), minimum=1),
        Field("deposit", "money", Text("保证金", "Deposit"),
              Text("底价的1%至20%；封标不开标、中标不签约的，保证金不退。",
                   "1% to 20% of the reserve; forfeited by whoever does not open his bid, or wins and does not sign."), minimum=1),
        Field("opens_at", "text", Text("开始报价", "Bidding opens"), _TIME, max_length=25),
        Field("closes_at", "text", Text("截止报价", "Bidding closes"), _TIME, max_length=25),
        Field("reveals_until", "text", Text("开标截止", "Bids opened until"), _TIME, max_length=25),
        Field("note", "textarea", Text("说明", "Note"), required=False, max_length=1000),
    ),
)  # fmt: skip
WHY = Form(1, (Field("reason", "textarea", Text("理由", "Reason"), max_length=400),))

AUCTION = register(
    Procedure(
        code=CODE,
        label=Text("独占许可竞价", "Auction of an exclusive licence"),
        number_prefix="JP",
        opening=Transition("draft", Text("起草公告", "Draft"), (), "draft", HANDLER, ANNOUNCEMENT, effect=effects.drafted),
        states=(
            State("draft", Text("起草中", "Draft"), "off"),
            State("published", Text("已公告，未开始", "Announced"), "run"),
            State("open", Text("报价中", "Open for sealed bids"), "run"),
            State("revealing", Text("开标中", "Bids are being opened"), "run"),
            State("awarded", Text("已定标，待签约", "Awarded, to be signed"), "warn"),
            State("concluded", Text("已签约成交", "Concluded"), "ok", True),
            State("failed", Text("流拍", "Failed"), "off", True),
            State("cancelled", Text("已取消", "Cancelled"), "off", True),
        ),
        transitions=(
            Transition("revise", Text("修改公告", "Revise"), ("draft",), "draft", HANDLER, ANNOUNCEMENT, effect=effects.revised, optional=True),
            Transition("publish", Text("发布公告", "Publish"), ("draft",), "published", SIGNER, guard=guards.publishable, effect=effects.published,
                       confirm=Text("公告后条款、底价和时间不再变动；该数据资产在竞价期间不与其他人成交。",
                                    "Terms, reserve and times are then fixed, and no other deal over this asset is made meanwhile.")),
            Transition("drop", Text("撤稿", "Drop"), ("draft",), "cancelled", HANDLER, effect=effects.cancelled, danger=True, optional=True),
            Transition("cancel", Text("取消竞价", "Cancel"), ("published",), "cancelled", SIGNER, WHY, effect=effects.cancelled, danger=True,
                       optional=True),
            Transition("stop", Text("责令取消", "Cancel by order"), ("published", "open", "revealing"), "cancelled", VENUE, WHY,
                       effect=effects.cancelled, danger=True, optional=True),
            Transition("open", Text("开始报价", "Open"), ("published",), "open", (TIMER,), effect=effects.moved),
            Transition("close", Text("截止报价", "Close"), ("open",), "revealing", (TIMER,), effect=effects.closed),
            Transition("award", Text("定标", "Award"), ("revealing",), "awarded", (TIMER,), effect=effects.awarded),
            Transition("pass_on", Text("递补", "Ask the next bidder"), ("awarded",), "awarded", (TIMER,), effect=effects.passed_on),
            Transition("conclude", Text("签约成交", "Conclude"), ("awarded",), "concluded", (TIMER,), effect=effects.concluded),
            Transition("fail", Text("流拍", "Fail"), ("open", "revealing", "awarded"), "failed", (TIMER,), effect=effects.failed),
        ),
        profile="auction",
        capacities=(("supplier", Text("供方", "Supplier")), ("operator", Text("运营机构", "Operator"))),
        page="/auctions/{}",
    )
)  # fmt: skip
