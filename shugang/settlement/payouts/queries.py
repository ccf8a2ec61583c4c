"""Reads of what passed between the platform and the custodian."""

from __future__ import annotations

from django.db.models import F, QuerySet

from shugang.kernel.actors import Actor

from .. import gates
from ..bills.models import Bill
from .models import BankFile, BankLine, PayoutInstruction
from .receivers import awaiting


def lines(actor: Actor, state: str = "") -> QuerySet[BankLine]:
    rows: QuerySet[BankLine] = BankLine.objects.visible_to(actor).select_related("file", "bill", "instruction")
    return rows.filter(state=state) if state else rows


def open_instructions(actor: Actor) -> QuerySet[PayoutInstruction]:
    rows: QuerySet[PayoutInstruction] = PayoutInstruction.objects.visible_to(actor).exclude(state="done")
    return rows.select_related("bill").order_by("pk")


def newest_file(actor: Actor) -> BankFile | None:
    found: BankFile | None = BankFile.objects.visible_to(actor).order_by("-seq").first()
    return found


def candidates(actor: Actor, amount_fen: int) -> list[str]:
    """Numbers of bills and deposits that a receipt of this amount could belong to."""
    gates.require_operator(actor)
    rows = (
        Bill.objects.visible_to(actor)
        .filter(state="confirmed", total_fen=amount_fen + F("credited_fen"))
        .order_by("pk")
    )
    return [str(number) for number in rows.values_list("number", flat=True)] + awaiting(amount_fen)
