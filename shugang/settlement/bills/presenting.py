"""What a bill's page shows, in words and in order."""

from __future__ import annotations

from typing import Any

from shugang.kernel.actors import Actor
from shugang.parties.organisations.queries import the_operator
from shugang.policy.priceplan import KINDS as PLAN_KINDS
from shugang.policy.text import Text
from shugang.ui.formats import fen

from .. import gates, words
from . import queries
from .lifecycle import STATES
from .models import Bill
from .steps import STEPS

_STAGES = (
    ("issued_at", Text("出账", "Billed")),
    ("confirmed_at", Text("需方确认", "Confirmed")),
    ("paid_at", Text("付款到账", "Paid")),
    ("settled_at", Text("分账结清", "Settled")),
)


def bill_context(bill: Bill, actor: Actor) -> dict[str, Any]:
    lines = list(bill.lines.order_by("position"))
    sees_split = gates.is_operator_finance(actor) or actor.party_id == bill.supplier_id
    return {
        "bill": bill,
        "state": STATES[bill.state],
        "kind": words.KINDS[bill.kind],
        "stages": stages(bill),
        "plan_kind": PLAN_KINDS[bill.agreement.price_plan.kind],
        "lines": lines,
        "words": words,
        "net_fen": bill.total_fen - bill.tax_fen,
        "steps": [(name, STEPS[name]) for name in queries.steps_for(bill, actor) if name in STEPS],
        "instructions": list(bill.instructions.order_by("pk")) if sees_split else [],
        "pays": bill.state == "confirmed" and actor.party_id == bill.buyer_id,
        "payee": the_operator().name,
        "note": getattr(bill, "credit_note", None),
    }


def stages(bill: Bill) -> list[dict[str, Any]]:
    """The four stages of a bill that is paid for; a statement has only the first, a void bill ends in red."""
    shown = _STAGES if bill.kind == Bill.Kind.BILL else _STAGES[:1]
    found: list[dict[str, Any]] = []
    current = bill.state not in {"void", "settled"}
    for field, label in shown:
        moment = getattr(bill, field)
        if moment is not None:
            found.append({"label": label, "state": "ok", "when": moment})
        else:
            found.append({"label": label, "state": "run" if current else "wait", "when": None})
            current = False
    if bill.voided_at is not None:
        found = [s for s in found if s["state"] == "ok"]
        found.append({"label": STATES["void"].label, "state": "bad", "when": bill.voided_at})
    if bill.state in {"disputed", "failed"}:
        for stage in found:
            if stage["state"] == "run":
                stage.update(state="bad", label=STATES[bill.state].label)
    return found


def summary_rows(bill: Bill) -> list[tuple[Text, Any]]:
    """What a step's page restates before it is taken."""
    return [
        (Text("账单编号", "Bill"), bill.number),
        (Text("合同", "Contract"), f"{bill.agreement.number} {bill.agreement.title}".strip()),
        (Text("供方", "Supplier"), bill.supplier.name),
        (Text("需方", "Buyer"), bill.buyer.name),
        (Text("金额（含税）", "Amount, tax included"), fen(bill.total_fen)),
        (Text("当前状态", "State"), STATES[bill.state].label),
        *([(Text("需方异议", "The buyer's objection"), bill.dispute)] if bill.dispute else []),
    ]
