"""Dispute window, partial credit notes, refunds: nothing leaves before the window ends, nothing goes back twice."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from django.db import IntegrityError, transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from shugang.kernel.actors import SYSTEM
from shugang.kernel.errors import Refusal
from shugang.kernel.models import Event
from shugang.policy.money import split_vat
from shugang.policy.priceplan import OutcomePrice, PricePlan
from shugang.settlement.bills.credits import credit_tax
from shugang.settlement.bills.models import Bill, BillLine
from shugang.settlement.bills.services import confirm_bill, void_bill
from shugang.settlement.ledger.models import Account, Entry
from shugang.settlement.payouts import bank, services
from shugang.settlement.payouts.credits import credit_bill
from shugang.settlement.payouts.models import BankLine, PayoutInstruction
from shugang.settlement.payouts.prepaid import return_prepaid
from shugang.settlement.payouts.receiving import exchange
from shugang.settlement.payouts.reserve import contest_bill, dismiss_objection, release_due, release_reserve, remaining
from shugang.settlement.payouts.simulator import Payment, simulate_bank
from shugang.settlement.rating.services import rate_period
from shugang.settlement.reconciliation.queries import reconcile
from shugang.settlement.reconciliation.statement import statement
from shugang.settlement.testing import issue, make_agreement, pay

database = [pytest.mark.django_db, pytest.mark.both]
HT = "HT-2026-000001"
WHY = "第1行多计用量，双方核对一致"
DECEMBER = datetime(2026, 12, 1, 3, tzinfo=UTC)
AFTER = datetime(2026, 12, 9, 16, 0, 1, tzinfo=UTC)  # the eighth day begins in the city
# 查得 0.35 元, 不一致 0.20 元: two lines.
BOTH = PricePlan(
    "by_outcome",
    prices=(OutcomePrice("found", 35_000_000), OutcomePrice("mismatch", 20_000_000)),
    billable=("found", "mismatch"),
)


def balances() -> dict[str, int]:
    return {a.code: a.balance for a in Account.objects.all() if a.balance}


def footprint() -> tuple[object, ...]:
    bills = list(Bill.objects.order_by("pk").values_list("state", "revision", "credited_fen"))
    return balances(), bills, Entry.objects.count(), Event.objects.count(), PayoutInstruction.objects.count()


def refused(act, *args) -> str:
    before = footprint()
    with pytest.raises(Refusal) as refusal:
        act(*args)
    assert footprint() == before
    return refusal.value.code


def bank_acts(market, *payments: Payment, **more) -> None:
    bank.send_instructions()
    simulate_bank(payments, **more)
    exchange(market.finance)


@pytest.fixture
def confirmed(market, use):
    """¥100.10 for 286 records found, confirmed; the contract began under the rules with a window of 7 days."""
    agreement = make_agreement(market.buyer, market.supplier, HT, starts_on=date(2026, 12, 1))
    assert (agreement.reserve_days, agreement.commission_tax_bp, agreement.vat_by_date) == (7, 600, True)
    use(agreement, "found", 286, DECEMBER)
    return confirm_bill(market.buyer_finance, issue(market.finance, HT).number)


@pytest.fixture
def reserved(market, confirmed):
    pay(market.finance, confirmed)
    services.instruct_all(market.finance)
    confirmed.refresh_from_db()
    return confirmed


class TestWindow:
    pytestmark = database

    def test_parts_stay_until_the_window_ends_and_then_the_pass_pays_them_out(self, market, reserved, at):
        """Given a split bill, when seven days are over, then the worker's pass orders the three parts, once."""
        seller = f"seller:{market.supplier.number}"
        kept = {"custody:bank": -10_010, f"{seller}:reserve": 9_510, "platform:commission": 472, "platform:vat": 28}
        assert (reserved.state, balances(), PayoutInstruction.objects.count()) == ("reserved", kept, 0)
        assert release_due() == 0 and refused(release_reserve, SYSTEM, reserved.number) == "too_early"
        assert reconcile().total_difference_fen == 0
        at(AFTER)
        assert refused(release_reserve, market.buyer_finance, reserved.number) == "forbidden"
        assert (release_due(), release_due()) == (1, 0)
        orders = dict(PayoutInstruction.objects.values_list("purpose", "amount_fen"))
        assert orders == {"supplier": 9_510, "commission": 472, "vat": 28}
        assert balances() == {**{k: v for k, v in kept.items() if "reserve" not in k}, f"{seller}:payable": 9_510}
        bank_acts(market)
        reserved.refresh_from_db()
        assert (reserved.state, balances(), reconcile().total_difference_fen) == ("settled", {}, 0)

    def test_a_contested_bill_keeps_its_money_until_the_answer(self, market, reserved, at):
        assert refused(contest_bill, market.supplier_finance, reserved.number, WHY) == "forbidden"
        assert refused(contest_bill, market.stranger, reserved.number, WHY) == "not_found"
        assert refused(contest_bill, market.buyer_finance, reserved.number, " 不对 ") == "invalid_form"
        contest_bill(market.buyer_finance, reserved.number, WHY, reserved.revision)
        assert refused(contest_bill, market.buyer_finance, reserved.number, WHY) == "wrong_state"
        at(AFTER)
        assert release_due() == 0 and refused(release_reserve, SYSTEM, reserved.number) == "wrong_state"
        assert refused(dismiss_objection, market.buyer_finance, reserved.number, "不应由我答复") == "forbidden"
        dismiss_objection(market.finance, reserved.number, "用量记录与需方签收一致")
        assert release_due() == 1


class TestCredit:
    pytestmark = database

    def test_an_unpaid_bill_is_due_for_less_and_its_use_is_not_billed_again(self, market, confirmed):
        note = credit_bill(market.finance, confirmed.number, {1: 1_010}, WHY)
        confirmed.refresh_from_db()
        assert (note.number, note.total_fen, note.tax_fen) == ("HZ-2026-000001", -1_010, -57)
        assert (confirmed.state, confirmed.due_fen, confirmed.total_fen) == ("confirmed", 9_000, 10_010)
        assert (rate_period(market.finance, HT), statement(market.buyer_finance, HT).difference_fen) == (None, 0)
        pay(market.finance, confirmed, 10_010)
        assert BankLine.objects.get().state == "suspense"
        pay(market.finance, confirmed)
        services.instruct_all(market.finance)
        assert sum(remaining(Bill.objects.get(pk=confirmed.pk)).values()) == 9_000
        assert reconcile().total_difference_fen == 0
        assert refused(void_bill, market.finance, confirmed.number, "试图整份作废") == "wrong_state"

    def test_a_credited_bill_is_not_voided_but_credited_to_nothing(self, market, confirmed):
        credit_bill(market.finance, confirmed.number, {1: 1}, WHY)
        assert refused(void_bill, market.finance, confirmed.number, "试图整份作废") == "partly_credited"
        credit_bill(market.finance, confirmed.number, {1: 10_009}, WHY)
        confirmed.refresh_from_db()
        assert (confirmed.state, confirmed.due_fen, rate_period(market.finance, HT)) == ("credited", 0, None)
        assert sum(BillLine.objects.values_list("tax_fen", flat=True)) == 0
        assert reconcile().total_difference_fen == 0

    def test_a_paid_bill_gives_a_part_back_before_the_split(self, market, confirmed):
        pay(market.finance, confirmed)
        credit_bill(market.finance, confirmed.number, {1: 3_010}, WHY)
        assert balances() == {
            "custody:bank": -10_010, f"order:{HT}:escrow": 7_000, f"buyer:{market.buyer.number}:refund": 3_010,
        }  # fmt: skip
        bank_acts(market)
        services.instruct_all(market.finance)
        assert sum(remaining(Bill.objects.get(pk=confirmed.pk)).values()) == 7_000
        assert reconcile().total_difference_fen == 0

    def test_within_the_window_each_part_gives_back_what_was_booked(self, market, reserved, at):
        """Given ¥100.10 split 95.10/4.72/0.28, when half and then the rest is credited, then nothing is left."""
        contest_bill(market.buyer_finance, reserved.number, WHY)
        note = credit_bill(market.finance, reserved.number, {1: 5_005}, WHY)
        left = remaining(Bill.objects.get(pk=reserved.pk))
        assert sorted(left.values()) == [14, 236, 4_755]
        order = PayoutInstruction.objects.get(cause=note.number)
        assert (order.purpose, order.amount_fen, order.payee) == ("refund", 5_005, market.buyer)
        assert reconcile().total_difference_fen == 0
        bank_acts(market)
        dismiss_objection(market.finance, reserved.number, "已按核对结果退还")
        at(AFTER)
        assert release_due() == 1
        assert refused(credit_bill, market.finance, reserved.number, {1: 1}, WHY) == "paid_out"
        bank_acts(market)
        reserved.refresh_from_db()
        assert (reserved.state, balances(), reconcile().total_difference_fen) == ("settled", {}, 0)
        assert statement(market.supplier_finance, HT).at_stage("settled") == 5_005

    def test_all_of_it_credited_within_the_window_pays_nobody_but_the_buyer(self, market, reserved, at):
        credit_bill(market.finance, reserved.number, {1: 10_010}, WHY)
        reserved.refresh_from_db()
        assert (reserved.state, set(remaining(reserved).values())) == ("credited", {0})
        bank_acts(market)
        at(AFTER)
        assert (release_due(), balances(), reconcile().total_difference_fen) == (0, {}, 0)

    def test_a_refund_larger_than_what_was_booked_is_refused(self, market, reserved):
        credit = [market.finance, reserved.number]
        for amounts in ({1: 10_011}, {2: 1}, {1: -5}, {1: 10**15}):
            assert refused(credit_bill, *credit, amounts, WHY) == "credit_too_large"
        assert refused(credit_bill, *credit, {}, WHY) == "nothing_to_credit"
        assert refused(credit_bill, *credit, {1: 5}, "少") == "invalid_form"
        for actor in (market.buyer_finance, market.supplier_finance, market.supervisor):
            assert refused(credit_bill, actor, reserved.number, {1: 5}, WHY) == "forbidden"
        credit_bill(*credit, {1: 10_000}, WHY)
        assert refused(credit_bill, *credit, {1: 11}, WHY) == "credit_too_large"
        with pytest.raises(IntegrityError), transaction.atomic():  # nor does the database let it be
            Bill.objects.filter(pk=reserved.pk).update(credited_fen=10_011)

    def test_two_finance_people_at_once_and_a_double_click_refund_once(self, market, reserved):
        seen = reserved.revision
        credit_bill(market.finance, reserved.number, {1: 5_005}, WHY, seen)
        assert refused(credit_bill, market.finance, reserved.number, {1: 5_005}, WHY, seen) == "stale_version"
        assert PayoutInstruction.objects.filter(purpose="refund").count() == 1

    def test_a_refund_that_the_bank_refuses_is_sent_again_alone(self, market, reserved, at):
        note = credit_bill(market.finance, reserved.number, {1: 10}, WHY)
        order = PayoutInstruction.objects.get(cause=note.number)
        bank_acts(market, reject={order.number: "账户已注销"})
        at(AFTER)
        release_due()
        assert Bill.objects.get(pk=reserved.pk).state == "failed"
        bank_acts(market)
        services.retry_instruction(market.finance, order.number)
        assert refused(services.retry_instruction, market.finance, order.number) == "wrong_state"
        bank_acts(market)
        assert (Bill.objects.get(pk=reserved.pk).state, balances()) == ("settled", {})
        assert list(PayoutInstruction.objects.order_by("pk").values_list("attempt", flat=True)) == [2, 1, 1, 1]

    def test_lines_are_credited_apart_and_late_use_keeps_coming(self, market, use):
        agreement = make_agreement(market.buyer, market.supplier, HT, BOTH, starts_on=date(2026, 12, 1))
        use(agreement, "found", 10, DECEMBER)
        use(agreement, "mismatch", 10, DECEMBER)
        bill = issue(market.finance, HT)
        note = credit_bill(market.finance, bill.number, {2: 33, 1: 50}, WHY)
        before = {line.position: (line.amount_fen, line.tax_fen) for line in bill.lines.all()}
        assert {line.position: line.amount_fen for line in note.lines.all()} == {1: -50, 2: -33}
        assert {line.position: line.tax_fen for line in note.lines.all()} == {
            p: -credit_tax(*before[p], 0, credited) for p, credited in ((1, 50), (2, 33))
        }
        use(agreement, "found", 1, DECEMBER)
        assert rate_period(market.finance, HT).total_fen == 35


class TestPrepaid:
    pytestmark = database

    def test_a_confirmed_bill_is_paid_out_of_what_was_paid_ahead(self, market, use, at):
        """Given ¥150 paid ahead, when ¥100.10 is confirmed, then the bill is paid and ¥49.90 is left and goes back."""
        agreement = make_agreement(market.buyer, market.supplier, HT, starts_on=date(2026, 12, 1))
        bank_acts(market, Payment(f"YF-{HT}", 15_000, market.buyer.name), Payment("YF-HT-0", 7, "示例"))
        assert balances()[f"order:{HT}:prepaid"] == 15_000
        use(agreement, "found", 286, DECEMBER)
        bill = confirm_bill(market.buyer_finance, issue(market.finance, HT).number)
        bill.refresh_from_db()
        assert (bill.state, balances()[f"order:{HT}:prepaid"], balances()[f"order:{HT}:escrow"]) == (
            "paid",
            4_990,
            10_010,
        )
        credit_bill(market.finance, bill.number, {1: 10}, WHY)
        assert reconcile().total_difference_fen == 0
        assert refused(return_prepaid, market.buyer_finance, HT, "合同还在履行") == "bills_open"
        assert refused(return_prepaid, market.supplier_finance, HT, "不是我的钱") == "forbidden"
        return_prepaid(market.finance, HT, "需方申请退还余额")
        assert refused(return_prepaid, market.finance, HT, "再退一次") == "nothing_prepaid"
        services.instruct_all(market.finance)
        at(AFTER)
        release_due()
        bank_acts(market)
        assert (Bill.objects.get(pk=bill.pk).state) == "settled"
        assert balances() == {"custody:bank": -7, "suspense:recon": 7}
        assert reconcile().total_difference_fen == 0

    def test_a_balance_that_does_not_cover_a_bill_waits_for_more(self, market, confirmed):
        bank_acts(market, Payment(f"YF-{HT}", 10_009, market.buyer.name))
        assert Bill.objects.get().state == "confirmed"
        bank_acts(market, Payment(f"YF-{HT}", 1, market.buyer.name))
        assert (Bill.objects.get().state, balances()) == (
            "paid",
            {"custody:bank": -10_010, f"order:{HT}:escrow": 10_010},
        )


class TestVat:
    @given(
        st.integers(1, 10**10),
        st.sampled_from([0, 100, 300, 600, 900, 1300]),
        st.lists(st.integers(1, 10**10), max_size=6),
    )
    @settings(max_examples=60)
    def test_credits_unwind_the_tax_that_was_booked(self, amount, rate, cuts):
        """However a line is credited, net + tax is the amount, each tax is ≤ 1 分 off, and all of it comes back."""
        _, tax = split_vat(amount, rate)
        before = given_back = 0
        for cut in [*(c % amount for c in cuts), amount]:
            now = min(cut, amount - before)
            if now <= 0:
                continue
            part = credit_tax(amount, tax, before, now)
            assert 0 <= part <= now and abs(part * amount - tax * now) <= amount
            before, given_back = before + now, given_back + part
        assert (before, given_back) == (amount, tax)

    @pytest.mark.django_db
    @pytest.mark.both
    def test_a_line_takes_the_rate_of_its_own_period(self, market, use, at):
        """Given a small-scale supplier, December 2027 carries 1 %, January 2028 3 %; late use keeps its month's rate."""
        make = {"starts_on": date(2027, 12, 1), "ends_on": date(2028, 6, 30), "supply": "small_scale"}
        agreement = make_agreement(market.buyer, market.supplier, HT, **make)
        at(datetime(2028, 1, 20, tzinfo=UTC))
        use(agreement, "found", 100, datetime(2027, 12, 5, tzinfo=UTC))
        use(agreement, "found", 100, datetime(2028, 1, 5, tzinfo=UTC))
        bill = issue(market.finance, HT)
        rows = list(bill.lines.order_by("position").values_list("amount_fen", "vat_bp", "tax_fen"))
        assert rows == [(3_500, 100, 35), (3_500, 300, 102)]
        assert (bill.tax_fen, agreement.commission_tax_bp) == (137, 600)
        use(agreement, "found", 100, datetime(2027, 12, 6, tzinfo=UTC))
        at(datetime(2028, 2, 2, tzinfo=UTC))
        late = issue(market.finance, HT).lines.get()
        assert (late.late, late.vat_bp, late.tax_fen, late.period_from) == (True, 100, 35, date(2027, 12, 1))
