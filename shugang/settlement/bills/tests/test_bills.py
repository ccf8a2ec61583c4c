"""A bill's life: rated, issued, confirmed or disputed, voided; every step only from its state and by its owner."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import DatabaseError, connection, transaction

from shugang.kernel.errors import Refusal
from shugang.kernel.models import Event
from shugang.policy.priceplan import PricePlan
from shugang.settlement.bills import services
from shugang.settlement.bills.lifecycle import MOVES, STATES
from shugang.settlement.bills.models import Bill, BillLine, Immutable
from shugang.settlement.ledger.models import Transfer
from shugang.settlement.payouts.services import instruct_split, refund_bill
from shugang.settlement.rating.services import rate_all, rate_period, unbilled_fen
from shugang.settlement.testing import issue, make_agreement, pay

pytestmark = [pytest.mark.django_db, pytest.mark.both]
HT = "HT-2026-000001"
NOVEMBER = datetime(2026, 11, 10, 3, tzinfo=UTC)


@pytest.fixture
def agreement(market):
    return make_agreement(market.buyer, market.supplier, HT, refs=[("product", "CP-2026-000001")])


def footprint() -> tuple[object, ...]:
    """What a refused step may not change."""
    bills = tuple(Bill.objects.order_by("pk").values_list("number", "state", "revision", "total_fen", "dispute"))
    return bills, BillLine.objects.count(), Event.objects.count(), Transfer.objects.count()


def refused(act, *args) -> str:
    before = footprint()
    with pytest.raises(Refusal) as refusal:
        act(*args)
    assert footprint() == before
    return refusal.value.code


def test_use_becomes_a_bill_whose_lines_say_why(market, agreement, use):
    """Given 10 found and 4 not found, when rated and issued, then one line is charged and one says why it is not."""
    use(agreement, "found", 10, NOVEMBER)
    use(agreement, "not_found", 4, NOVEMBER)
    bill = issue(market.finance, HT)
    assert (bill.number, bill.state, bill.total_fen, bill.tax_fen) == ("ZD-2026-000001", "issued", 350, 20)
    lines = [
        (x.charge_reason, x.quantity, x.amount_fen, x.unit_price_e8, x.outcomes) for x in bill.lines.order_by("id")
    ]
    assert lines == [("unit", 10, 350, 35_000_000, ["found"]), ("not_billable", 4, 0, 0, ["not_found"])]
    line = bill.lines.first()
    assert line.grant == agreement.grant
    assert line.usage_from <= NOVEMBER < line.usage_to
    event = Event.objects.get(kind="bill.issued")
    refs = set(event.refs.values_list("kind", "key"))
    assert refs == {
        ("bill", bill.number),
        ("contract", HT),
        ("grant", agreement.grant),
        ("party", market.buyer.number),
        ("party", market.supplier.number),
        ("product", "CP-2026-000001"),
    }


def test_months_are_billed_apart_and_late_use_keeps_its_own_month(market, agreement, use, at):
    """Given October billed, when October's use arrives late, then the next bill has a late line tagged October."""
    october = datetime(2026, 10, 5, tzinfo=UTC)
    use(agreement, "found", 10, october)
    first = issue(market.finance, HT)
    use(agreement, "found", 3, october)
    use(agreement, "found", 2, NOVEMBER)
    at(datetime(2026, 12, 5, tzinfo=UTC))
    second = issue(market.finance, HT)
    assert (first.total_fen, second.total_fen) == (350, 175)
    rows = [(x.period_from.month, x.late, x.quantity, x.amount_fen) for x in second.lines.order_by("position")]
    assert rows == [(10, True, 3, 105), (11, False, 2, 70)]


def test_a_running_month_is_billed_to_date_and_goes_on(market, agreement, use, at):
    use(agreement, "found", 10, datetime(2026, 12, 1, 3, tzinfo=UTC))
    first = issue(market.finance, HT)
    use(agreement, "found", 5, datetime(2026, 12, 20, tzinfo=UTC))
    at(datetime(2027, 1, 3, tzinfo=UTC))
    second = issue(market.finance, HT)
    assert [(b.total_fen, b.lines.get().late) for b in (first, second)] == [(350, False), (175, False)]


def test_rating_twice_makes_one_draft_and_after_issue_nothing(market, agreement, use):
    use(agreement, "found", 10, NOVEMBER)
    assert rate_period(market.finance, HT).total_fen == 350
    use(agreement, "found", 1, NOVEMBER)
    assert rate_all(market.finance)[0].total_fen == 385
    assert Bill.objects.count() == 1
    services.issue_bill(market.finance, HT)
    assert rate_period(market.finance, HT) is None
    assert unbilled_fen(agreement, datetime(2026, 12, 2, tzinfo=UTC)) == 0


def test_a_free_contract_gets_one_statement_of_zero_that_is_settled_at_once(market, use):
    agreement = make_agreement(market.buyer, market.supplier, HT, PricePlan("free"))
    assert rate_period(market.finance, HT) is None  # never used: nothing to state
    use(agreement, "found", 5, NOVEMBER)
    bill = issue(market.finance, HT)
    assert (bill.kind, bill.state, bill.total_fen, bill.number) == ("statement", "settled", 0, "ZD-2026-000001")
    assert Event.objects.filter(kind="bill.settled", payload__total_fen=0).count() == 1
    use(agreement, "found", 5, NOVEMBER)
    assert rate_period(market.finance, HT) is None


def test_a_one_off_price_is_billed_once_whatever_is_used(market, use):
    agreement = make_agreement(market.buyer, market.supplier, HT, PricePlan("one_off", price_fen=120_000))
    assert issue(market.finance, HT).total_fen == 120_000
    use(agreement, "found", 1000, NOVEMBER)
    assert rate_period(market.finance, HT) is None


def test_numbers_have_no_gaps_even_when_issuing_fails(market, agreement, use):
    second = make_agreement(market.buyer, market.supplier, "HT-2026-000002")
    use(agreement, "found", 1, NOVEMBER)
    use(second, "found", 1, NOVEMBER)
    rate_all(market.finance)
    assert refused(services.issue_bill, market.finance, "HT-2026-000009") == "not_found"
    assert services.issue_bill(market.finance, "HT-2026-000002").number == "ZD-2026-000001"
    assert services.issue_bill(market.finance, HT).number == "ZD-2026-000002"


def test_the_buyer_confirms_and_learns_when_to_pay(market, agreement, use):
    use(agreement, "found", 1, NOVEMBER)
    bill = services.confirm_bill(market.buyer_finance, issue(market.finance, HT).number, 2)
    assert (bill.state, bill.revision) == ("confirmed", 3)
    assert bill.due_on.isoformat() == "2026-12-16"  # the tenth working day after Wednesday 2 December


def test_who_may_not_decide_changes_nothing(market, agreement, use):
    """The supplier, the operator and a colleague without the duty are refused; a stranger finds nothing."""
    use(agreement, "found", 1, NOVEMBER)
    number = issue(market.finance, HT).number
    for actor in (market.supplier_finance, market.finance, market.buyer_analyst, market.supervisor):
        assert refused(services.confirm_bill, actor, number) == "forbidden"
        assert refused(services.dispute_bill, actor, number, "数量与我方记录不符") == "forbidden"
    assert refused(services.confirm_bill, market.stranger, number) == "not_found"
    for actor in (market.buyer_finance, market.supplier_finance, market.stranger, market.supervisor):
        assert refused(rate_period, actor, HT) == "forbidden"
        assert refused(services.issue_bill, actor, HT) == "forbidden"
        assert refused(services.void_bill, actor, number, "不应由我作废") == "forbidden"
        assert refused(services.answer_dispute, actor, number, True, "不应由我答复") == "forbidden"
        assert refused(instruct_split, actor, number) == "forbidden"
        assert refused(refund_bill, actor, number, "不应由我退款") == "forbidden"


def test_a_page_that_is_out_of_date_decides_nothing(market, agreement, use):
    use(agreement, "found", 1, NOVEMBER)
    number = issue(market.finance, HT).number
    assert refused(services.confirm_bill, market.buyer_finance, number, 1) == "stale_version"


ACTS = {
    "confirm": lambda m, n: services.confirm_bill(m.buyer_finance, n),
    "dispute": lambda m, n: services.dispute_bill(m.buyer_finance, n, "数量与我方记录不符"),
    "reject_dispute": lambda m, n: services.answer_dispute(m.finance, n, False, "用量记录无误，附核对表"),
    "void": lambda m, n: services.void_bill(m.finance, n, "重复计费"),
    "split": lambda m, n: instruct_split(m.finance, n),
    "refund": lambda m, n: refund_bill(m.finance, n, "双方同意退款"),
}


@pytest.mark.parametrize("state", [s for s in STATES if s != "draft"])
def test_each_step_is_legal_only_from_its_states(market, agreement, use, state):
    """Every (state, step) that the table does not allow is refused, with nothing changed."""
    use(agreement, "found", 1, NOVEMBER)
    number = issue(market.finance, HT).number
    Bill.objects.filter(number=number).update(state=state)
    for step, act in ACTS.items():
        if state not in MOVES[step].sources:
            assert refused(act, market, number) == "wrong_state", step


def test_a_dispute_is_answered_either_way(market, agreement, use):
    use(agreement, "found", 10, NOVEMBER)
    number = issue(market.finance, HT).number
    assert refused(services.dispute_bill, market.buyer_finance, number, "  不对 ") == "invalid_form"
    ACTS["dispute"](market, number)
    assert ACTS["reject_dispute"](market, number).state == "issued"
    ACTS["dispute"](market, number)
    bill = services.answer_dispute(market.finance, number, True, "确认多计，予以冲红")
    assert (bill.state, bill.credit_note.total_fen) == ("void", -350)


def test_voiding_makes_a_credit_note_and_the_use_is_billed_anew(market, agreement, use):
    use(agreement, "found", 10, NOVEMBER)
    bill = issue(market.finance, HT)
    services.void_bill(market.finance, bill.number, "合同主体信息有误")
    note = Bill.objects.get(corrects=bill)
    assert (note.number, note.kind, note.total_fen, note.tax_fen) == ("HZ-2026-000001", "credit_note", -350, -20)
    assert sum(line.amount_fen for line in BillLine.objects.all()) == 0
    again = issue(market.finance, HT)
    assert (again.number, again.total_fen, again.lines.get().late) == ("ZD-2026-000002", 350, False)


def test_a_bill_that_a_later_one_builds_upon_is_not_voided_first(market, agreement, use):
    use(agreement, "found", 10, NOVEMBER)
    first = issue(market.finance, HT)
    use(agreement, "found", 10, NOVEMBER)
    second = issue(market.finance, HT)
    assert refused(services.void_bill, market.finance, first.number, "试图作废") == "later_bill"
    services.void_bill(market.finance, second.number, "先作废后续账单")
    services.void_bill(market.finance, first.number, "再作废本账单")
    assert issue(market.finance, HT).total_fen == 700


def test_an_issued_line_is_never_edited(market, agreement, use):
    use(agreement, "found", 10, NOVEMBER)
    line = issue(market.finance, HT).lines.get()
    line.amount_fen = 1
    with pytest.raises(Immutable):
        line.save()
    with pytest.raises(Immutable):
        line.delete()
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:  # nor past the models
        cursor.execute("UPDATE settlement_billline SET amount_fen = 1")
    assert BillLine.objects.get().amount_fen == 350


def test_use_of_the_future_is_not_rated(market, agreement, use):
    use(agreement, "found", 1, datetime(2026, 12, 2, 1, tzinfo=UTC))
    use(agreement, "found", 9, datetime(2026, 12, 2, 3, tzinfo=UTC))
    draft = rate_period(market.finance, HT, datetime(2026, 12, 2, tzinfo=UTC) + timedelta(days=30))
    assert draft.total_fen == 35


def test_a_paid_bill_is_refunded_in_full_before_it_is_split(market, agreement, use):
    use(agreement, "found", 10, NOVEMBER)
    bill = issue(market.finance, HT)
    services.confirm_bill(market.buyer_finance, bill.number)
    pay(market.finance, bill)
    assert refused(services.void_bill, market.finance, bill.number, "已付款不能直接作废") == "wrong_state"
    refund_bill(market.finance, bill.number, "双方同意解除")
    order = bill.instructions.get()
    assert (order.purpose, order.amount_fen, order.payee) == ("refund", 350, market.buyer)
