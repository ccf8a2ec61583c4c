"""Use, bills, ledger and bank agree to the 分; whatever is tampered with shows as a difference."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.db import connection

from shugang.delivery.metering.models import UsageRecord
from shugang.kernel.errors import Refusal
from shugang.kernel.models import Event
from shugang.policy.priceplan import PricePlan, Tier
from shugang.settlement.bills.models import Bill, BillPeriod
from shugang.settlement.bills.services import confirm_bill, void_bill
from shugang.settlement.ledger.models import Account
from shugang.settlement.payouts import bank
from shugang.settlement.payouts.models import BankFile, BankLine, PayoutInstruction
from shugang.settlement.payouts.receiving import exchange
from shugang.settlement.payouts.services import match_receipt, refund_bill, return_receipt
from shugang.settlement.payouts.simulator import Payment, simulate_bank
from shugang.settlement.rating.services import BrokenChain, rate_period
from shugang.settlement.reconciliation.queries import reconcile, reconcile_for
from shugang.settlement.reconciliation.services import reconcile_yesterday, run_reconciliation
from shugang.settlement.reconciliation.statement import statement
from shugang.settlement.testing import issue, make_agreement, pay, settle

pytestmark = [pytest.mark.django_db, pytest.mark.both]
HT, SECOND = "HT-2026-000001", "HT-2026-000002"
OCTOBER = datetime(2026, 10, 10, 3, tzinfo=UTC)
NOVEMBER = datetime(2026, 11, 10, 3, tzinfo=UTC)
TIERS = PricePlan("tiered", tiers=(Tier(100, 50_000_000), Tier(None, 12_345_678)), billable=("found",), cap_fen=9_000)


@pytest.fixture
def history(market, use):
    """One contract settled with late use on the next bill, one graduated, voided and billed anew, a stray receipt."""
    first = make_agreement(market.buyer, market.supplier, HT)
    use(first, "found", 286, OCTOBER)
    settle(market.finance, market.buyer_finance, issue(market.finance, HT))
    use(first, "found", 7, OCTOBER)
    use(first, "not_found", 3, NOVEMBER)
    settle(market.finance, market.buyer_finance, issue(market.finance, HT))
    second = make_agreement(market.buyer, market.supplier, SECOND, TIERS)
    use(second, "found", 150, NOVEMBER)
    void_bill(market.finance, issue(market.finance, SECOND).number, "合同主体信息有误")
    bill = confirm_bill(market.buyer_finance, issue(market.finance, SECOND).number)
    simulate_bank([Payment("货款", bill.total_fen, "示例需方公司"), Payment("货款", 77, "示例需方公司")])
    exchange(market.finance)
    return first, second


def kinds(report) -> set[str]:
    return {check.kind for check in report.differences}


def test_a_lived_through_market_reconciles_to_zero(market, history, use):
    report = reconcile()
    assert report.differences == []
    assert report.total_difference_fen == 0
    assert {kind.kind for kind in report.kinds} == {"sequence", "use", "lines", "receipt", "split", "ledger", "bank"}
    assert [(o.kind, o.amount) for o in report.open if o.unit == "fen"] == [
        ("unpaid", 5_617),
        ("suspense", 5_617),
        ("suspense", 77),
    ]


def test_it_still_does_after_matching_returning_and_refunding(market, history, use):
    bill = Bill.objects.get(state="confirmed")
    right, wrong = BankLine.objects.filter(state="suspense").order_by("pk")
    match_receipt(market.finance, right.bank_ref, bill.number)
    return_receipt(market.finance, wrong.bank_ref)
    assert reconcile().total_difference_fen == 0
    refund_bill(market.finance, bill.number, "双方同意解除")
    assert reconcile().total_difference_fen == 0
    bank.send_instructions()
    simulate_bank()
    exchange(market.finance)
    report = reconcile()
    assert report.total_difference_fen == 0
    assert [(o.kind, o.subject, o.amount) for o in report.open if o.unit == "fen"] == [("unbilled", SECOND, 5_617)]


def test_late_use_is_unbilled_not_a_difference(market, history, use):
    use(history[0], "found", 100, OCTOBER)
    report = reconcile(contract=HT)
    assert report.total_difference_fen == 0
    assert [(o.kind, o.amount) for o in report.open if o.unit == "fen"] == [("unbilled", 3_500)]


def tamper(sql: str, *params: object) -> None:
    """Change rows behind the program's back, triggers of the database switched off."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute("SET session_replication_role = replica")
        else:
            for table in ("entry", "billline"):
                cursor.execute(f"DROP TRIGGER IF EXISTS settlement_{table}_no_update")
        cursor.execute(sql, params)
        if connection.vendor == "postgresql":
            cursor.execute("SET session_replication_role = origin")


TAMPERINGS = {
    "the quantities of a rating were raised": (
        lambda: BillPeriod.objects.filter(bill__number="ZD-2026-000001").update(quantities={"found": 287}),
        "use",
        35,
    ),
    "a bill's total was raised": (
        lambda: Bill.objects.filter(number="ZD-2026-000001").update(total_fen=10_011),
        "lines",
        1,
    ),
    "a line was lowered": (
        lambda: tamper(
            "UPDATE settlement_billline SET amount_fen = amount_fen - 2 WHERE id = "
            "(SELECT min(id) FROM settlement_billline)"
        ),
        "lines",
        2,
    ),
    "an entry was changed": (
        lambda: tamper(
            "UPDATE settlement_entry SET amount = amount + 3 WHERE id = "
            "(SELECT min(id) FROM settlement_entry WHERE amount > 0)"
        ),
        "ledger",
        3,
    ),
    "a balance was changed": (lambda: Account.objects.filter(code="platform:vat").update(balance=4), "ledger", 4),
    "an instruction was lowered": (
        lambda: PayoutInstruction.objects.filter(number="FZ-2026-000001").update(amount_fen=1),
        "split",
        9_509,
    ),
    "the bank states another balance": (
        lambda: BankFile.objects.filter(seq=BankFile.objects.order_by("-seq").first().seq).update(closing_fen=1),
        "bank",
        1,
    ),
    "the bank's line was changed": (
        lambda: BankLine.objects.filter(bank_ref="BK000001-001").update(amount_fen=10_015),
        "bank",
        5,
    ),
}


@pytest.mark.parametrize("name", TAMPERINGS)
def test_every_tampering_shows_as_a_difference(market, history, use, name):
    """Given books that agree, when one number is changed anywhere, then the report names where, never 0.00."""
    act, kind, least = TAMPERINGS[name]
    act()
    report = reconcile()
    assert kind in kinds(report), report.differences
    assert report.total_difference_fen >= least


def test_two_errors_do_not_cancel_out(market, history):
    Account.objects.filter(code="platform:vat").update(balance=4)
    Account.objects.filter(code="custody:bank").update(balance=-5_694 - 4)
    assert reconcile().total_difference_fen >= 8


def test_a_run_is_kept_with_its_event(market, history):
    run = run_reconciliation(market.finance)
    assert (run.number, run.difference_fen, run.report["total_difference_fen"]) == ("DZ-2026-000001", 0, 0)
    assert Event.objects.filter(kind="reconciliation.run", payload__difference_fen=0).count() == 1


def test_the_daily_run_is_kept_once(market, at):
    """Nothing charged: no run. Then yesterday is reconciled once, however often the worker passes."""
    assert reconcile_yesterday() is None
    make_agreement(market.buyer, market.supplier, HT)
    assert reconcile_yesterday().day.isoformat() == "2026-12-01"
    assert reconcile_yesterday() is None
    at(datetime(2026, 12, 3, 2, tzinfo=UTC))
    assert reconcile_yesterday().day.isoformat() == "2026-12-02"


def test_use_that_vanished_is_a_difference(market, history):
    """Given a settled bill, when one of its use records is gone, then the bill is no longer fully backed."""
    UsageRecord.objects.filter(charged=True, at=OCTOBER).order_by("pk")[0].delete()
    report = reconcile(contract=HT)
    assert kinds(report) == {"use"}
    assert report.total_difference_fen == 35


def test_a_tampered_statement_still_shows_and_says_so(market, history):
    Bill.objects.filter(number="ZD-2026-000001").update(total_fen=10_011)
    tamper(
        "UPDATE settlement_billline SET amount_fen = amount_fen - 2 WHERE id = "
        "(SELECT min(id) FROM settlement_billline)"
    )
    assert statement(market.buyer_finance, HT).difference_fen > 0
    before = Bill.objects.count()
    with pytest.raises(BrokenChain):
        rate_period(market.finance, HT)
    assert Bill.objects.count() == before


def test_who_takes_no_part_sees_no_reconciliation(market, history):
    assert reconcile_for(market.buyer_finance, HT).scope == HT
    for actor, contract in ((market.stranger, HT), (market.buyer_finance, "HT-2026-000099")):
        with pytest.raises(Refusal) as refusal:
            reconcile_for(actor, contract)
        assert refusal.value.code == "not_found"
    with pytest.raises(Refusal) as refusal:
        run_reconciliation(market.buyer_finance)
    assert refusal.value.code == "forbidden"


def test_the_receipt_of_a_paid_bill_is_compared(market, history, use):
    pay(market.finance, Bill.objects.get(state="confirmed"))
    assert reconcile().total_difference_fen == 0
    BankLine.objects.filter(bill__agreement__number=SECOND).update(bill=None)
    assert "receipt" in kinds(reconcile())
