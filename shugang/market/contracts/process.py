"""Signing a contract, and changing one that is in force. The number of the signing case is the contract's number.

After both have signed the case is closed: what is in force waits for nobody. To end, suspend or resume it by
agreement, one side opens a change (BG) and the other answers it.
"""

from __future__ import annotations

from shugang.kernel.forms import Field, Form
from shugang.kernel.procedure import EACH, ClockSpec, Procedure, Role, State, Transition, register
from shugang.policy.text import Text

from . import change, effects, guards
from .drafting import CODE

HANDLERS = (Role("buyer", "handler"), Role("supplier", "handler"))
SIGNERS = (Role("buyer", "signer"), Role("supplier", "signer"))
WHY = Form(1, (Field("reason", "textarea", Text("理由", "Reason"), max_length=400),))
SIGN = Form(
    1,
    (
        Field("own_signature", "code", Text("本人保管密钥的签名值", "Signature made with your own key"),
              Text("密钥由平台托管的不填；由本人保管的，请对合同页所示摘要签名后粘贴（Base64）。",
                   "Leave empty if the platform keeps your key; otherwise sign the digest shown on the contract page (base64)."),
              required=False, max_length=200),
    ),
)  # fmt: skip

CONTRACT = register(
    Procedure(
        code=CODE,
        label=Text("合同签署", "Contract"),
        number_prefix="HT",
        opening=Transition("draft", Text("生成合同", "Draw up"), (), "pending_signature", HANDLERS, starts=("signature",)),
        states=(
            State("pending_signature", Text("待双方签署", "Awaiting both signatures")),
            State("active", Text("已生效", "In force"), "ok", True),
            State("declined", Text("未签署，已作废", "Not signed, void"), "off", True),
        ),
        clocks=(ClockSpec("signature", Text("签署期限", "Signature"), "signature", on_expiry="lapse"),),
        transitions=(
            Transition("sign", Text("签署", "Sign"), ("pending_signature",), "active", SIGNERS, SIGN, quorum=EACH, stops=("signature",),
                       guard=guards.sign, effect=effects.activated,
                       confirm=Text("双方签署后合同生效，授权随即签发。", "Once both have signed the contract is in force and the grant issued.")),
            Transition("refuse", Text("不签署", "Do not sign"), ("pending_signature",), "declined", HANDLERS + SIGNERS, WHY,
                       effect=effects.declined, danger=True, optional=True),
            Transition("lapse", Text("逾期未签署", "Not signed in time"), ("pending_signature",), "declined", (Role("system", "timer"),),
                       effect=effects.declined),
        ),
        profile="market",
        capacities=(("buyer", Text("需方", "Buyer")), ("supplier", Text("供方", "Supplier"))),
        page="/desk/contracts/{}",
    )
)  # fmt: skip

KINDS = (
    ("terminate", Text("终止合同", "End the contract")),
    ("suspend", Text("暂停合同", "Suspend the contract")),
    ("resume", Text("恢复合同", "Resume the contract")),
)
PROPOSER, OTHER = (Role("proposer", "signer"),), (Role("other", "signer"),)
CHANGE = register(
    Procedure(
        code="market.change",
        label=Text("合同变更", "Change of a contract"),
        number_prefix="BG",
        opening=Transition(
            "propose", Text("提议变更", "Propose"), (), "proposed", PROPOSER,
            Form(1, (Field("kind", "choice", Text("事项", "What"), choices=KINDS),
                     Field("reason", "textarea", Text("理由", "Reason"), max_length=400))),
            starts=("reply",),
        ),
        states=(
            State("proposed", Text("待对方答复", "Awaiting the other side")),
            State("agreed", Text("双方同意，已执行", "Agreed and carried out"), "ok", True),
            State("declined", Text("对方不同意", "Declined"), "off", True),
            State("withdrawn", Text("已撤回", "Withdrawn"), "off", True),
            State("lapsed", Text("逾期未答复", "Unanswered"), "off", True),
        ),
        clocks=(ClockSpec("reply", Text("答复期限", "Reply"), "change", on_expiry="lapse"),),
        transitions=(
            Transition("agree", Text("同意", "Agree"), ("proposed",), "agreed", OTHER, stops=("reply",), guard=change.still_possible,
                       effect=change.carried_out,
                       confirm=Text("同意后立即执行，授权随之变化。", "It is carried out at once; the grant follows.")),
            Transition("decline", Text("不同意", "Decline"), ("proposed",), "declined", OTHER, WHY, effect=change.told),
            Transition("withdraw", Text("撤回提议", "Withdraw"), ("proposed",), "withdrawn", PROPOSER, WHY, effect=change.told, optional=True),
            Transition("lapse", Text("逾期未答复", "Unanswered"), ("proposed",), "lapsed", (Role("system", "timer"),), effect=change.told),
        ),
        profile="market",
        capacities=(("proposer", Text("提议方", "Proposer")), ("other", Text("对方", "Other side"))),
    )
)  # fmt: skip
