"""The settlement of a dispute (和解): one side, or the mediator, proposes a text; it holds when both sides have signed it."""

from __future__ import annotations

from shugang.kernel.procedure import EACH, TIMER, ClockSpec, Procedure, Role, State, Transition, register
from shugang.policy.text import Text

from . import deciding
from .forms import PROPOSAL, SIGN, WHY

CODE = "market.settlement"
SIGNERS = (Role("claimant", "signer"), Role("respondent", "signer"))
HANDLERS = (Role("claimant", "handler"), Role("respondent", "handler"))
PROPOSER = (Role("proposer", "handler"),)

SETTLEMENT = register(
    Procedure(
        code=CODE,
        label=Text("争议和解", "Settlement of a dispute"),
        number_prefix="HJ",
        opening=Transition("propose", Text("提出和解方案", "Propose"), (), "proposed", PROPOSER, PROPOSAL, starts=("settlement",)),
        states=(
            State("proposed", Text("待双方签署", "Awaiting both signatures")),
            State("signed", Text("双方已签署", "Signed by both"), "ok", True),
            State("declined", Text("未接受", "Declined"), "off", True),
            State("withdrawn", Text("已撤回", "Withdrawn"), "off", True),
            State("lapsed", Text("逾期未签署", "Not signed in time"), "off", True),
            State("moot", Text("争议已结束", "The dispute is over"), "off", True),
        ),
        transitions=(
            Transition("sign", Text("签署和解", "Sign the settlement"), ("proposed",), "signed", SIGNERS, SIGN, quorum=EACH,
                       stops=("settlement",), guard=deciding.sign_settlement, effect=deciding.settlement_signed,
                       confirm=Text("双方签署后争议了结，随即执行。", "Once both have signed, the dispute is settled and carried out.")),
            Transition("decline", Text("不接受", "Decline"), ("proposed",), "declined", HANDLERS, WHY, effect=deciding.dropped),
            Transition("withdraw", Text("撤回方案", "Withdraw"), ("proposed",), "withdrawn", PROPOSER, WHY, effect=deciding.dropped,
                       optional=True),
            Transition("lapse", Text("逾期未签署", "Not signed in time"), ("proposed",), "lapsed", (TIMER,), effect=deciding.dropped),
            Transition("lose_object", Text("争议已结束", "The dispute is over"), ("proposed",), "moot", (TIMER,), effect=deciding.dropped),
        ),
        clocks=(ClockSpec("settlement", Text("签署期限", "Signature"), "settlement", on_expiry="lapse"),),
        profile="disputes",
        capacities=(("proposer", Text("提出方", "Proposer")), ("claimant", Text("申请方", "Claimant")), ("respondent", Text("被申请方", "Respondent"))),
    )
)  # fmt: skip
