"""Helpers for tests and the demonstration: an agreement, and a bill played from draft to settled by real verbs."""

from __future__ import annotations

import hashlib
from datetime import date, datetime, timedelta
from typing import Any

from shugang.delivery.metering.models import UsageRecord, plane_iso
from shugang.delivery.metering.services import fold_journal
from shugang.delivery.models import Grant, Plane
from shugang.delivery.plane.records import record_hash
from shugang.kernel import clock
from shugang.kernel.actors import SYSTEM, Actor
from shugang.parties.models import Party
from shugang.policy.priceplan import PricePlan

from .bills.models import Bill
from .bills.services import confirm_bill, issue_bill
from .charges.models import ChargeAgreement
from .charges.services import load_profiles, register_charge
from .payouts.receiving import exchange
from .payouts.reserve import release_due
from .payouts.services import instruct_all
from .payouts.simulator import Payment, simulate_bank
from .rating.services import rate_period

# 查得计费: 0.35 元 for a record that is found, nothing for one that is not.
PER_FOUND = PricePlan("per_unit", unit_price_e8=35_000_000, billable=("found",))


def make_agreement(
    buyer: Party,
    supplier: Party,
    number: str = "HT-2026-000001",
    plan: PricePlan = PER_FOUND,
    starts_on: date = date(2026, 9, 1),
    ends_on: date = date(2027, 8, 31),
    **more: Any,
) -> ChargeAgreement:
    """A registered agreement; its grant is numbered like its contract."""
    load_profiles()
    more.setdefault("grant", number.replace("HT", "SQ"))
    return register_charge(
        SYSTEM, number=number, buyer=buyer, supplier=supplier, plan=plan, starts_on=starts_on, ends_on=ends_on, **more
    )


def issue(operator: Actor, contract: str) -> Bill:
    """Rate what was used until now and issue the bill. Raises AssertionError when nothing is due."""
    if rate_period(operator, contract) is None:
        raise AssertionError(f"nothing to bill under {contract}")
    return issue_bill(operator, contract)


def pay(operator: Actor, bill: Bill, amount_fen: int | None = None) -> None:
    """The buyer pays at his bank; the custodian reports it; the platform reads the report."""
    amount = bill.due_fen if amount_fen is None else amount_fen
    simulate_bank([Payment(str(bill.number), amount, bill.buyer.name)])
    exchange(operator)


def settle(operator: Actor, buyer: Actor, bill: Bill) -> Bill:
    """Confirm, pay, split, pay out: the whole way of an issued bill, past its dispute window."""
    confirm_bill(buyer, str(bill.number))
    pay(operator, bill)
    instruct_all(operator)
    Bill.objects.filter(pk=bill.pk, state="reserved").update(reserved_until=clock.now() - timedelta(seconds=1))
    release_due()
    simulate_bank()
    exchange(operator)
    return Bill.objects.get(pk=bill.pk)


def _grant(agreement: ChargeAgreement) -> Grant:
    """The agreement's grant, as delivery would have issued it; charges what the plan bills."""
    now = clock.now()
    plane, _ = Plane.objects.get_or_create(
        number="JD-TEST", defaults={"name": "test", "state": "active", "lease_seconds": 1.0, "created_at": now}
    )
    defaults = {
        "grantee": agreement.buyer,
        "supplier": agreement.supplier,
        "product": "CP-TEST",
        "contract": agreement.number,
        "mode": "api",
        "terms": {},
        "terms_digest": "",
        "source": {},
        "plane": plane,
        "outcomes": {outcome: True for outcome in agreement.price_plan.billable},
        "issued_at": now,
        "valid_from": now - timedelta(days=3650),
        "valid_until": now + timedelta(days=3650),
    }
    return Grant.objects.get_or_create(number=agreement.grant, defaults=defaults)[0]


def record_use(agreement: ChargeAgreement, outcome: str, count: int, at: datetime, rows: int = 1) -> None:
    """`count` uses that a plane journalled at `at` (rule time), folded as its journal would be."""
    grant = _grant(agreement)
    plane = Plane.objects.get(number="JD-TEST")
    records, prev = [], plane.journal_head
    known = UsageRecord.objects.filter(plane=plane, grant_number=grant.number).count()
    for seq in range(plane.journal_seq + 1, plane.journal_seq + 1 + count):
        charged = grant.outcomes.get(outcome) is True
        record: dict[str, Any] = {
            "seq": seq,
            "grant": grant.number,
            "grant_seq": known + seq - plane.journal_seq,
            "credential": "MY-TEST",
            "request_id": f"r{seq}",
            "mode": "api",
            "action": "query",
            "outcome": outcome,
            "charged": charged,
            "charge_reason": "unit" if charged else "not_billable",
            "rows": rows,
            "bytes": 40 * rows,
            "at": plane_iso(at),
            "received_at": plane_iso(at),
            "version": 1,
            "answer_sha256": hashlib.sha256(str(seq).encode()).hexdigest(),
            "state": "answered",
            "detail": {},
            "prev": prev,
        }
        prev = record["hash"] = record_hash(record)
        records.append(record)
    fold_journal(plane, plane.journal_seq + 1, records)
