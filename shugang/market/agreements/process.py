"""The procedure of an agreement: opened by one of its parties, signed by each, carried out, completed or ended."""

from __future__ import annotations

from shugang.kernel.forms import Field, Form
from shugang.kernel.procedure import EACH, TIMER, ClockSpec, Procedure, Role, State, Transition, register
from shugang.policy.text import Text

from ..contracts.process import SIGN, WHY
from . import effects, guards

CODE = "market.agreement"
MOST = 6
PARTIES = tuple(f"party{n}" for n in range(1, MOST + 1))
SIDES = tuple(
    Text(f"{zh}方", en)
    for zh, en in zip("甲乙丙丁戊己", ("First", "Second", "Third", "Fourth", "Fifth", "Sixth"), strict=True)
)
HANDLERS = tuple(Role(p, "handler") for p in PARTIES)
SIGNERS = tuple(Role(p, "signer") for p in PARTIES)

AGREEMENT = register(
    Procedure(
        code=CODE,
        label=Text("直接签订的合同", "Agreement"),
        number_prefix="XY",
        opening=Transition(
            "propose", Text("起草", "Draft"), (), "proposed", HANDLERS + SIGNERS,
            Form(1, (Field("template", "code", Text("模板", "Template")),)), starts=("signature",),
        ),
        states=(
            State("proposed", Text("待各方签署", "Awaiting the signatures")),
            State("active", Text("履行中", "In force"), "ok"),
            State("completed", Text("已完成", "Completed"), "ok", True),
            State("ended", Text("已终止", "Ended"), "off", True),
            State("void", Text("未签署，已作废", "Not signed, void"), "off", True),
        ),
        clocks=(ClockSpec("signature", Text("签署期限", "Signature"), "signature", on_expiry="lapse"),),
        transitions=(
            Transition("sign", Text("签署", "Sign"), ("proposed",), "active", SIGNERS, SIGN, quorum=EACH, stops=("signature",),
                       guard=guards.sign, effect=effects.in_force, confirm=Text("各方签署后生效。", "In force once every party has signed.")),
            Transition("refuse", Text("不签署或撤回", "Do not sign, or withdraw"), ("proposed",), "void", HANDLERS + SIGNERS, WHY,
                       effect=effects.told, danger=True, optional=True),
            Transition("lapse", Text("逾期未签署", "Not signed in time"), ("proposed",), "void", (TIMER,), effect=effects.told),
            Transition("complete", Text("确认完成", "Confirm completion"), ("active",), "completed", (Role("party1", "signer"),),
                       effect=effects.completed, optional=True,
                       confirm=Text("确认后费用出账，数据授权停止。", "The fee is billed, and a grant of data stops.")),
            Transition("end", Text("同意终止", "Agree to the end"), ("active",), "ended", SIGNERS, WHY, quorum=EACH, effect=effects.ended,
                       danger=True, optional=True, confirm=Text("各方都同意后终止，费用不再收取。", "Ended once every party agrees; the fee is not charged.")),
            Transition("expire", Text("到期", "Expired"), ("active",), "ended", (TIMER,), effect=effects.expired),
        ),
        profile="market",
        capacities=tuple(zip(PARTIES, SIDES, strict=True)),
        page="/desk/agreements/{}",
    )
)  # fmt: skip
