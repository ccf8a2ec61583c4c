"""Partial credit notes (红字账单): what is taken off an issued bill, line by line, never more than was booked.

The use behind a credited line stays billed: a credit is an allowance, not a new rating. A whole bill whose use is to be
billed anew is voided (`services.void_bill`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.models import Sum

from shugang.kernel import clock
from shugang.kernel.actors import Actor
from shugang.kernel.errors import Refusal
from shugang.kernel.events import emit
from shugang.policy.money import round_half_up
from shugang.policy.text import Text

from . import lifecycle
from .models import Bill, BillLine
from .services import facts, note_number

UNPAID = ("issued", "disputed", "confirmed")
OPEN = (*UNPAID, "paid", "reserved", "contested")


def credited_by_line(bill: Bill) -> dict[int, tuple[int, int]]:
    """Position → (amount, tax) in 分 that earlier credit notes took off it, both positive."""
    rows = BillLine.objects.filter(bill__corrects=bill).values("position")
    sums = rows.annotate(amount=Sum("amount_fen"), tax=Sum("tax_fen"))
    return {row["position"]: (-row["amount"], -row["tax"]) for row in sums}


def creditable(bill: Bill) -> list[tuple[BillLine, int]]:
    """The lines that still hold an amount, with what is left of it."""
    before = credited_by_line(bill)
    left = [(line, line.amount_fen - before.get(line.position, (0, 0))[0]) for line in bill.lines.order_by("position")]
    return [(line, rest) for line, rest in left if rest > 0]


def credit_tax(amount_fen: int, tax_fen: int, before_fen: int, now_fen: int) -> int:
    """Tax that goes with taking `now_fen` off a line of `amount_fen` with `tax_fen`, of which `before_fen` went earlier.

    What was booked is unwound, not today's rate applied: the parts of a line that is credited whole sum to its tax.
    """
    return round_half_up(tax_fen * (before_fen + now_fen), amount_fen) - round_half_up(tax_fen * before_fen, amount_fen)


def check_amounts(bill: Bill, amounts: Mapping[int, int]) -> int:
    """What is to be credited in all, 分. Raises Refusal `nothing_to_credit`, `credit_too_large`."""
    left = {line.position: rest for line, rest in creditable(bill)}
    wrong = {p: a for p, a in amounts.items() if not 0 < a <= left.get(p, 0)}
    if wrong:
        position, asked = next(iter(sorted(wrong.items())))
        most = left.get(position, 0)
        text = Text(
            f"第{position}行最多还可冲减{most / 100:.2f}元，不能冲减{asked / 100:.2f}元。",
            f"Line {position} can be credited by {most / 100:.2f} at most, not by {asked / 100:.2f}.",
        )
        raise Refusal("credit_too_large", text, 422, {f"line_{position}": text})
    total = sum(amounts.values())
    if total == 0:
        raise Refusal(
            "nothing_to_credit",
            Text("请至少在一行填写冲减金额。", "Please give an amount for at least one line."),
            422,
        )
    if total > bill.due_fen:  # lines that themselves credit (冲减) make a bill less than its positive lines
        text = Text(
            f"账单最多还可冲减{bill.due_fen / 100:.2f}元。", f"The bill can be credited by {bill.due_fen / 100:.2f}."
        )
        raise Refusal("credit_too_large", text, 422)
    return total


def make_note(actor: Actor, bill: Bill, amounts: Mapping[int, int], reason: str) -> Bill:
    """Write the credit note and raise what the bill has credited. The caller holds agreement and bill, and moves money.

    The database refuses a bill that is credited beyond its total.
    """
    total = check_amounts(bill, amounts)
    now = clock.now()
    note = Bill.objects.create(
        number=note_number(), kind=Bill.Kind.CREDIT_NOTE, state="settled", partial=True, agreement=bill.agreement,
        buyer=bill.buyer, supplier=bill.supplier, period_from=bill.period_from, period_to=bill.period_to,
        total_fen=-total, tax_fen=0, drafted_at=now, issued_at=now, settled_at=now, corrects=bill, answer=reason,
    )  # fmt: skip
    rows = _lines(bill, note, amounts)
    BillLine.objects.bulk_create(rows)
    note.tax_fen = sum(row.tax_fen for row in rows)
    note.save(update_fields=["tax_fen"])
    changes: dict[str, Any] = {"credited_fen": bill.credited_fen + total}
    if bill.due_fen == total and bill.state != "settled":  # what was settled stays so; others owe it back
        lifecycle.take(bill, "exhaust", **changes)
    else:
        lifecycle.touch(bill, **changes)
    refs = [*bill.event_refs(), ("bill", str(note.number))]
    told = {"credit_note": note.number, "credited_fen": total, "credited_tax_fen": -note.tax_fen, "reason": reason}
    emit("bill.credited", actor, refs, {**facts(bill), **told})
    return note


def _lines(bill: Bill, note: Bill, amounts: Mapping[int, int]) -> list[BillLine]:
    before, lines = credited_by_line(bill), {line.position: line for line in bill.lines.all()}
    rows = []
    for position, amount in sorted(amounts.items()):
        line = lines[position]
        tax = credit_tax(line.amount_fen, line.tax_fen, before.get(position, (0, 0))[0], amount)
        rows.append(BillLine(
            bill=note, position=position, period_from=line.period_from, period_to=line.period_to,
            charge_reason=line.charge_reason, tier=line.tier, late=line.late, unit=line.unit, quantity=0,
            unit_price_e8=line.unit_price_e8, unit_size=line.unit_size, amount_fen=-amount, tax_fen=-tax,
            vat_bp=line.vat_bp, grant=line.grant, outcomes=line.outcomes, usage_from=line.usage_from,
            usage_to=line.usage_to,
        ))  # fmt: skip
    return rows
