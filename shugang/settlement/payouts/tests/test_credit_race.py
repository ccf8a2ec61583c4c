"""Two finance people who refund at once give back no more than was booked."""

from __future__ import annotations

from datetime import UTC, date, datetime
from threading import Barrier, Thread

import pytest
from django.db import connection, connections

from shugang.kernel.errors import Refusal
from shugang.settlement.bills.models import Bill
from shugang.settlement.bills.services import confirm_bill
from shugang.settlement.payouts.credits import credit_bill
from shugang.settlement.payouts.models import PayoutInstruction
from shugang.settlement.payouts.services import instruct_all
from shugang.settlement.testing import issue, make_agreement, pay

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both]
HT = "HT-2026-000001"


def test_refunds_at_the_same_time_stay_within_what_was_booked(market, use):
    """Given ¥100.10, when four people refund ¥40 of it at once, then two succeed and ¥80 is ordered back."""
    if connection.vendor == "sqlite" and connection.is_in_memory_db():
        pytest.skip("threads share one SQLite file only when the test database is a file")
    agreement = make_agreement(market.buyer, market.supplier, HT, starts_on=date(2026, 12, 1))
    use(agreement, "found", 286, datetime(2026, 12, 1, 3, tzinfo=UTC))
    bill = confirm_bill(market.buyer_finance, issue(market.finance, HT).number)
    pay(market.finance, bill)
    instruct_all(market.finance)
    gate, errors = Barrier(4), list[str]()

    def run() -> None:
        try:
            gate.wait()
            credit_bill(market.finance, bill.number, {1: 4_000}, "多计用量，双方核对一致")
        except Refusal as refusal:
            errors.append(refusal.code)
        finally:
            connections.close_all()

    threads = [Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ordered = list(PayoutInstruction.objects.filter(purpose="refund").values_list("amount_fen", flat=True))
    assert (ordered, errors, Bill.objects.get(pk=bill.pk).credited_fen) == (
        [4_000] * 2,
        ["credit_too_large"] * 2,
        8_000,
    )
