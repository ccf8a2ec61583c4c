"""Helpers for tests and the demonstration: an agreement, and a bill played from draft to settled by real verbs."""

from __future__ import annotations

from datetime import date
from typing import Any

from shugang.kernel.actors import SYSTEM, Actor
from shugang.parties.models import Party
from shugang.policy.priceplan import PricePlan

from .bills.models import Bill
from .bills.services import confirm_bill, issue_bill
from .charges.models import ChargeAgreement
from .charges.services import load_profiles, register_charge
from .payouts.receiving import exchange
from .payouts.services import instruct_all
from .payouts.simulator import Payment, simulate_bank
from .rating.services import rate_period

# 查得计费: 0.35 元 for a record that is found, nothing for one that is not.
PER_FOUND = PricePlan("per_unit", unit_price_e8=35_000_000, billable=("found",))


def make_agreement(
    buyer: Party, supplier: Party, number: str = "HT-2026-000001", plan: PricePlan = PER_FOUND,
    starts_on: date = date(2026, 9, 1), ends_on: date = date(2027, 8, 31), **more: Any,
) -> ChargeAgreement:
    """A registered agreement; its grant is numbered like its contract."""
    load_profiles()
    more.setdefault("grant", number.replace("HT", "SQ"))
    return register_charge(SYSTEM, number=number, buyer=buyer, supplier=supplier, plan=plan, starts_on=starts_on,
                           ends_on=ends_on, **more)


def issue(operator: Actor, contract: str) -> Bill:
    """Rate what was used until now and issue the bill. Raises AssertionError when nothing is due."""
    if rate_period(operator, contract) is None:
        raise AssertionError(f"nothing to bill under {contract}")
    return issue_bill(operator, contract)


def pay(operator: Actor, bill: Bill, amount_fen: int | None = None) -> None:
    """The buyer pays at his bank; the custodian reports it; the platform reads the report."""
    amount = bill.total_fen if amount_fen is None else amount_fen
    simulate_bank([Payment(str(bill.number), amount, bill.buyer.name)])
    exchange(operator)


def settle(operator: Actor, buyer: Actor, bill: Bill) -> Bill:
    """Confirm, pay, split, pay out: the whole way of an issued bill."""
    confirm_bill(buyer, str(bill.number))
    pay(operator, bill)
    instruct_all(operator)
    simulate_bank()
    exchange(operator)
    return Bill.objects.get(pk=bill.pk)
