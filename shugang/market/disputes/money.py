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

    Only what the custodian still holds, or what is not paid yet, can be taken back. Raises Refusal `paid_out` when that is
    less than the refund, and those of `credit_bill`; nothing is credited then.
    """
    rows = Bill.objects.filter(agreement__number=contract, kind=Bill.Kind.BILL, state__in=OPEN).order_by("-pk")
    left, made = amount_fen, []
    for bill in rows:
        amounts: dict[int, int] = {}
        room = min(left, bill.due_fen)
        for line, rest in creditable(bill):
            part = min(room, rest)
            if part > 0:
                amounts[line.position] = part
                room -= part
        if taken := sum(amounts.values()):
            note = credit_bill(actor, str(bill.number), amounts, reason)
            made.append({"bill": bill.number, "credit_note": note.number, "amount_fen": taken})
            left -= taken
        if not left:
            return {"credit_notes": made}
    raise Refusal(
        "paid_out",
        Text("款项已付给供方，存管账户中可退的不足。请供方直接退还，由需方在争议页确认收到。",
             "Too much was paid out already. The supplier repays directly, and the buyer confirms it on the dispute's page."),
        409,
    )  # fmt: skip
