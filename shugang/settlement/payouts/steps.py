"""The steps of a bill that move money, registered with the bills room."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shugang.kernel.actors import Actor
from shugang.kernel.forms import Field
from shugang.policy.text import Text
from shugang.ui.formats import fen_plain

from ..bills.credits import creditable
from ..bills.models import Bill
from ..bills.steps import REASON, Step, register
from ..words import reason
from . import bank
from .credits import credit_bill
from .reserve import contest_bill, dismiss_objection
from .services import instruct_split, refund_bill


def _split(actor: Actor, number: str, _: Mapping[str, Any], revision: int | None) -> Bill:
    bill = instruct_split(actor, number, revision)
    bank.send_instructions()
    return bill


def _refund(actor: Actor, number: str, answers: Mapping[str, Any], revision: int | None) -> Bill:
    bill = refund_bill(actor, number, str(answers["reason"]), revision)
    bank.send_instructions()
    return bill


def _amount_fields(bill: Bill) -> tuple[Field, ...]:
    """One amount for each line that can still be credited."""
    return tuple(
        Field(
            f"line_{line.position}",
            "money",
            Text(f"第{line.position}行冲减（元）", f"Credit on line {line.position} (CNY)"),
            Text(f"{reason(line).zh}；最多{fen_plain(rest)}", f"{reason(line).en}; at most {fen_plain(rest)}"),
            required=False,
        )
        for line, rest in creditable(bill)
    )


def _credit(actor: Actor, number: str, answers: Mapping[str, Any], revision: int | None) -> Bill:
    named = {int(k.removeprefix("line_")): int(v) for k, v in answers.items() if k.startswith("line_") and v}
    note = credit_bill(actor, number, named, str(answers["reason"]), revision)
    bank.send_instructions()
    return note


def _register_window() -> None:
    """What happens to a bill after it was issued but before its money has left the custodian."""
    register(
        "contest",
        Step(
            Text("争议期内提出异议", "Object within the window"),
            Text("请写明交付或用量与合同不符之处。", "Say what was delivered or counted against the contract."),
            (
                (
                    "lock",
                    Text(
                        "款项继续留在存管银行，处理完毕前不付出",
                        "The money stays with the custodian until it is answered",
                    ),
                ),
            ),
            lambda actor, number, answers, rev: contest_bill(actor, number, str(answers["reason"]), rev),
            (REASON,),
        ),
    )
    register(
        "dismiss",
        Step(
            Text("答复并结束异议", "Answer and end the objection"),
            Text(
                "应退的金额请先开具红字账单，再结束异议。",
                "Credit what is to be refunded first, then end the objection.",
            ),
            (
                (
                    "clock-hour-4",
                    Text("争议期已满的，款项随即付出", "If the window has ended, the money is paid out next"),
                ),
            ),
            lambda actor, number, answers, rev: dismiss_objection(actor, number, str(answers["reason"]), rev),
            (REASON,),
        ),
    )
    register(
        "credit",
        Step(
            Text("部分冲减", "Credit a part"),
            Text("按行填写冲减金额，不填的行不变。", "Give an amount for each line to be credited; the others stay."),
            (
                ("file-diff", Text("开具红字账单，税额按原账单逐行冲回", "A credit note unwinds amount and tax as booked, line by line")),
                ("arrow-back-up", Text("已付款的，指令存管银行退还需方；未付款的，应付金额相应减少；已结清的，从收款各方后续分账中追回后退还",
                                       "Paid: the custodian refunds the buyer. Unpaid: less is due. Settled: recovered from the payees' next pay-outs")),
            ),
            _credit,
            (REASON,),
            True,
            _amount_fields,
        ),
    )  # fmt: skip


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
    _register_window()
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
