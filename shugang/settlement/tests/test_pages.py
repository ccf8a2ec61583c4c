"""Every page and API route of settlement: its owner succeeds, a stranger with the same address has no effect."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from django.test import Client

from shugang.kernel.models import Event
from shugang.settlement.bills.models import Bill
from shugang.settlement.bills.services import confirm_bill
from shugang.settlement.ledger.models import Transfer
from shugang.settlement.payouts.models import BankLine, PayoutInstruction
from shugang.settlement.payouts.receiving import exchange
from shugang.settlement.payouts.services import instruct_all
from shugang.settlement.payouts.simulator import Payment, simulate_bank
from shugang.settlement.rating.services import rate_period
from shugang.settlement.reconciliation.models import ReconciliationRun
from shugang.settlement.reconciliation.services import run_reconciliation
from shugang.settlement.testing import issue, make_agreement, pay, settle

pytestmark = [pytest.mark.django_db, pytest.mark.both]
HT, SECOND, THIRD = "HT-2026-000001", "HT-2026-000002", "HT-2026-000003"
OCTOBER, NOVEMBER = datetime(2026, 10, 10, 3, tzinfo=UTC), datetime(2026, 11, 10, 3, tzinfo=UTC)
ACCOUNT = f"order:{HT}:escrow"


def client(actor) -> Client:
    browser = Client()
    browser.force_login(actor.person, backend="django.contrib.auth.backends.ModelBackend")
    return browser


@pytest.fixture
def world(market, use):
    """One settled bill with late use after it, one issued, one draft, one receipt in suspense."""
    first = make_agreement(market.buyer, market.supplier, HT, title="号段查询")
    use(first, "found", 20, OCTOBER)
    use(first, "not_found", 4, OCTOBER)
    settle(market.finance, market.buyer_finance, issue(market.finance, HT))
    use(first, "found", 5, OCTOBER)
    issue(market.finance, HT)
    second = make_agreement(market.buyer, market.supplier, SECOND)
    use(second, "found", 3, NOVEMBER)
    rate_period(market.finance, SECOND)
    simulate_bank([Payment("货款", 105, "示例需方公司")])
    exchange(market.finance)
    run_reconciliation(market.finance)
    return market


SHARED = [
    "/desk/bills",
    "/desk/bills/ZD-2026-000001",
    "/desk/bills/ZD-2026-000001.pdf",
    "/desk/bills?format=csv",
    "/desk/bills/ZD-2026-000001/lines/1",
    "/desk/statements",
    f"/desk/statements/{HT}",
    f"/desk/statements/{HT}.csv",
    f"/desk/statements/{HT}.pdf",
    "/api/v1/bills",
    "/api/v1/bills/ZD-2026-000001",
    "/api/v1/bills/ZD-2026-000001/lines/1/uses",
    "/api/v1/statements",
    f"/api/v1/statements/{HT}",
]
OPERATOR = [
    "/desk/settlement",
    f"/desk/settlement/drafts/{SECOND}",
    "/desk/ledger",
    f"/desk/ledger/{ACCOUNT}",
    f"/desk/ledger/{ACCOUNT}?format=csv",
    "/desk/ledger-checks",
    "/desk/ledger-checks?format=csv",
    "/api/v1/ledger-checks",
    "/desk/bank",
    "/desk/bank?format=csv",
    "/desk/reconciliation",
    "/api/v1/reconciliation",
    "/api/v1/settlement/drafts",
    "/api/v1/ledger",
    f"/api/v1/ledger/{ACCOUNT}",
    "/api/v1/bank",
]
LISTS = {"/desk/bills", "/desk/bills?format=csv", "/desk/statements", "/api/v1/bills", "/api/v1/statements"}


def test_the_parties_read_and_strangers_do_not(world):
    readers = [client(actor) for actor in (world.buyer_finance, world.supplier_finance, world.finance)]
    stranger = client(world.stranger)
    for address in SHARED:
        assert [browser.get(address).status_code for browser in readers] == [200, 200, 200], address
        answer = stranger.get(address)
        assert answer.status_code == (200 if address in LISTS else 404), address
        assert not re.search(f"{HT}|ZD-2026", answer.content.decode()) or address not in LISTS, address
        assert Client().get(address).status_code in {401, 403}, address


def test_the_operators_desk_is_the_operators(world):
    finance = client(world.finance)
    others = [client(actor) for actor in (world.buyer_finance, world.supplier_finance, world.stranger)]
    for address in OPERATOR:
        assert finance.get(address).status_code == 200, address
        assert {browser.get(address).status_code for browser in others} <= {403, 404}, address


def test_the_supervisor_reads_reconciliation_and_bills_but_decides_nothing(world):
    browser = client(world.supervisor)
    for address in (
        "/desk/reconciliation",
        "/desk/ledger-checks",
        "/api/v1/ledger-checks",
        "/desk/bills/ZD-2026-000001",
        f"/desk/statements/{HT}",
    ):
        assert browser.get(address).status_code == 200
    assert browser.post("/desk/bills/ZD-2026-000002/confirm", {}).status_code == 403


def footprint() -> tuple[object, ...]:
    return (
        list(Bill.objects.order_by("pk").values_list("number", "state", "revision")),
        Event.objects.count(),
        Transfer.objects.count(),
        list(BankLine.objects.values_list("state", flat=True)),
        PayoutInstruction.objects.count(),
    )


ACTS = [
    ("/desk/bills/ZD-2026-000002/confirm", {}, "buyer_finance"),
    ("/desk/bills/ZD-2026-000002/dispute", {"reason": "数量与我方记录不符"}, "buyer_finance"),
    ("/desk/bills/ZD-2026-000002/void", {"reason": "合同主体信息有误"}, "finance"),
    ("/desk/settlement/act/rate", {"contract": ""}, "finance"),
    ("/desk/settlement/act/issue", {"contract": SECOND}, "finance"),
    ("/desk/settlement/act/exchange", {}, "finance"),
    ("/desk/bank/return", {"reference": "BK000003-001"}, "finance"),
    ("/desk/reconciliation/run", {}, "finance"),
]


@pytest.mark.parametrize(("address", "data", "owner"), ACTS)
def test_an_act_takes_effect_for_its_owner_alone_and_once(world, address, data, owner):
    before = footprint()
    for name in {"stranger", "supplier_finance", "supervisor"}:
        client(getattr(world, name)).post(address, {**data, "idempotency_key": str(uuid4())})
        assert footprint() == before, name
    if "exchange" in address:
        simulate_bank([Payment("货款", 1, "示例需方公司")])
    browser, key = client(getattr(world, owner)), str(uuid4())
    answer = browser.post(address, {**data, "idempotency_key": key})
    assert answer.status_code == 302
    after = footprint()
    assert after != before
    browser.post(address, {**data, "idempotency_key": key})
    assert footprint() == after


def test_a_stale_page_is_told_so_and_keeps_the_text(world):
    browser = client(world.buyer_finance)
    answer = browser.post("/desk/bills/ZD-2026-000002/dispute", {"reason": "数量与我方记录不符", "rev": "1"})
    assert answer.status_code == 409
    assert "数量与我方记录不符" in answer.content.decode()
    assert Bill.objects.get(number="ZD-2026-000002").state == "issued"


def test_a_short_reason_is_asked_for_again(world):
    answer = client(world.buyer_finance).post("/desk/bills/ZD-2026-000002/dispute", {"reason": "不对"})
    assert answer.status_code == 422
    assert "至少5个字" in answer.content.decode()


def test_any_amount_reaches_its_uses_in_three_clicks(world):
    """List → bill → line: each a link on the page before; the last page lists exactly the uses of the amount."""
    browser = client(world.buyer_finance)
    listing = browser.get("/desk/bills").content.decode()
    assert 'href="/desk/bills/ZD-2026-000002"' in listing
    page = browser.get("/desk/bills/ZD-2026-000002").content.decode()
    assert 'href="/desk/bills/ZD-2026-000002/lines/1"' in page
    assert "补计" in page
    uses = browser.get("/api/v1/bills/ZD-2026-000002/lines/1/uses").json()
    assert uses["total"] == 5
    assert browser.get("/api/v1/bills/ZD-2026-000001/lines/1/uses").json()["total"] == 20
    assert "数量一致" in browser.get("/desk/bills/ZD-2026-000002/lines/1").content.decode()


def test_pages_say_unbilled_billed_and_settled_in_words(world):
    text = client(world.buyer_finance).get(f"/desk/statements/{HT}").content.decode()
    for said in ("应计未出账", "已出账未付", "已付未结清", "已结清", "差异0.00，已核对"):
        assert said in text
    assert "¥7.00" in text
    assert "¥1.75" in text


def test_the_operator_plays_a_bill_to_its_end_with_the_pages(world):
    """Issue, confirm, receipt, split, pay-out: by the buttons alone."""
    finance, buyer = client(world.finance), client(world.buyer_finance)
    finance.post("/desk/settlement/act/issue", {"contract": SECOND})
    bill = Bill.objects.get(agreement__number=SECOND)
    assert "逐条核对" in buyer.get(f"/desk/bills/{bill.number}").content.decode()
    assert buyer.get(f"/desk/bills/{bill.number}/confirm").status_code == 200
    buyer.post(f"/desk/bills/{bill.number}/confirm", {"rev": bill.revision})
    assert "付款指引" in buyer.get(f"/desk/bills/{bill.number}").content.decode()
    simulate_bank([Payment(bill.number, bill.total_fen, world.buyer.name)])
    finance.post("/desk/settlement/act/exchange")
    assert finance.get(f"/desk/bills/{bill.number}/split").status_code == 200
    finance.post(f"/desk/bills/{bill.number}/split")
    simulate_bank()
    finance.post("/desk/settlement/act/exchange")
    bill.refresh_from_db()
    assert bill.state == "settled"
    kept = ReconciliationRun.objects.count()
    finance.post("/desk/reconciliation/run")
    assert ReconciliationRun.objects.count() == kept + 1
    assert "差异0.00，已核对" in finance.get("/desk/reconciliation").content.decode()


def test_a_receipt_in_suspense_is_matched_by_its_button(world):
    finance = client(world.finance)
    finance.post("/desk/settlement/act/issue", {"contract": SECOND})
    bill = Bill.objects.get(agreement__number=SECOND)
    confirm_bill(world.buyer_finance, bill.number)
    assert f"匹配{bill.number}" in finance.get("/desk/bank").content.decode()
    finance.post("/desk/bank/match", {"reference": "BK000003-001", "bill": bill.number})
    bill.refresh_from_db()
    assert bill.state == "paid"


def test_a_failed_instruction_is_sent_again_by_its_button(world):
    confirm_bill(world.buyer_finance, "ZD-2026-000002")
    bill = Bill.objects.get(number="ZD-2026-000002")
    pay(world.finance, bill)
    instruct_all(world.finance)
    order = PayoutInstruction.objects.get(bill=bill, purpose="supplier")
    simulate_bank(reject={order.number: "收款账户已注销"})
    exchange(world.finance)
    finance = client(world.finance)
    assert "收款账户已注销" in finance.get("/desk/bank").content.decode()
    assert "分账未成" in finance.get("/desk/settlement").content.decode()
    finance.post("/desk/bank/retry", {"reference": order.number})
    order.refresh_from_db()
    assert (order.state, order.attempt) == ("instructed", 2)


def test_exports_neutralise_formulas(world):
    world.buyer.name = "=cmd|' /C calc'!A0"
    world.buyer.save()
    text = client(world.finance).get("/desk/bills?format=csv").content.decode("utf-8-sig")
    assert ",'=cmd" in text
    assert ",=cmd" not in text
    assert ",7.00," in text


def test_the_api_confirms_once_per_key(world):
    browser = client(world.buyer_finance)
    headers = {"Idempotency-Key": "k1"}

    def send(who: Client, headers: dict[str, str] | None = None):
        return who.post(
            "/api/v1/bills/ZD-2026-000002/confirm", {}, content_type="application/json", headers=headers or {}
        )

    found = [send(browser, headers) for _ in range(3)]
    assert [a.status_code for a in found] == [200, 200, 200]
    assert Event.objects.filter(kind="bill.confirmed", payload__bill="ZD-2026-000002").count() == 1
    assert send(browser).json()["code"] == "wrong_state"
    denied = send(client(world.stranger))
    assert (denied.status_code, denied.json()["code"]) == (404, "not_found")


def test_an_english_page_shows_no_chinese_outside_data(world):
    """The parties' own names, the contract's title, the payer's text and who answers for it are data."""
    browser = client(world.finance)
    browser.post("/language", {"lang": "en", "next": "/"})
    for address in SHARED + OPERATOR:
        if not address.startswith("/desk") or "." in address or "format" in address:
            continue
        text = browser.get(address).content.decode()
        body = text[text.index("<main") : text.index("</main>")]
        for name in ("号段查询", "示例需方公司", "示例供方公司", "示例数据交易公司", "货款", "人员"):
            body = body.replace(name, "")
        assert not re.findall(r"[\u4e00-\u9fff]+", body), address


def test_the_api_runs_a_bill_to_its_end(world):
    """Rate, issue, confirm, exchange, split: by the API alone; a stranger is refused and changes nothing."""
    finance, buyer, stranger = client(world.finance), client(world.buyer_finance), client(world.stranger)

    def send(who: Client, address: str, body: dict[str, object]):
        return who.post(f"/api/v1/{address}", body, content_type="application/json")

    before = footprint()
    for address in ("settlement/rate", "settlement/issue", "settlement/exchange", "settlement/split", "bank/return"):
        assert send(stranger, address, {"reference": "BK000003-001"}).status_code == 403
    assert footprint() == before
    assert send(finance, "settlement/rate", {"contract": SECOND}).json() == {
        "drafts": [{"contract": SECOND, "kind": "bill", "total_fen": 105}]
    }
    number = send(finance, "settlement/issue", {"contract": SECOND}).json()["issued"][0]
    assert send(buyer, f"bills/{number}/confirm", {}).json()["state"] == "confirmed"
    assert send(finance, "bank/match", {"reference": "BK000003-001", "bill": number}).json()["state"] == "paid"
    assert send(finance, "settlement/split", {}).json() == {"split": [number]}
    simulate_bank()
    assert send(finance, "settlement/exchange", {}).json()["read"] == ["000004.json"]
    assert finance.get(f"/api/v1/bills/{number}").json()["state"] == "settled"
    wrong = send(buyer, "bills/ZD-2026-000002/dispute", {})
    assert (wrong.status_code, list(wrong.json()["fields"])) == (422, ["reason"])
