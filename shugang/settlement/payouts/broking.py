"""The broker's fee (经纪报酬) of a bill: what its split gives him, what he is told, and what a credit takes back."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet, Sum

from shugang.kernel import clock
from shugang.kernel.actors import Actor
from shugang.policy.money import split_vat

from ..bills.models import Bill
from ..charges.models import ChargeAgreement
from ..ledger import accounts
from ..ledger.models import Transfer
from .models import BrokerLine
from .split import Shares, shares


def parts_of(bill: Bill, total_fen: int | None = None) -> Shares:
    """The division of `total_fen` (what is due now) by the bill's agreement; a fixed fee as far as the contract still owes it."""
    agreement = bill.agreement
    total = bill.due_fen if total_fen is None else total_fen
    fixed = _fixed_left(bill) if agreement.broker_fen else 0
    return shares(total, agreement.commission_bp, agreement.commission_tax_bp, agreement.broker_bp, fixed)


def _fixed_left(bill: Bill) -> int:
    """Of a split bill what it gave; else what the contract's fee has left after its other bills, credits counted back."""
    own = BrokerLine.objects.filter(bill=bill).first()
    if own is not None:
        return own.gross_fen
    if Transfer.objects.filter(key=f"split:{bill.number}").exists():
        return 0
    agreement = bill.agreement
    charges = [
        a.pk for a in ChargeAgreement.objects.filter(broker=agreement.broker) if a.contract == agreement.contract
    ]
    paid = BrokerLine.objects.filter(bill__agreement__in=charges).aggregate(sum=Sum("gross_fen"))["sum"] or 0
    return max(0, agreement.broker_fen - int(paid))


def note_fee(bill: Bill, gross_fen: int) -> BrokerLine | None:
    """One line of the broker's statement: of a bill what its split gave, of a credit note (negative) what it took back."""
    agreement = bill.agreement
    if agreement.broker is None or not gross_fen:
        return None
    _, tax = split_vat(gross_fen, agreement.broker_vat_bp)
    return BrokerLine.objects.create(
        bill=bill,
        broker=agreement.broker,
        gross_fen=gross_fen,
        tax_fen=tax,
        vat_bp=agreement.broker_vat_bp,
        at=clock.now(),
    )


def taken_back(bill: Bill, note: Bill, parts: dict[str, int]) -> None:
    """What a credit note takes out of the broker's part, account by account."""
    broker = bill.agreement.broker
    if broker is not None:
        own = {accounts.broker(broker.number, broker.pk).code, accounts.broker_reserve(broker.number, broker.pk).code}
        note_fee(note, -sum(amount for code, amount in parts.items() if code in own))


def lines(actor: Actor) -> QuerySet[BrokerLine]:
    """The acting broker's statement; for a supplier what its brokers got, for platform finance all. Newest first."""
    rows: QuerySet[BrokerLine] = BrokerLine.objects.visible_to(actor)
    return rows.select_related("bill__agreement", "bill__supplier", "broker")


def sums(rows: QuerySet[BrokerLine]) -> dict[str, int]:
    found = rows.order_by().aggregate(gross=Sum("gross_fen"), tax=Sum("tax_fen"))
    gross, tax = int(found["gross"] or 0), int(found["tax"] or 0)
    return {"gross_fen": gross, "tax_fen": tax, "net_fen": gross - tax}


def as_json(row: BrokerLine) -> dict[str, Any]:
    return {
        "bill": row.bill.number, "contract": row.bill.agreement.contract, "broker": row.broker.number,
        "supplier": row.bill.supplier.number, "gross_fen": row.gross_fen, "net_fen": row.net_fen, "tax_fen": row.tax_fen,
        "vat_bp": row.vat_bp, "at": row.at,
    }  # fmt: skip
