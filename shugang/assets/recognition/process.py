"""The procedure of recognition as data: at once by a full proof, otherwise by a named person of the registrar."""

from __future__ import annotations

from shugang.kernel.procedure import TIMER, ClockSpec, Procedure, Role, State, Transition, register
from shugang.policy.text import Text

from ..registration.guards import independent
from ..registration.process import WHY
from . import effects
from .form import CONFIRM, SUBMIT

APPLICANT = (Role("applicant", "handler"),)
EXAMINER = (Role("registrar", "examiner"),)

RECOGNITION = register(
    Procedure(
        code="assets.recognition",
        label=Text("凭证采信", "Recognition of a certificate"),
        number_prefix="CX",
        opening=Transition("submit", Text("提交外地凭证", "Submit a certificate"), (), "checking", APPLICANT, SUBMIT, starts=("acceptance",)),
        states=(
            State("checking", Text("核验中", "Being checked")),
            State("recognised", Text("已采信", "Recognised"), "ok", True),
            State("refused", Text("不予采信", "Not recognised"), "bad", True),
            State("withdrawn", Text("已撤回", "Withdrawn"), "off", True),
        ),
        transitions=(
            Transition("prove", Text("证明完整，自动采信", "Proved in full"), ("checking",), "recognised", (TIMER,), effect=effects.recognised),
            Transition("confirm", Text("核验一致，采信", "Confirm and recognise"), ("checking",), "recognised", EXAMINER, CONFIRM,
                       guard=independent, effect=effects.recognised),
            Transition("refuse", Text("不予采信", "Do not recognise"), ("checking",), "refused", EXAMINER, WHY,
                       guard=independent, effect=effects.closed, danger=True),
            Transition("withdraw", Text("撤回", "Withdraw"), ("checking",), "withdrawn", APPLICANT, WHY, effect=effects.closed,
                       danger=True, optional=True),
        ),
        clocks=(ClockSpec("acceptance", Text("核验期限", "Check"), "acceptance"),),
        profile="registration-local",
        capacities=(("applicant", Text("申请人", "Applicant")), ("registrar", Text("登记机构", "Registrar"))),
    )
)  # fmt: skip
