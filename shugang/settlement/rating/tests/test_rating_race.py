"""Two people who press the button at once bill the use once."""

from __future__ import annotations

from datetime import UTC, datetime
from threading import Barrier, Thread

import pytest
from django.db import connection, connections

from shugang.kernel.errors import Refusal
from shugang.settlement.bills.models import Bill
from shugang.settlement.bills.services import issue_bill
from shugang.settlement.rating.services import rate_period
from shugang.settlement.testing import make_agreement

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both]
HT = "HT-2026-000001"


def test_runs_at_the_same_time_bill_once(market, use):
    """Given ten uses, when six people rate and issue at once, then the issued bills sum to ten uses, numbered 1..n."""
    if connection.vendor == "sqlite" and connection.is_in_memory_db():
        pytest.skip("threads share one SQLite file only when the test database is a file")
    agreement = make_agreement(market.buyer, market.supplier, HT)
    use(agreement, "found", 10, datetime(2026, 11, 10, 3, tzinfo=UTC))
    gate, errors = Barrier(6), []

    def run() -> None:
        try:
            gate.wait()
            if rate_period(market.finance, HT) is not None:
                issue_bill(market.finance, HT)
        except Refusal as refusal:  # another one issued the draft first
            errors.append(refusal.code)
        finally:
            connections.close_all()

    threads = [Thread(target=run) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    issued = list(Bill.objects.filter(number__isnull=False).values_list("number", "total_fen"))
    assert issued == [("ZD-2026-000001", 350)], errors
    assert set(errors) <= {"not_found"}
