"""A party's month, as page, workbook and PDF; contributors see what they were paid; no cell is a formula."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime

import openpyxl
import pytest
from django.test import Client

from shugang.kernel.errors import Refusal
from shugang.parties.testing import make_actor, make_party, sign_in
from shugang.settlement.ledger.models import Account
from shugang.settlement.payouts.credits import credit_bill
from shugang.settlement.payouts.models import BankLine
from shugang.settlement.payouts.receiving import exchange
from shugang.settlement.payouts.services import instruct_all
from shugang.settlement.payouts.simulator import Payment, simulate_bank
from shugang.settlement.payouts.suspense import remind_of_old, take_over, waiting
from shugang.settlement.reconciliation import monthly
from shugang.settlement.reconciliation.queries import reconcile
from shugang.settlement.testing import issue, make_agreement, settle
from shugang.ui.workbooks import Sheet, Yuan, workbook

HT = "HT-2026-000001"
DECEMBER = date(2026, 12, 1)


@pytest.fixture
def month(market, use):
    """¥100.10 settled; its supplier's part is shared 2 : 1 with a contributor; then ¥35 within its window, ¥10 credited."""
    other = make_party("supplier", name="=示例贡献方")
    shares = [(market.supplier.number, 2), (other.number, 1)]
    agreement = make_agreement(market.buyer, market.supplier, HT, starts_on=DECEMBER, shares=shares)
    use(agreement, "found", 286, datetime(2026, 12, 1, 3, tzinfo=UTC))
    settle(market.finance, market.buyer_finance, issue(market.finance, HT))
    use(agreement, "found", 100, datetime(2026, 12, 1, 4, tzinfo=UTC))
    second = issue(market.finance, HT)
    from shugang.settlement.bills.services import confirm_bill
    from shugang.settlement.testing import pay

    confirm_bill(market.buyer_finance, str(second.number))
    pay(market.finance, second)
    instruct_all(market.finance)
    credit_bill(market.finance, str(second.number), {1: 1_000}, "双方核对后减免")
    return make_actor(other, ["finance"])


@pytest.mark.django_db
@pytest.mark.both
def test_each_side_sees_its_own_month(market, month):
    """9,510 分 of the first bill is 6,340 : 3,170; of the second 3,325 less 950 is kept, two thirds the supplier's."""
    assert reconcile().total_difference_fen == 0
    sold = monthly.month_of(market.supplier_finance, DECEMBER)
    assert [b.number for b in sold.sold] == ["ZD-2026-000001", "ZD-2026-000002", "HZ-2026-000001"] and not sold.bought
    assert (sold.received_fen, sold.paid_fen) == (6_340, 0)
    shared = monthly.month_of(month, DECEMBER)
    assert (shared.bought, shared.sold, shared.received_fen) == ([], [], 3_170)
    assert sold.kept_fen + shared.kept_fen == 3_325 - 950 and abs(sold.kept_fen - 2 * shared.kept_fen) <= 2
    assert Account.objects.get(code=f"contributor:{month.party.number}:payable").balance == 0
    bought = monthly.month_of(market.buyer_finance, DECEMBER)
    assert (bought.paid_fen, bought.received_fen, bought.ordered[0].amount_fen) == (13_510, 0, 1_000)
    assert monthly.month_of(market.stranger, DECEMBER).moved == []
    with pytest.raises(Refusal):
        monthly.month_of(market.stranger, DECEMBER, market.buyer.number)
    assert monthly.month_of(market.finance, DECEMBER, market.buyer.number).paid_fen == 13_510
    assert monthly.month_of(market.buyer_finance, date(2026, 11, 1)).bought == []


@pytest.mark.django_db
def test_it_comes_as_page_workbook_and_pdf(market, month):
    client = sign_in(Client(), market.supplier_finance)
    assert "6,340" not in client.get("/desk/month-statement?month=2026-11").content.decode()
    page = client.get("/desk/month-statement?month=2026-12").content.decode()
    assert "63.40" in page and "HZ-2026-000001" in page
    book = openpyxl.load_workbook(io.BytesIO(client.get("/desk/month-statement.xlsx?month=2026-12").content))
    assert book.sheetnames == ["应付账单", "应收账单", "收付", "争议期留存"]
    assert book["收付"].cell(2, 6).value == 63.4
    assert client.get("/desk/month-statement.pdf?month=2026-12").content.startswith(b"%PDF")
    assert client.get("/desk/month-statement?month=soon").status_code == 422
    sheet = openpyxl.load_workbook(io.BytesIO(client.get(f"/desk/statements/{HT}.xlsx").content)).active
    credited = [row[4] for row in sheet.iter_rows(values_only=True) if row[2] == "红字冲减"]
    assert credited == [-10.0], "an amount is a number that a sheet can sum"
    bill = client.get("/desk/bills/ZD-2026-000002").content.decode()
    assert "争议期至2026-12-09 23:59" in bill and "HZ-2026-000001" in bill
    assert client.get("/desk/bills/HZ-2026-000001.pdf").content.startswith(b"%PDF")


def test_no_cell_is_a_formula():
    """Whatever a name begins with, a spreadsheet runs nothing."""
    rows = [["=1+1", "+cmd|' /C calc'!A0", "@x", "-2", "a\x07b", Yuan(-150), 7]]
    raw = workbook([Sheet("a/b" * 20, ["=H"] * 7, rows)])
    page = openpyxl.load_workbook(io.BytesIO(raw)).worksheets[0]
    cells = list(page.iter_rows(min_row=1, max_row=2))
    assert all(cell.data_type in ("s", "n") for row in cells for cell in row)
    assert [c.value for c in cells[1]] == ["'=1+1", "'+cmd|' /C calc'!A0", "'@x", "-2", "ab", -1.5, 7]


@pytest.mark.django_db
def test_a_receipt_in_suspense_has_an_owner_and_an_age(market, at):
    simulate_bank([Payment("货款", 500, "示例需方公司")])
    exchange(market.finance)
    line = BankLine.objects.get()
    assert line.owner_id == market.finance.person_id
    other = make_actor(market.operator, ["finance"])
    for actor, code in ((market.finance, "already_done"), (market.buyer_finance, "forbidden")):
        with pytest.raises(Refusal) as refusal:
            take_over(actor, line.bank_ref)
        assert refusal.value.code == code
    take_over(other, line.bank_ref)
    assert remind_of_old() == 0
    at(datetime(2026, 12, 5, 2, 0, 1, tzinfo=UTC))
    line.refresh_from_db()
    (found,) = waiting([line])
    assert (found.days, found.owner, found.old) == (3, other.person.display_name, True)
    assert (remind_of_old(), remind_of_old()) == (1, 0)
