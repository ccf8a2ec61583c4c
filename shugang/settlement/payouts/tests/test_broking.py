"""The broker's fee is a line of the split: frozen with the charge, exact to the 分, with its own tax, taken back by credits."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shugang.kernel import clock
from shugang.kernel.errors import Refusal
from shugang.parties.testing import make_actor, make_party
from shugang.policy.money import allocate, split_vat
from shugang.settlement.bills.models import Bill
from shugang.settlement.charges.models import ChargeAgreement
from shugang.settlement.charges.services import BrokerFee
from shugang.settlement.ledger import invariants
from shugang.settlement.ledger.models import Account
from shugang.settlement.payouts import broking
from shugang.settlement.payouts.credits import credit_bill
from shugang.settlement.payouts.models import BankLine, BrokerLine, PayoutInstruction
from shugang.settlement.payouts.services import instruct_all
from shugang.settlement.payouts.split import shares
from shugang.settlement.reconciliation.queries import reconcile
from shugang.settlement.testing import confirm_bill, issue, make_agreement, pay, settle

pytestmark = [pytest.mark.django_db]
WHEN = datetime(2026, 12, 1, 2, 0, tzinfo=UTC)


@given(st.integers(0, 10**9), st.integers(0, 3000), st.integers(0, 5000), st.integers(0, 10**8), st.integers(0, 1700))
def test_the_parts_sum_to_the_bill_and_none_is_below_zero(total, commission, rate, fixed, vat):
    for bp, fen in ((rate, 0), (0, fixed)):
        parts = shares(total, commission, vat, bp, fen)
        assert sum(parts) == total and min(parts) >= 0
        assert parts.broker <= max(fen, total * bp // 10_000 + 1)
    supplier, platform = allocate(total, [10_000 - commission, commission])
    assert shares(total, commission, vat) == (supplier, *split_vat(platform, vat), 0)


def agreed(market, broker, bp=0, fen=0, **more):
    return make_agreement(
        market.buyer, market.supplier, commission_bp=300, broker=BrokerFee(broker, bp, fen, 600), **more
    )


def test_a_rate_is_a_line_of_each_split_with_its_own_tax_and_is_paid_out(market, use):
    # given an agreement whose broker earns 2.5 % of each bill
    broker = make_party("reviewer", name="示例经纪公司")
    agreed(market, broker, bp=250)
    use(agreement=ChargeAgreement.objects.get(), outcome="found", count=1001, at=WHEN)
    bill = settle(market.finance, market.buyer_finance, issue(market.finance, "HT-2026-000001"))
    # then the parts sum to the bill, the broker's to the largest remainder, tax in it
    paid = dict(PayoutInstruction.objects.filter(bill=bill).values_list("purpose", "amount_fen"))
    assert bill.state == "settled" and sum(paid.values()) == bill.total_fen == 35_035
    assert paid["broker"] == 876 and set(paid) == {"supplier", "broker", "commission", "vat"}
    row = BrokerLine.objects.get()
    assert (row.gross_fen, row.tax_fen, row.net_fen) == (876, 50, 826)
    assert BankLine.objects.filter(instruction__payee=broker, state="matched").count() == 1
    # and each side sees what concerns it, a stranger nothing
    own = broking.sums(broking.lines(make_actor(broker, ["finance"])))
    assert own == {"gross_fen": 876, "tax_fen": 50, "net_fen": 826}
    assert broking.lines(market.supplier_finance).count() == 1 and broking.lines(market.finance).count() == 1
    assert not broking.lines(market.stranger).exists() and not broking.lines(market.buyer_finance).exists()
    assert invariants.violations() == [] and reconcile().total_difference_fen == 0


def test_a_fixed_fee_is_taken_once_a_contract_over_its_bills(market, use):
    broker = make_party("reviewer")
    agreement = agreed(market, broker, fen=50_000)
    for count in (1000, 1000, 1000):
        use(agreement=agreement, outcome="found", count=count, at=WHEN)
        settle(market.finance, market.buyer_finance, issue(market.finance, agreement.number))
    given_ = list(BrokerLine.objects.order_by("pk").values_list("gross_fen", flat=True))
    # 35,000 分 a bill less 3 % for the platform: all of the first, the rest of the second, nothing of the third
    assert given_ == [33_950, 16_050] and reconcile().total_difference_fen == 0


def test_a_credit_within_the_window_takes_the_brokers_part_back_too(market, use):
    broker = make_party("reviewer")
    agreement = agreed(market, broker, bp=1000, reserve_days=7)
    use(agreement=agreement, outcome="found", count=1000, at=WHEN)
    bill = issue(market.finance, agreement.number)
    confirm_bill(market.buyer_finance, str(bill.number))
    pay(market.finance, bill)
    instruct_all(market.finance)
    reserve = Account.objects.get(code=f"broker:{broker.number}:reserve")
    assert reserve.balance == 3_500
    note = credit_bill(market.finance, str(bill.number), {1: 7_000}, "数据质量不符，冲减两成。")
    reserve.refresh_from_db()
    assert reserve.balance == 2_800
    assert BrokerLine.objects.get(bill=note).gross_fen == -700
    assert broking.sums(broking.lines(make_actor(broker, ["finance"])))["gross_fen"] == 2_800
    assert invariants.violations() == [] and reconcile().total_difference_fen == 0
    Bill.objects.filter(pk=bill.pk).update(reserved_until=clock.now() - timedelta(seconds=1))


@pytest.mark.parametrize("wrong", ["both", "none", "supplier", "too_much"])
def test_a_fee_that_cannot_be_is_refused(market, wrong):
    party = market.supplier if wrong == "supplier" else make_party("reviewer")
    bp, fen = {"both": (100, 100), "none": (0, 0), "too_much": (9_800, 0)}.get(wrong, (100, 0))
    with pytest.raises(Refusal) as no:
        agreed(market, party, bp, fen)
    assert no.value.code == "invalid_broker" and not ChargeAgreement.objects.exists()
