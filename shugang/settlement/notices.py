"""What of settlement becomes a notice: bills and payments. No amounts: a subject shows no price."""

from __future__ import annotations

from collections.abc import Collection

from shugang.parties.notices.rules import Admitted, Rule, Side, register, register_many_sides
from shugang.policy.text import Text

from .bills.models import Bill

MONEY = ("finance", "manager")
BUYER, SUPPLIER = Side("bill", "buyer", MONEY), Side("bill", "supplier", MONEY)
VENUE = Admitted("operator", ("finance",))

RULES = (
    Rule("bill.issued", "money", Text("账单{number}已出具，请核对确认", "Bill {number} was issued; please check and confirm it"),
         (BUYER,), of="bill"),
    Rule("bill.issued", "money", Text("账单{number}已出具", "Bill {number} was issued"), (SUPPLIER,), of="bill"),
    Rule("bill.confirmed", "money", Text("账单{number}已由需方确认", "Bill {number} was confirmed by the buyer"),
         (SUPPLIER, VENUE), of="bill"),
    Rule("bill.disputed", "money", Text("账单{number}被提出异议", "Bill {number} is disputed"), (SUPPLIER, VENUE), of="bill"),
    Rule("bill.dispute_rejected", "money", Text("账单{number}的异议不成立", "The dispute of bill {number} was rejected"),
         (BUYER,), of="bill"),
    Rule("bill.paid", "money", Text("账单{number}已收款", "Bill {number} was paid"), (SUPPLIER,), of="bill"),
    Rule("bill.settled", "money", Text("账单{number}已分账结清", "Bill {number} is settled"), (BUYER, SUPPLIER), of="bill"),
    Rule("bill.voided", "money", Text("账单{number}已冲销", "Bill {number} was voided"), (BUYER, SUPPLIER), of="bill"),
    Rule("payout.failed", "money", Text("存管银行有一笔付款未能执行", "The custodian could not execute a payment"),
         (VENUE,), page="/desk"),
)  # fmt: skip


def _bills(numbers: Collection[str]) -> dict[str, dict[str, int]]:
    rows = Bill.objects.filter(number__in=numbers).values_list("number", "buyer_id", "supplier_id")
    return {str(number): {"buyer": buyer, "supplier": supplier} for number, buyer, supplier in rows}


def register_all() -> None:
    register(*RULES)
    register_many_sides("bill", _bills)
