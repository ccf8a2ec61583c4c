"""What a bill's page shows, in words and in order."""

from __future__ import annotations

from typing import Any

from shugang.kernel import clock
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
    from ..invoices import queries as invoices  # stands above bills: it reads them
    from ..invoices.lifecycle import STATES as INVOICE_STATES
    from ..invoices.lifecycle import SUBJECTS

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
        "note": bill.credit_note,
        "notes": list(bill.credit_notes.filter(partial=True).order_by("pk")),
        "reserve_note": _reserve_note(bill),
        "invoices": invoices.of_bill(actor, bill),
        "invoice_states": INVOICE_STATES,
        "may_ask": [(name, SUBJECTS[name]) for name in invoices.subjects_for(actor, bill)],
    }


def _reserve_note(bill: Bill) -> Text | None:
    """When the parts of a split bill leave the custodian, or why they do not."""
    if bill.reserved_until is None:
        return None
    until = bill.reserved_until.astimezone(clock.zone())
    assumed = Text("（假定天数，以合同约定为准）", " (days assumed; the contract prevails)")
    if bill.state == "contested":
        return Text(
            "需方在争议期内提出异议，款项留存在存管银行，答复并结束异议前不付出。",
            "The buyer objects within the dispute window: the money stays with the custodian until that is answered.",
        )
    standing = bill.agreement.holds.filter(lifted_at=None).order_by("pk").first() if bill.state == "reserved" else None
    if standing is not None:
        return Text(
            f"款项已冻结（{standing.reference}），留存在存管银行，解除前不付给供方。",
            f"The money is held ({standing.reference}): it stays with the custodian and is not paid out until that is lifted.",
        )
    mark = assumed if bill.agreement.profile.data.get("assumed") else Text("", "")
    return Text(
        f"分账款项留存在存管银行，争议期至{until:%Y-%m-%d %H:%M}{mark.zh}；期满无异议自动付出。",
        f"The parts stay with the custodian until {until:%Y-%m-%d %H:%M}{mark.en} and are paid out then unless disputed.",
    )


def stages(bill: Bill) -> list[dict[str, Any]]:
    """The four stages of a bill that is paid for; a statement has only the first, a void bill ends in red."""
    shown = _STAGES if bill.kind == Bill.Kind.BILL else _STAGES[:1]
    found: list[dict[str, Any]] = []
    current = bill.state not in {"void", "credited", "settled"}
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
    if bill.state in {"disputed", "contested", "failed"}:
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
        *([(Text("冲减后", "After credits"), fen(bill.due_fen))] if bill.credited_fen else []),
        (Text("当前状态", "State"), STATES[bill.state].label),
        *([(Text("需方异议", "The buyer's objection"), bill.dispute)] if bill.dispute else []),
    ]
