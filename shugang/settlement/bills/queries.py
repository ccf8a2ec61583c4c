"""Reads of bills, always scoped to what the actor may see."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Q, QuerySet, Sum

from shugang.kernel.actors import Actor
from shugang.kernel.errors import not_found

from .. import gates
from .credits import OPEN
from .lifecycle import BILL, STATES, possible
from .models import Bill, BillLine


def bills(actor: Actor, stage: str = "", contract: str = "") -> QuerySet[Bill]:
    """Bills that the actor may see, drafts left out; `stage` is one of `lifecycle.STAGES`."""
    rows: QuerySet[Bill] = Bill.objects.visible_to(actor).filter(number__isnull=False)
    if stage:
        rows = rows.filter(state__in=[name for name, state in STATES.items() if state.stage == stage])
    if contract:
        rows = rows.filter(Q(agreement__number=contract) | Q(agreement__number__startswith=f"{contract}-"))
    rows = rows.select_related("agreement", "buyer", "supplier", "corrects").prefetch_related("credit_notes")
    return rows.order_by("-pk")


def bill(actor: Actor, number: str) -> Bill:
    """Raises Refusal `not_found`."""
    found = bills(actor).filter(number=number).first()
    if found is None:
        raise not_found(BILL)
    return found


def line(actor: Actor, number: str, position: int) -> BillLine:
    """Raises Refusal `not_found`."""
    rows = BillLine.objects.visible_to(actor).select_related("bill__agreement", "bill__corrects")
    found: BillLine | None = rows.filter(bill__number=number, position=position).first()
    if found is None:
        raise not_found(BILL)
    return found


def draft(actor: Actor, contract: str) -> Bill:
    """The operator's draft for a contract. Raises Refusal `forbidden`, `not_found`."""
    gates.require_operator(actor)
    found = Bill.objects.visible_to(actor).filter(state="draft", agreement__number=contract).first()
    if found is None:
        raise not_found(BILL)
    return found


def drafts(actor: Actor) -> QuerySet[Bill]:
    rows: QuerySet[Bill] = Bill.objects.visible_to(actor).filter(state="draft")
    return rows.select_related("agreement", "buyer", "supplier").order_by("agreement__number")


@dataclass(frozen=True)
class Totals:
    """How many bills stand at each stage and what they amount to, in 分."""

    counts: dict[str, int]
    amounts: dict[str, int]


def totals(rows: QuerySet[Any]) -> Totals:
    counts: dict[str, int] = {}
    amounts: dict[str, int] = {}
    for name, state in STATES.items():
        found = rows.filter(Q(state=name)).aggregate(sum=Sum("total_fen", filter=~Q(kind="credit_note")))
        count = rows.filter(state=name).count()
        counts[state.stage] = counts.get(state.stage, 0) + count
        amounts[state.stage] = amounts.get(state.stage, 0) + int(found["sum"] or 0)
    return Totals(counts, amounts)


def count_to_confirm(actor: Actor) -> int:
    """Bills that wait for this person's confirmation."""
    if not actor.duties & gates.BUYER_DUTIES:
        return 0
    return int(Bill.objects.visible_to(actor).filter(state="issued", buyer_id=actor.party_id or 0).count())


def steps_for(found: Bill, actor: Actor) -> list[str]:
    """Names of the steps (`lifecycle.MOVES`) that the actor may take on the bill now, the usual one first."""
    if gates.may_decide_for(found.buyer_id, actor):
        return possible(found, "confirm", "dispute", "contest")
    if gates.is_operator_finance(actor):
        credit = (
            ["credit"] if found.kind == Bill.Kind.BILL and found.state in (*OPEN, "settled") and found.due_fen else []
        )
        whole = [] if found.credited_fen else possible(found, "void", "refund")
        return [*possible(found, "split", "reject_dispute", "dismiss"), *credit, *whole]
    return []
