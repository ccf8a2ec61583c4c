"""A deposit is asked for once, held by the custodian's word only, and ends once: returned or forfeited, to the 分."""

from __future__ import annotations

import pytest

from shugang.kernel.actors import SYSTEM
from shugang.kernel.errors import Refusal
from shugang.kernel.models import Event
from shugang.settlement.deposits import queries
from shugang.settlement.deposits.models import Deposit
from shugang.settlement.deposits.services import forfeit_deposit, return_deposit, take_deposit
from shugang.settlement.ledger.models import Account, Entry
from shugang.settlement.payouts import bank
from shugang.settlement.payouts.models import BankLine, PayoutInstruction
from shugang.settlement.payouts.receiving import exchange
from shugang.settlement.payouts.services import match_receipt, retry_instruction
from shugang.settlement.payouts.simulator import Payment, simulate_bank
from shugang.settlement.reconciliation.queries import reconcile

pytestmark = [pytest.mark.django_db, pytest.mark.both]
KEY = "JJ-2026-000001"


def balances() -> dict[str, int]:
    return {a.code: a.balance for a in Account.objects.all() if a.balance}


def footprint() -> tuple[object, ...]:
    rows = list(Deposit.objects.values_list("state", "amount_fen", "forfeited_fen"))
    return balances(), rows, Entry.objects.count(), Event.objects.count(), PayoutInstruction.objects.count()


def refused(act, *args, **named) -> str:
    before = footprint()
    with pytest.raises(Refusal) as refusal:
        act(*args, **named)
    assert footprint() == before
    return refusal.value.code


def exchange_with_bank(market, *payments: Payment, **more) -> None:
    bank.send_instructions()
    simulate_bank(payments, **more)
    exchange(market.finance)


@pytest.fixture
def asked(market):
    return take_deposit(market.buyer_finance, market.buyer, KEY, 50_001, [("auction", KEY)], "竞价JJ-2026-000001")


@pytest.fixture
def held(market, asked):
    exchange_with_bank(market, Payment(asked.number, 50_001, market.buyer.name))
    asked.refresh_from_db()
    return asked


def test_it_is_asked_for_once_and_held_when_the_custodian_reports_it(market, asked):
    """Given a deposit asked for, when exactly its amount arrives under its number, then it is held."""
    assert (asked.number, asked.state) == ("BZ-2026-000001", "required")
    assert take_deposit(SYSTEM, market.buyer, KEY, 50_001) == asked
    assert refused(take_deposit, SYSTEM, market.buyer, KEY, 50_000) == "deposit_differs"
    exchange_with_bank(market, Payment(asked.number, 50_001, market.buyer.name))
    asked.refresh_from_db()
    assert (asked.state, asked.paid_at is not None) == ("held", True)
    assert balances() == {"custody:bank": -50_001, f"deposit:{market.buyer.number}": 50_001}
    told = Event.objects.get(kind="deposit.held")
    assert {("deposit", asked.number), ("auction", KEY)} <= set(told.refs.values_list("kind", "key"))
    assert reconcile().total_difference_fen == 0


@pytest.mark.parametrize(
    "reference, amount", [("BZ-2026-000001", 50_000), ("BZ-2026-000009", 50_001), ("保证金", 50_001)]
)
def test_a_receipt_that_does_not_fit_waits_in_suspense(market, asked, reference, amount):
    exchange_with_bank(market, Payment(reference, amount, market.buyer.name))
    line = BankLine.objects.get()
    assert (Deposit.objects.get().state, line.state, bool(line.note_zh)) == ("required", "suspense", True)
    if amount != asked.amount_fen:
        assert refused(match_receipt, market.finance, line.bank_ref, asked.number) == "does_not_fit"
        return
    assert refused(match_receipt, market.buyer_finance, line.bank_ref, asked.number) == "forbidden"
    match_receipt(market.finance, line.bank_ref, asked.number)
    assert (Deposit.objects.get().state, BankLine.objects.get().state) == ("held", "matched")
    assert balances() == {"custody:bank": -50_001, f"deposit:{market.buyer.number}": 50_001}
    assert reconcile().total_difference_fen == 0


def test_a_second_payment_and_a_report_replayed_hold_nothing_more(market, held):
    exchange_with_bank(market, Payment(held.number, 50_001, market.buyer.name))
    assert BankLine.objects.filter(state="suspense").count() == 1
    before = footprint()
    assert exchange(market.finance) == []
    assert footprint() == before


def test_it_is_returned_once_and_a_refused_payment_is_sent_again(market, held):
    return_deposit(SYSTEM, market.buyer, KEY, "未中标")
    assert (Deposit.objects.get().state, balances()[f"buyer:{market.buyer.number}:refund"]) == ("returning", 50_001)
    assert refused(return_deposit, SYSTEM, market.buyer, KEY, "再退一次") == "wrong_state"
    assert refused(forfeit_deposit, SYSTEM, market.buyer, KEY, to=market.supplier, reason="改为扣划") == "wrong_state"
    order = PayoutInstruction.objects.get(purpose="deposit")
    exchange_with_bank(market, reject={order.number: "账户已注销"})
    order.refresh_from_db()
    assert (order.state, Deposit.objects.get().state) == ("failed", "returning")
    retry_instruction(market.finance, order.number)
    exchange_with_bank(market)
    assert (Deposit.objects.get().state, balances()) == ("returned", {})
    assert reconcile().total_difference_fen == 0


def test_it_is_forfeited_in_part_and_the_rest_goes_back(market, held):
    for amount in (0, 50_002):
        code = refused(forfeit_deposit, SYSTEM, market.buyer, KEY, to=market.supplier, reason="悔标", amount_fen=amount)
        assert code == "invalid_amount"
    assert refused(forfeit_deposit, SYSTEM, market.buyer, KEY, to=market.buyer, reason="悔标") == "invalid_amount"
    forfeit_deposit(SYSTEM, market.buyer, KEY, to=market.supplier, reason="中标后不签约", amount_fen=20_000)
    orders = {(o.purpose, o.payee.number): o.amount_fen for o in PayoutInstruction.objects.all()}
    assert orders == {("forfeit", market.supplier.number): 20_000, ("deposit", market.buyer.number): 30_001}
    exchange_with_bank(market)
    found = Deposit.objects.get()
    assert (found.state, found.forfeited_fen, found.beneficiary, balances()) == (
        "forfeited", 20_000, market.supplier, {},
    )  # fmt: skip


def test_one_that_was_not_paid_is_cancelled_and_a_late_payment_waits(market, asked):
    assert return_deposit(SYSTEM, market.buyer, KEY, "竞价取消").state == "cancelled"
    assert refused(forfeit_deposit, SYSTEM, market.buyer, KEY, to=market.supplier, reason="悔标") == "wrong_state"
    exchange_with_bank(market, Payment(asked.number, 50_001, market.buyer.name))
    assert BankLine.objects.get().state == "suspense"


def test_who_sees_it(market, held):
    for actor, count in (
        (market.buyer_finance, 1),
        (market.finance, 1),
        (market.supplier_finance, 0),
        (market.stranger, 0),
    ):
        assert queries.deposits(actor).count() == count
    forfeit_deposit(SYSTEM, market.buyer, KEY, to=market.supplier, reason="中标后不签约")
    assert queries.deposits(market.supplier_finance).count() == 1
