"""Invoices: asked for by who paid, entered by who sold, to the 分; the table's cells are each tried."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from django.db import IntegrityError, transaction

from shugang.kernel.errors import Refusal
from shugang.kernel.models import Event
from shugang.policy.identifiers import make_uscc
from shugang.settlement.bills.models import Bill
from shugang.settlement.bills.services import confirm_bill, void_bill
from shugang.settlement.invoices import queries, services
from shugang.settlement.invoices.lifecycle import MOVES, STATES
from shugang.settlement.invoices.models import Invoice, InvoicePaper
from shugang.settlement.payouts.credits import credit_bill
from shugang.settlement.payouts.services import instruct_all
from shugang.settlement.testing import issue, make_agreement, pay

pytestmark = [pytest.mark.django_db, pytest.mark.both]
HT = "HT-2026-000001"
DETAILS = {"kind": "special", "title": "示例需方公司", "tax_number": make_uscc("fp"), "email": "fapiao@example.cn"}
WHY = "多计用量，双方核对一致"
NUMBER = "25352000000012345678"


def papers(*amounts: str, first: int = 0) -> list[services.Paper]:
    lines = [f"{int(NUMBER) + first + n} 2026-12-02 {amount}" for n, amount in enumerate(amounts)]
    return services.parse_papers("\n".join(lines))


def footprint() -> tuple[object, ...]:
    rows = list(Invoice.objects.values_list("state", "revision", "amount_fen", "papers_fen"))
    return rows, InvoicePaper.objects.count(), Event.objects.count()


def refused(act, *args) -> str:
    before = footprint()
    with pytest.raises(Refusal) as refusal:
        act(*args)
    assert footprint() == before
    return refusal.value.code


@pytest.fixture
def bill(market, use):
    """¥100.10, confirmed; its window is 7 days."""
    agreement = make_agreement(market.buyer, market.supplier, HT, starts_on=date(2026, 12, 1))
    use(agreement, "found", 286, datetime(2026, 12, 1, 3, tzinfo=UTC))
    return confirm_bill(market.buyer_finance, issue(market.finance, HT).number)


@pytest.fixture
def asked(market, bill):
    return services.request_invoice(market.buyer_finance, bill.number, "bill", DETAILS)


def test_the_buyer_asks_and_the_supplier_enters_invoices_of_that_sum(market, asked):
    assert (asked.number, asked.state, asked.amount_fen, asked.tax_fen) == ("FP-2026-000001", "requested", 10_010, 567)
    assert (asked.issuer, asked.receiver) == (market.supplier, market.buyer)
    issue_ = [services.issue_invoice, market.supplier_finance, asked.number]
    for wrong in (papers("100.00"), papers("100.10", "0.10"), papers("200.20", "-100.10"), []):
        assert refused(*issue_, wrong) == "amount_differs"
    made = services.issue_invoice(market.supplier_finance, asked.number, papers("60.00", "40.10"), 1)
    assert (made.state, made.papers_fen, made.papers.count()) == ("issued", 10_010, 2)
    assert refused(*issue_, papers("100.10", first=9)) == "wrong_state"
    assert queries.count_to_issue(market.supplier_finance) == 0


@pytest.mark.parametrize(
    "text", ["abc 2026-12-02 1.00", f"{NUMBER} 2026-13-02 1.00", f"{NUMBER} 2026-12-02 1.001", "1 2"]
)
def test_a_line_that_cannot_be_read_is_named(text):
    with pytest.raises(Refusal) as refusal:
        services.parse_papers(f"\n{text}")
    assert refusal.value.code == "invalid_form" and "1" in refusal.value.fields["papers"].zh


def test_wrong_details_and_wrong_people_change_nothing(market, bill):
    ask = services.request_invoice
    for details, field in (({"tax_number": DETAILS["tax_number"][:-1] + "I"}, "tax_number"), ({"email": "x"}, "email"),
                           ({"tax_number": "123"}, "tax_number")):  # fmt: skip
        before = footprint()
        with pytest.raises(Refusal) as refusal:
            ask(market.buyer_finance, bill.number, "bill", {**DETAILS, **details})
        assert (refusal.value.code, list(refusal.value.fields), footprint()) == ("invalid_form", [field], before)
    for actor in (market.supplier_finance, market.finance, market.buyer_analyst, market.supervisor):
        assert refused(ask, actor, bill.number, "bill", DETAILS) == "forbidden"
    assert refused(ask, market.stranger, bill.number, "bill", DETAILS) == "not_found"
    assert refused(ask, market.supplier_finance, bill.number, "commission", DETAILS) == "not_invoiceable"
    assert refused(ask, market.buyer_finance, bill.number, "other", DETAILS) == "not_found"
    Bill.objects.filter(pk=bill.pk).update(state="issued")
    assert refused(ask, market.buyer_finance, bill.number, "bill", DETAILS) == "not_invoiceable"


def test_one_open_request_a_bill_and_one_use_of_a_number(market, asked, bill):
    ask = [services.request_invoice, market.buyer_finance, bill.number, "bill", DETAILS]
    assert refused(*ask) == "already_requested"
    services.withdraw_request(market.buyer_finance, asked.number)
    second = services.request_invoice(*ask[1:])
    services.issue_invoice(market.supplier_finance, second.number, papers("100.10"))
    with pytest.raises(IntegrityError), transaction.atomic():
        InvoicePaper.objects.create(
            invoice=second, number=NUMBER, dated=date(2026, 12, 2), amount_fen=1, entered_at=second.requested_at
        )
    with pytest.raises(IntegrityError), transaction.atomic():  # nor may the sum differ, whoever asks
        Invoice.objects.filter(pk=second.pk).update(amount_fen=1)


def test_a_credit_note_asks_for_a_red_letter(market, asked, bill):
    """Given an invoice of ¥100.10, when ¥10.10 is credited, then a red one of −10.10 is due and nothing else fits."""
    services.issue_invoice(market.supplier_finance, asked.number, papers("100.10"))
    note = credit_bill(market.finance, bill.number, {1: 1_010}, WHY)
    asked.refresh_from_db()
    assert (asked.state, asked.amount_fen, asked.tax_fen) == ("red_due", 9_000, 567 + note.tax_fen)
    redden = [services.redden_invoice, market.supplier_finance, asked.number]
    assert refused(*redden, papers("-10.00", first=5)) == "amount_differs"
    assert refused(*redden, papers("-10.10")) == "number_used"
    services.redden_invoice(*redden[1:], papers("-10.10", first=5))
    void = Bill.objects.get(pk=bill.pk)
    credit_bill(market.finance, void.number, {1: 9_000}, WHY)
    done = services.redden_invoice(*redden[1:], papers("-90.00", first=6))
    assert (done.state, done.papers_fen, done.amount_fen) == ("reddened", 0, 0)


def test_an_open_request_follows_the_bill(market, asked, bill):
    void_bill(market.finance, bill.number, "合同主体信息有误")
    asked.refresh_from_db()
    assert (asked.state, asked.amount_fen) == ("withdrawn", 0)


def test_the_commission_is_invoiced_by_the_platform_to_the_supplier(market, bill):
    """¥5.00 of ¥100.10, with its own VAT of 0.28; after half of the bill is credited, half of it."""
    pay(market.finance, bill)
    instruct_all(market.finance)
    ask = [market.supplier_finance, bill.number, "commission", DETAILS]
    made = services.request_invoice(*ask)
    assert (made.issuer, made.amount_fen, made.tax_fen) == (market.operator, 500, 28)
    credit_bill(market.finance, bill.number, {1: 5_005}, WHY)
    made.refresh_from_db()
    assert (made.amount_fen, made.tax_fen) == (250, 14)
    services.issue_invoice(market.finance, made.number, papers("2.50"))
    assert queries.invoices(market.buyer_finance).count() == 0


ACTS = {
    "issue": lambda a, n: services.issue_invoice(a, n, papers("100.10")),
    "redden": lambda a, n: services.redden_invoice(a, n, papers("100.10")),
    "refuse": lambda a, n: services.refuse_request(a, n, "抬头有误"),
    "withdraw": lambda a, n: services.withdraw_request(a, n),
}


def test_each_step_is_legal_only_from_its_states_and_for_its_side(market, asked):
    """Every (state, step, actor) of the table."""
    people = {"issuer": market.supplier_finance, "receiver": market.buyer_finance, "": market.finance}
    for state in STATES:
        settled = {"issued": 10_010, "reddened": 0}.get(state, 0)
        Invoice.objects.filter(pk=asked.pk).update(state=state, papers_fen=settled)
        for step, act in ACTS.items():
            for side, actor in people.items():
                legal = side == MOVES[step].by and state in MOVES[step].sources
                if not legal:
                    expected = "wrong_state" if side == MOVES[step].by else "forbidden"
                    assert refused(act, actor, asked.number) == expected, (state, step, side)
                else:
                    with transaction.atomic():
                        assert act(actor, asked.number).state == MOVES[step].target
                        transaction.set_rollback(True)
        assert refused(ACTS["issue"], market.stranger, asked.number) == "not_found"
