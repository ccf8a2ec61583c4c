"""Every kind of plan billed from metered use, in the database: by day, by time, by what the buyer reports."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from shugang.delivery.metering.models import UsageRecord
from shugang.kernel.errors import Refusal
from shugang.kernel.models import Event
from shugang.policy.priceplan import PricePlan
from shugang.settlement.charges.models import RevenueReport
from shugang.settlement.charges.revenue import report_revenue
from shugang.settlement.payouts.models import PayoutInstruction
from shugang.settlement.rating.services import rate_period
from shugang.settlement.reconciliation.queries import reconcile
from shugang.settlement.testing import issue, make_agreement, settle

pytestmark = pytest.mark.django_db
FOUND = ("found",)
BASIS = "应用程序本月营业收入，见总账第12页。"


def lines(bill) -> list[tuple[str, int, int]]:
    return [(x.charge_reason, x.quantity, x.amount_fen) for x in bill.lines.order_by("position")]


def test_a_daily_cap_goes_by_the_city_s_day(market, use):
    """Given 1.00 a call, at most 5.00 a day: four calls at 23:30 Beijing time and four an hour later are two days."""
    plan = PricePlan("per_unit", unit_price_e8=10**8, billable=FOUND, daily_cap_fen=500)
    agreement = make_agreement(market.buyer, market.supplier, plan=plan)
    use(agreement, "found", 4, datetime(2026, 11, 9, 15, 30, tzinfo=UTC))
    use(agreement, "found", 4, datetime(2026, 11, 9, 16, 30, tzinfo=UTC))
    bill = rate_period(market.finance, agreement.number)
    assert lines(bill) == [("unit", 8, 800)]
    # when three more fall on the second day, then the cap takes two calls' price off
    use(agreement, "found", 3, datetime(2026, 11, 10, 3, 0, tzinfo=UTC))
    bill = issue(market.finance, agreement.number)
    assert (lines(bill), bill.total_fen) == ([("unit", 11, 1100), ("day_capped", 0, -200)], 900)
    # and use that comes late is billed as a difference within the same cap
    use(agreement, "found", 9, datetime(2026, 11, 9, 15, 31, tzinfo=UTC))
    later = issue(market.finance, agreement.number)
    assert later.total_fen == 100
    assert reconcile(contract=agreement.number).differences == []


def test_a_package_lapses_over_the_turn_of_the_month(market, use):
    """Given 10 calls for 30 days: 6 on 20 November, 3 on 1 December are one package; one after its end is another."""
    plan = PricePlan("package", price_fen=5000, package_size=10, valid_days=30, billable=FOUND)
    agreement = make_agreement(market.buyer, market.supplier, plan=plan)
    use(agreement, "found", 6, datetime(2026, 10, 20, 3, 0, tzinfo=UTC))
    use(agreement, "found", 3, datetime(2026, 11, 1, 3, 0, tzinfo=UTC))
    assert issue(market.finance, agreement.number).total_fen == 5000
    use(agreement, "found", 1, datetime(2026, 11, 19, 3, 0, tzinfo=UTC))
    assert issue(market.finance, agreement.number).total_fen == 5000
    assert reconcile(contract=agreement.number).differences == []


def test_a_stream_is_billed_by_the_time_of_its_windows(market, use):
    plan = PricePlan("per_unit", unit="seconds", unit_price_e8=6 * 10**7, unit_size=60, billable=("delivered",))
    agreement = make_agreement(market.buyer, market.supplier, plan=plan)
    use(agreement, "delivered", 2, datetime(2026, 11, 9, 3, 0, tzinfo=UTC))
    spans = [
        ("2026-11-09T03:00:00.000Z", "2026-11-09T03:00:59.600Z"),
        ("2026-11-09T03:00:59.600Z", "2026-11-09T03:02:00.500Z"),
    ]
    for row, (start, end) in zip(UsageRecord.objects.order_by("pk"), spans, strict=True):
        _with_detail(row, {"from": start, "until": end})
    bill = rate_period(market.finance, agreement.number)
    assert lines(bill) == [("unit", 120, 120)]


def _with_detail(row: UsageRecord, detail: dict) -> None:
    """As the plane journals a window; records are append-only, so the test lifts that guard for itself."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT name, sql FROM sqlite_master WHERE type='trigger' AND tbl_name='delivery_usagerecord'")
        triggers = cursor.fetchall()
        for name, _ in triggers:
            cursor.execute(f"DROP TRIGGER {name}")
        UsageRecord.objects.filter(pk=row.pk).update(detail=detail)
        for _, sql in triggers:
            cursor.execute(sql)


def test_a_subscription_is_billed_when_its_period_begins(market, use):
    plan = PricePlan("period", price_fen=30_000, every="quarter")
    agreement = make_agreement(market.buyer, market.supplier, plan=plan, starts_on=date(2026, 9, 1))
    use(agreement, "found", 4, datetime(2026, 9, 9, 3, 0, tzinfo=UTC))
    bill = issue(market.finance, agreement.number)
    assert lines(bill) == [("period", 1, 30_000), ("in_period", 4, 0), ("period", 1, 30_000)]
    assert rate_period(market.finance, agreement.number) is None


def test_a_reported_revenue_is_shared_and_a_correction_is_a_difference(market, use):
    plan = PricePlan("revenue", unit="revenue", share_bp=500)
    agreement = make_agreement(market.buyer, market.supplier, plan=plan)
    use(agreement, "found", 2, datetime(2026, 11, 9, 3, 0, tzinfo=UTC))
    said = {"period_from": "2026-11-01", "revenue_yuan": "12000.50", "basis": BASIS}
    report_revenue(market.buyer_finance, agreement.number, said)
    bill = issue(market.finance, agreement.number)
    assert lines(bill) == [("share", 1_200_050, 60_003), ("in_share", 2, 0)]
    report_revenue(market.buyer_finance, agreement.number, {**said, "revenue_yuan": "13000.50"})
    assert issue(market.finance, agreement.number).total_fen == 5000
    assert reconcile(contract=agreement.number).differences == []


@pytest.mark.parametrize(
    ("who", "said", "code"),
    [
        ("supplier_finance", {}, "forbidden"),
        ("stranger", {}, "not_found"),
        ("buyer_finance", {"period_from": "2026-11-02"}, "invalid_form"),
        ("buyer_finance", {"period_from": "2027-01-01"}, "invalid_form"),
        ("buyer_finance", {"revenue_yuan": "-5"}, "invalid_form"),
    ],
)
def test_only_the_buyer_reports_a_period_that_has_begun(market, who, said, code):
    agreement = make_agreement(market.buyer, market.supplier, plan=PricePlan("revenue", unit="revenue", share_bp=500))
    before = Event.objects.count()
    with pytest.raises(Refusal) as refused:
        good = {"period_from": "2026-11-01", "revenue_yuan": "1", "basis": BASIS}
        report_revenue(getattr(market, who), agreement.number, {**good, **said})
    assert refused.value.code == code
    assert (RevenueReport.objects.count(), Event.objects.count()) == (0, before)


def test_frozen_shares_divide_the_supplier_s_part(market, use):
    """Largest remainder among the contributors, each paid by an order of his own; nothing is lost."""
    other = market.stranger.party
    shares = [(market.supplier.number, 2), (other.number, 1)]
    agreement = make_agreement(market.buyer, market.supplier, shares=shares)
    use(agreement, "found", 100, datetime(2026, 11, 9, 3, 0, tzinfo=UTC))
    bill = settle(market.finance, market.buyer_finance, issue(market.finance, agreement.number))
    paid = dict(PayoutInstruction.objects.filter(bill=bill).values_list("purpose", "amount_fen"))
    assert bill.state == "settled" and sum(paid.values()) == bill.total_fen
    part = paid["supplier"] + paid["contributor"]
    assert abs(paid["contributor"] * 3 - part) < 3
    assert PayoutInstruction.objects.get(purpose="contributor").payee == other
    assert reconcile(contract=agreement.number).differences == []


@pytest.mark.parametrize("weights", [[("JG-NONE", 1)], [("supplier", 1), ("supplier", 2)], [("supplier", 0)]])
def test_shares_name_known_parties_once(market, weights):
    shares = [(market.supplier.number if name == "supplier" else name, weight) for name, weight in weights]
    with pytest.raises(Refusal) as refused:
        make_agreement(market.buyer, market.supplier, shares=shares)
    assert refused.value.code == "invalid_shares"
