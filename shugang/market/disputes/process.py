"""The procedure of a dispute: negotiation, mediation, arbitration by a listed agency; then what was decided is carried out.

Settlement is its own two-sided procedure (`settling.py`) below this one; when both have signed it fires `settle` here.
Evidence and interim measures move no state and are verbs (`services.py`, `measures.py`).
"""

from __future__ import annotations

from shugang.kernel.procedure import TIMER, ClockSpec, Procedure, Role, State, Transition, register
from shugang.policy.text import Text

from . import effects, guards
from .forms import ANSWER, AWARD, ORDERED, REQUEST, WHY

CODE = "market.dispute"
CLAIMANT, RESPONDENT = (Role("claimant", "handler"),), (Role("respondent", "handler"),)
SIDES = CLAIMANT + RESPONDENT
VENUE = Role("operator", "handler")
MEDIATOR = (Role("operator", "reviewer"),)
ARBITER, AWARDING = (Role("arbitrator", "handler"),), (Role("arbitrator", "signer"),)
OPEN = ("filed", "negotiating", "mediating", "unsettled", "requested", "hearing")
BEFORE_DECISION = ("answer", "negotiation", "mediation", "request", "acceptance", "evidence", "award")

DISPUTE = register(
    Procedure(
        code=CODE,
        label=Text("合同争议", "Dispute over a contract"),
        number_prefix="ZY",
        opening=Transition("file", Text("提出争议", "File"), (), "filed", (*CLAIMANT, VENUE), ORDERED, starts=("answer",)),
        states=(
            State("filed", Text("待对方答复", "Awaiting the other side's answer")),
            State("negotiating", Text("协商中", "In negotiation")),
            State("mediating", Text("调解中", "In mediation"), "warn"),
            State("unsettled", Text("调解未成，可申请仲裁", "Not settled: arbitration may be asked for"), "warn"),
            State("requested", Text("待仲裁机构受理", "Awaiting the arbitration agency"), "warn"),
            State("hearing", Text("仲裁审理中", "Before the arbitrators"), "warn"),
            State("executing", Text("已有结论，待执行", "Decided, to be carried out")),
            State("closed", Text("已执行，结案", "Carried out and closed"), "ok", True),
            State("withdrawn", Text("已撤回", "Withdrawn"), "off", True),
            State("unresolved", Text("未解决，可依法仲裁或起诉", "Unresolved: arbitration or court by law"), "off", True),
        ),
        transitions=(
            Transition("answer", Text("答复", "Answer"), ("filed",), "negotiating", RESPONDENT, ANSWER, stops=("answer",),
                       starts=("negotiation",), effect=effects.told),
            Transition("unanswered", Text("逾期未答复", "Not answered in time"), ("filed",), "mediating", (TIMER,), starts=("mediation",),
                       effect=effects.told),
            Transition("escalate", Text("提交调解", "Ask for mediation"), ("negotiating",), "mediating", SIDES, WHY, stops=("negotiation",),
                       starts=("mediation",), effect=effects.told),
            Transition("negotiation_over", Text("协商期满", "Negotiation over"), ("negotiating",), "mediating", (TIMER,),
                       starts=("mediation",), effect=effects.told),
            Transition("close_mediation", Text("结束调解（未达成）", "End mediation without settlement"), ("mediating",), "unsettled",
                       MEDIATOR, WHY, distinct_from=("file",), stops=("mediation",), starts=("request",), guard=guards.apart, effect=effects.told),
            Transition("mediation_over", Text("调解期满", "Mediation over"), ("mediating",), "unsettled", (TIMER,), starts=("request",),
                       effect=effects.told),
            Transition("request", Text("申请仲裁", "Ask for arbitration"), ("unsettled",), "requested", SIDES, REQUEST, stops=("request",),
                       starts=("acceptance",), guard=guards.agency_fits, effect=effects.agency_named,
                       confirm=Text("仲裁机构将看到本争议的全部材料和合同。", "The agency will see the whole dispute and the contract.")),
            Transition("lapse", Text("逾期未申请仲裁", "No arbitration asked for"), ("unsettled",), "unresolved", (TIMER,), effect=effects.ended),
            Transition("take", Text("受理", "Accept"), ("requested",), "hearing", ARBITER, stops=("acceptance",), starts=("evidence", "award"),
                       guard=guards.agency_independent, effect=effects.told),
            Transition("decline", Text("不受理", "Decline"), ("requested",), "unsettled", ARBITER, WHY, stops=("acceptance",),
                       starts=("request",), effect=effects.agency_left),
            Transition("not_taken", Text("逾期未受理", "Not accepted in time"), ("requested",), "unsettled", (TIMER,), starts=("request",),
                       effect=effects.agency_left),
            Transition("award", Text("作出裁决", "Make the award"), ("hearing",), "executing", AWARDING, AWARD, stops=BEFORE_DECISION,
                       starts=("execution",), guard=guards.award, effect=effects.awarded,
                       confirm=Text("裁决以您的名义签署，随即执行，不能修改。", "The award is signed in your name, carried out at once, and not changed.")),
            Transition("resign", Text("回避，退出审理", "Resign for a conflict"), ("hearing",), "unsettled", ARBITER, WHY,
                       stops=("evidence", "award"), starts=("request",), effect=effects.agency_left, danger=True, optional=True),
            Transition("settle", Text("达成和解", "Settled"), OPEN, "executing", (TIMER,), stops=BEFORE_DECISION, starts=("execution",),
                       effect=effects.settled),
            Transition("withdraw", Text("撤回争议", "Withdraw"), OPEN, "withdrawn", (*CLAIMANT, VENUE), WHY, guard=guards.own_claim,
                       effect=effects.ended, danger=True, optional=True),
            Transition("execute", Text("办理退款", "Carry out the refund"), ("executing",), "closed", (Role("operator", "finance"),),
                       stops=("execution",), effect=effects.executed,
                       confirm=Text("开具部分红字账单，指令存管银行退款给需方。", "A partial credit note is issued and the custodian pays the buyer.")),
            Transition("received", Text("确认已收到退款", "Confirm the refund received"), ("executing",), "closed", SIDES, stops=("execution",),
                       guard=guards.buyer, effect=effects.received, optional=True,
                       confirm=Text("供方已直接退还全部款项。确认后结案，不能撤回。", "The supplier has repaid all of it directly. This closes the dispute for good.")),
            Transition("executed", Text("已执行", "Carried out"), ("executing",), "closed", (TIMER,), effect=effects.ended),
        ),
        clocks=(
            ClockSpec("answer", Text("答复期限", "Answer"), "answer", on_expiry="unanswered"),
            ClockSpec("negotiation", Text("协商期限", "Negotiation"), "negotiation", on_expiry="negotiation_over"),
            ClockSpec("mediation", Text("调解期限", "Mediation"), "mediation", on_expiry="mediation_over"),
            ClockSpec("request", Text("申请仲裁期限", "Asking for arbitration"), "request", on_expiry="lapse"),
            ClockSpec("acceptance", Text("仲裁受理期限", "Acceptance by the agency"), "acceptance", on_expiry="not_taken"),
            ClockSpec("evidence", Text("举证期限", "Evidence"), "evidence"),
            ClockSpec("award", Text("裁决期限", "Award"), "award"),
            ClockSpec("execution", Text("执行期限", "Execution"), "execution"),
        ),
        profile="disputes",
        capacities=(("claimant", Text("申请方", "Claimant")), ("respondent", Text("被申请方", "Respondent")),
                    ("operator", Text("调解方（运营机构）", "Mediator (operator)")), ("arbitrator", Text("仲裁机构", "Arbitration agency"))),
        page="/desk/disputes/{}",
    )
)  # fmt: skip
