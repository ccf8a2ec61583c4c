"""A refund after the pay-out: its payees owe it, their own next pay-outs make it good, and the buyer waits for nobody else's."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.db import IntegrityError, transaction

from shugang.kernel.errors import Refusal
from shugang.parties.testing import make_actor, make_party
from shugang.settlement.bills.models import Bill
from shugang.settlement.charges.services import BrokerFee
from shugang.settlement.ledger import invariants
from shugang.settlement.ledger.models import Account
from shugang.settlement.payouts import bank, recovering
from shugang.settlement.payouts.credits import credit_bill
from shugang.settlement.payouts.models import BrokerLine, PayoutInstruction, Receivable, Recovery
from shugang.settlement.payouts.receiving import exchange
from shugang.settlement.payouts.simulator import simulate_bank
from shugang.settlement.reconciliation.monthly import month_of, sheets
from shugang.settlement.reconciliation.queries import reconcile
from shugang.settlement.testing import issue, make_agreement, settle

pytestmark = [pytest.mark.django_db]
WHEN = datetime(2026, 12, 1, 2, 0, tzinfo=UTC)
WHY = "交付与合同不符，冲减一部分。"
HT, OTHER = "HT-2026-000001", "HT-2026-000002"


def sound():
    assert invariants.violations() == []
    assert reconcile().total_difference_fen == 0


def settled(market, use, number=HT, count=1000, buyer=None, **more):
    agreement = make_agreement(buyer or market.buyer, market.supplier, number, commission_bp=500, **more)
    use(agreement, "found", count, WHEN)
    payer = make_actor(buyer, ["finance"]) if buyer else market.buyer_finance
    return settle(market.finance, payer, issue(market.finance, number))


def balance(code):
    found = Account.objects.filter(code=code).first()
    return found.balance if found else 0


def bank_acts(market):
    bank.send_instructions()
    simulate_bank()
    exchange(market.finance)


def test_a_settled_bill_that_is_credited_makes_its_payees_debtors_and_pays_nobody(market, use):
    # given ¥350.00 that was split 332.50 + 17.50 and paid out
    bill = settled(market, use)
    orders = PayoutInstruction.objects.count()
    # when ¥100.00 is credited
    note = credit_bill(market.finance, str(bill.number), {1: 10_000}, WHY)
    # then supplier and platform owe it by their parts, the buyer has a claim, and the custodian is told nothing
    owed = {r.party: 0 for r in Receivable.objects.all()}
    for row in Receivable.objects.filter(note=note):
        owed[row.party] += row.amount_fen
    assert owed == {market.supplier: 9_500, market.operator: 500}
    assert balance(f"receivable:{market.supplier.number}") == -9_500
    assert balance(f"buyer:{market.buyer.number}:claim") == 10_000 and balance("custody:bank") == 0
    assert PayoutInstruction.objects.count() == orders
    bill.refresh_from_db()
    assert (bill.state, bill.due_fen) == ("settled", 25_000)
    sound()
    # and each side sees it, a stranger does not
    assert recovering.receivables(market.supplier_finance).count() == 1
    assert recovering.receivables(market.buyer_finance).count() == Receivable.objects.count()
    assert not recovering.receivables(market.stranger).exists()
    month = sheets(month_of(market.supplier_finance, WHEN.date().replace(day=1)))
    assert "应追回款" in month[-1].title.zh and len(month[-1].rows) == 1


def test_the_debtors_next_pay_out_makes_it_good_and_the_buyer_gets_that_at_once(market, use):
    bill = settled(market, use)
    credit_bill(market.finance, str(bill.number), {1: 10_000}, WHY)
    # when another buyer's bill of ¥70.00 is split: all 66.50 of the supplier's part goes to the debt
    other = make_party("buyer", name="示例另一需方")
    later = settled(market, use, OTHER, 200, other)
    assert later.state == "settled"
    row = Receivable.objects.get(party=market.supplier)
    assert (row.recovered_fen, row.open_fen) == (6_650, 2_850)
    assert not PayoutInstruction.objects.filter(bill=later, purpose="supplier").exists()
    # the other buyer's money paid its own bill: what the first buyer got is what the debtors would have got
    refunds = PayoutInstruction.objects.filter(purpose="refund", payee=market.buyer)
    taken = sum(Recovery.objects.values_list("amount_fen", flat=True))
    assert sum(o.amount_fen for o in refunds) == taken == 7_000
    sound()
    bank_acts(market)
    assert set(refunds.values_list("state", flat=True)) == {"done"}
    # a third bill makes the rest good, and what is over is paid out
    third = settled(market, use, "HT-2026-000003", 1000, other)
    paid = PayoutInstruction.objects.get(bill=third, purpose="supplier").amount_fen
    assert paid == 33_250 - 2_850
    assert not recovering.receivables(market.finance, only_open=True).exists()
    bank_acts(market)
    assert {a.balance for a in Account.objects.all()} == {0}
    sound()


def test_a_second_credit_takes_what_is_left_and_never_more(market, use):
    bill = settled(market, use)
    credit_bill(market.finance, str(bill.number), {1: 10_000}, WHY)
    credit_bill(market.finance, str(bill.number), {1: 25_000}, WHY)
    assert sum(Receivable.objects.values_list("amount_fen", flat=True)) == 35_000
    bill.refresh_from_db()
    assert (bill.state, bill.due_fen) == ("settled", 0)
    with pytest.raises(Refusal) as no:
        credit_bill(market.finance, str(bill.number), {1: 1}, WHY)
    assert no.value.code == "credit_too_large"
    sound()


def test_contributors_and_a_broker_owe_their_parts_too(market, use):
    partner, broker = make_party("supplier"), make_party("reviewer")
    bill = settled(
        market, use, shares=[(market.supplier.number, 3), (partner.number, 1)], broker=BrokerFee(broker, 500, 0, 600)
    )
    note = credit_bill(market.finance, str(bill.number), {1: 7_000}, WHY)
    owed = dict(Receivable.objects.exclude(party=market.operator).values_list("party_id", "amount_fen"))
    assert owed == {market.supplier.pk: 4_725, partner.pk: 1_575, broker.pk: 350}
    assert BrokerLine.objects.get(bill=note).gross_fen == -350
    sound()


def test_while_the_bank_is_paying_it_out_it_waits(market, use):
    bill = settled(market, use)
    Bill.objects.filter(pk=bill.pk).update(state="splitting")
    with pytest.raises(Refusal) as no:
        credit_bill(market.finance, str(bill.number), {1: 1}, WHY)
    assert no.value.code == "paid_out" and not Receivable.objects.exists()


@pytest.mark.both
def test_the_database_recovers_no_more_than_is_owed(market, use):
    bill = settled(market, use)
    credit_bill(market.finance, str(bill.number), {1: 10_000}, WHY)
    row = Receivable.objects.first()
    with pytest.raises(IntegrityError), transaction.atomic():
        Receivable.objects.filter(pk=row.pk).update(recovered_fen=row.amount_fen + 1)
