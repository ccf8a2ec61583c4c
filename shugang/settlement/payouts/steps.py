"""The steps of a bill that move money, registered with the bills room."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shugang.kernel.actors import Actor
from shugang.policy.text import Text

from ..bills.models import Bill
from ..bills.steps import REASON, Step, register
from . import bank
from .services import instruct_split, refund_bill


def _split(actor: Actor, number: str, _: Mapping[str, Any], revision: int | None) -> Bill:
    bill = instruct_split(actor, number, revision)
    bank.send_instructions()
    return bill


def _refund(actor: Actor, number: str, answers: Mapping[str, Any], revision: int | None) -> Bill:
    bill = refund_bill(actor, number, str(answers["reason"]), revision)
    bank.send_instructions()
    return bill


def register_steps() -> None:
    register(
        "split",
        Step(
            Text("发出分账指令", "Instruct the split"),
            Text(
                "金额按合同约定的比例计算，由存管银行执行。",
                "Amounts follow the contract's rates; the custodian executes.",
            ),
            (
                (
                    "send",
                    Text(
                        "向存管银行发出付款指令：供方、平台服务费、服务费增值税",
                        "The custodian is ordered to pay the supplier, the commission, and the VAT on it",
                    ),
                ),
                ("circle-check", Text("银行全部执行后账单自动结清", "The bill is settled once every part is executed")),
            ),
            _split,
        ),
    )
    register(
        "refund",
        Step(
            Text("作废并退款", "Void and refund"),
            Text("仅限已付款、未分账的账单。", "Only for a paid bill that is not split yet."),
            (
                (
                    "arrow-back-up",
                    Text(
                        "开具红字账单，并指令存管银行全额退还需方",
                        "A credit note is issued and the custodian pays the buyer back in full",
                    ),
                ),
            ),
            _refund,
            (REASON,),
            True,
        ),
    )
