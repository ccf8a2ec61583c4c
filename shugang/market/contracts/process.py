"""Signing a contract, and changing one that is in force. The number of the signing case is the contract's number.

After both have signed the case is closed: what is in force waits for nobody. To end, suspend or resume it by
agreement, one side opens a change (BG) and the other answers it.
"""

from __future__ import annotations

from shugang.kernel.forms import Field, Form
from shugang.kernel.procedure import EACH, ClockSpec, Procedure, Role, State, Transition, register
from shugang.policy.text import Text

from . import amending, breach, change, effects, guards
from .drafting import CODE

HANDLERS = (Role("buyer", "handler"), Role("supplier", "handler"))
SIGNERS = (Role("buyer", "signer"), Role("supplier", "signer"))
WHY = Form(1, (Field("reason", "textarea", Text("理由", "Reason"), max_length=400),))
FILL_IN = Form(1, (Field("answers", "json", Text("合同约定", "Answers"), max_length=20_000),))
SIGN = Form(
    1,
    (
        Field("own_signature", "code", Text("本人保管密钥的签名值", "Signature made with your own key"),
              Text("密钥由平台托管的不填；由本人保管的，请对合同页所示摘要签名后粘贴（Base64）。",
                   "Leave empty if the platform keeps your key; otherwise sign the digest shown on the contract page (base64)."),
              required=False, max_length=200),
        Field("read", "code", Text("所核对的合同摘要", "Digest that was read"),
              Text("填写后，合同文本若已改动则不签。", "If given, a text that has changed since is not signed."), required=False, max_length=64),
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
            Transition("fill_in", Text("填写合同约定", "Fill in the contract"), ("pending_signature",), "pending_signature", HANDLERS + SIGNERS,
                       FILL_IN, guard=guards.unsigned, effect=effects.filled_in, optional=True),
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

AMENDMENT = register(
    Procedure(
        code="market.amendment",
        label=Text("补充协议", "Amendment of a contract"),
        number_prefix="BC",
        opening=Transition("propose", Text("提出补充协议", "Propose"), (), "proposed", HANDLERS + SIGNERS, WHY, starts=("signature",)),
        states=(
            State("proposed", Text("待双方签署", "Awaiting both signatures")),
            State("in_force", Text("已生效", "In force"), "ok", True),
            State("void", Text("未签署，已作废", "Not signed, void"), "off", True),
        ),
        clocks=(ClockSpec("signature", Text("签署期限", "Signature"), "change", on_expiry="lapse"),),
        transitions=(
            Transition("sign", Text("签署", "Sign"), ("proposed",), "in_force", SIGNERS, SIGN, quorum=EACH, stops=("signature",),
                       guard=amending.signable, effect=amending.in_force,
                       confirm=Text("双方签署后立即生效：条款有变的，换发授权，原密钥继续可用，用量上限重新计；价格有变的，自写明的日期起。",
                                    "In force once both have signed: changed terms make a new grant that the keys go on opening, its quotas counted anew; a changed price counts from the day stated.")),
            Transition("refuse", Text("不签署或撤回", "Do not sign, or withdraw"), ("proposed",), "void", HANDLERS + SIGNERS, WHY,
                       effect=amending.void, danger=True, optional=True),
            Transition("lapse", Text("逾期未签署", "Not signed in time"), ("proposed",), "void", (Role("system", "timer"),), effect=amending.void),
        ),
        profile="market",
        capacities=(("buyer", Text("需方", "Buyer")), ("supplier", Text("供方", "Supplier"))),
        page="/desk/amendments/{}",
    )
)  # fmt: skip

NOTIFIER, NOTIFIER_SIGNS = (Role("notifier", "handler"),), (Role("notifier", "signer"),)
NOTIFIED = (Role("notified", "handler"), Role("notified", "signer"))
BREACH = register(
    Procedure(
        code="market.breach",
        label=Text("违约催告", "Notice of breach"),
        number_prefix="CG",
        opening=Transition(
            "notify", Text("催告", "Give notice"), (), "notified", NOTIFIER_SIGNS,
            Form(1, (Field("reason", "textarea", Text("违反了哪一条、怎样补正", "Which clause was broken, and what cures it"), max_length=2000),
                     Field("cure_days", "int", Text("补正期（工作日）", "Time to cure (working days)"), minimum=1, maximum=120))),
            starts=("cure",), effect=breach.told,
        ),
        states=(
            State("notified", Text("待补正", "To be cured")),
            State("ripe", Text("补正期满，可以解除", "Not cured in time; the contract may be ended")),
            State("cured", Text("已补正", "Cured"), "ok", True),
            State("contested", Text("对方有异议，转争议处理", "Contested; a matter for a dispute"), "warn", True),
            State("withdrawn", Text("已撤回", "Withdrawn"), "off", True),
            State("ended", Text("合同已因违约解除", "Ended for breach"), "off", True),
        ),
        clocks=(ClockSpec("cure", Text("补正期", "Time to cure"), "cure", on_expiry="lapse", agreed="cure_days"),),
        transitions=(
            Transition("cured", Text("确认已补正", "Confirm the cure"), ("notified", "ripe"), "cured", NOTIFIER + NOTIFIER_SIGNS,
                       effect=breach.told, optional_in=("notified",), confirm=Text("确认后催告结束，合同继续履行。", "The notice ends and the contract goes on.")),
            Transition("contest", Text("提出异议", "Contest"), ("notified", "ripe"), "contested", NOTIFIED, WHY, effect=breach.contested, optional_in=("ripe",)),
            Transition("withdraw", Text("撤回催告", "Withdraw"), ("notified", "ripe"), "withdrawn", NOTIFIER + NOTIFIER_SIGNS, WHY,
                       effect=breach.told, optional=True),
            Transition("lapse", Text("补正期满", "Time is over"), ("notified",), "ripe", (Role("system", "timer"),), effect=breach.told),
            Transition("end", Text("解除合同", "End the contract"), ("ripe",), "ended", NOTIFIER_SIGNS, guard=breach.still_in_force,
                       effect=breach.ended, danger=True,
                       confirm=Text("合同和授权立即终止，此前的使用照常结算。", "Contract and grant end at once; earlier use is still settled.")),
        ),
        profile="market",
        capacities=(("notifier", Text("催告方", "Notifying side")), ("notified", Text("被催告方", "Notified side"))),
    )
)  # fmt: skip
