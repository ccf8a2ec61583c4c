"""The one place where disputes speak with settlement: what is booked, what is held, and the refund.

Everything is settlement's own verb; this room knows no bill and no ledger.
"""

from __future__ import annotations

from typing import Any

from django.db.models import Sum

from shugang.kernel.actors import Actor
from shugang.kernel.errors import Refusal
from shugang.policy.text import Text
from shugang.settlement.bills.credits import OPEN, creditable
from shugang.settlement.bills.models import Bill
from shugang.settlement.payouts.credits import credit_bill
from shugang.settlement.payouts.holds import hold_funds, lift_funds

KIND = "dispute"


def booked(contract: str) -> int:
    """分 billed under the contract, credit notes deducted; never below 0."""
    rows = Bill.objects.filter(agreement__number=contract, number__isnull=False)
    return max(0, int(rows.aggregate(sum=Sum("total_fen"))["sum"] or 0))


def hold(actor: Actor, contract: str, dispute: str, reason: str) -> None:
    hold_funds(actor, contract, KIND, dispute, reason)


def release(actor: Actor, contract: str, dispute: str) -> None:
    lift_funds(actor, contract, KIND, dispute)


def refund(actor: Actor, contract: str, amount_fen: int, reason: str) -> dict[str, Any]:
    """Credit the contract's bills, the newest first, until `amount_fen` is reached; what was paid goes back to the buyer.

    First what the custodian still holds, or what is not paid yet; then what was paid out, which its payees owe back and
    which the buyer gets out of their next pay-outs. Raises Refusal `paid_out` when all that is less than the refund (the
    bank is paying the rest out), and those of `credit_bill`; nothing is credited then.
    """
    rows = Bill.objects.filter(agreement__number=contract, kind=Bill.Kind.BILL, state__in=(*OPEN, "settled"))
    left, made = amount_fen, []
    for bill in sorted(rows, key=lambda b: (b.state == "settled", -b.pk)):
        amounts: dict[int, int] = {}
        room = min(left, bill.due_fen)
        for line, rest in creditable(bill):
            part = min(room, rest)
            if part > 0:
                amounts[line.position] = part
                room -= part
        if taken := sum(amounts.values()):
            note = credit_bill(actor, str(bill.number), amounts, reason)
            owed = {"recovered_later": True} if bill.state == "settled" else {}
            made.append({"bill": bill.number, "credit_note": note.number, "amount_fen": taken, **owed})
            left -= taken
        if not left:
            return {"credit_notes": made}
    raise Refusal(
        "paid_out",
        Text("有款项正由存管银行付出，可退的不足。请结清后再办理；供方也可直接退还，由需方在争议页确认收到。",
             "The bank is paying part of it out now. Please carry it out once that is settled; or the supplier repays directly."),
        409,
    )  # fmt: skip
