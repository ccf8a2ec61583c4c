"""The road walked by two people, each in a browser of his own: buyer and supplier click and type from the demand to the
statement. What others do meanwhile (a rival bidder, the venue, the bank, the clock) is told to `tests.road --serve`.

Pictures go to var/test-pictures/ (not in the repository).
"""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator

from demo.calls import get

from .test_browser import ROOT, Visitor, chromium, visitor_for  # noqa: F401  a fixture
from .test_chain import clean, free_ports

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]
PATIENCE = 20_000  # milliseconds for one click on a machine that does other things too


@dataclass
class Site:
    """The served road: its address, what is on its shelf, and what may be asked of those who have no browser here."""

    process: subprocess.Popen[str]
    address: str
    plane: str
    shelf: dict[str, str] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)
    answered: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    answers: list[dict[str, Any]] = field(default_factory=list)

    def listen(self) -> None:
        """Until it is ready; from then on answers are kept as they come, and whatever else it says is read away."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.said.append(line)
            if line.startswith("READY "):
                self.shelf = json.loads(line[6:])
                threading.Thread(target=self._drain, daemon=True).start()
                return
        raise RuntimeError("the road did not start:\n" + "".join(self.said[-30:]))

    def _drain(self) -> None:
        for line in self.process.stdout or ():
            if line.startswith("ANSWER "):
                self.answers.append(json.loads(line[7:]))
                self.answered.release()

    def ask(self, do: str, **about: str) -> Any:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps({"do": do, **about}) + "\n")
        self.process.stdin.flush()
        assert self.answered.acquire(timeout=90), f"no answer to {do}"
        answer = self.answers.pop(0)
        assert "error" not in answer, f"{do}: {answer['error']}"
        return answer["ok"]


@pytest.fixture(scope="module")
def road(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder, port = tmp_path_factory.mktemp("road") / "site", free_ports()
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.road", str(folder), str(port), "--serve"], cwd=ROOT, env=clean(), text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    site = Site(process, f"http://127.0.0.1:{port}", f"http://127.0.0.1:{port + 1}")
    try:
        site.listen()
        yield site
    finally:
        if process.stdin is not None:
            process.stdin.close()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGTERM)
            process.wait(15)


@dataclass
class Walk:
    """The two people, where they are, and the numbers of what came about."""

    site: Site
    buyer: Visitor
    supplier: Visitor
    folder: Path
    numbers: dict[str, str] = field(default_factory=dict)
    states: dict[str, Any] = field(default_factory=dict)


def fill(visitor: Visitor, **answers: Any) -> None:
    """Type, choose or tick, as the field of that name wants."""
    for name, value in answers.items():
        fields = visitor.main().locator(f"[name={name}]")
        tag, kind = fields.first.evaluate("e => [e.tagName, e.type]")
        if tag == "SELECT":
            fields.first.select_option(value)
        elif kind in ("radio", "checkbox"):
            for one in [value] if isinstance(value, str) else value:
                visitor.main().locator(f"[name={name}][value='{one}']").first.check()
        else:
            fields.first.fill(value)


def goes(visitor: Visitor, clicked: Locator) -> None:
    """A click that leads to a page: waits for the new one, however long the machine takes to answer."""
    with visitor.page.expect_navigation(wait_until="load", timeout=PATIENCE):
        clicked.click()


def submit(visitor: Visitor) -> None:
    goes(visitor, visitor.main().locator("form button[type=submit]").last)


def press(visitor: Visitor, name: str) -> None:
    goes(visitor, visitor.main().get_by_role("button", name=name, exact=True).first)


def follow(visitor: Visitor, name: str | re.Pattern[str]) -> None:
    goes(visitor, visitor.main().get_by_role("link", name=name).first)


def text(visitor: Visitor) -> str:
    return visitor.main().inner_text()


def number(visitor: Visitor, prefix: str) -> str:
    found = re.search(rf"{prefix}-\d{{4}}-\d{{6}}", visitor.page.url + visitor.main().inner_html())
    assert found, f"no {prefix} on {visitor.page.url}: {text(visitor)[:300]}"
    return found[0]


@pytest.fixture(scope="module")
def walk(chromium: Browser, road: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Walk]:  # noqa: F811
    people = [visitor_for(chromium, road.address, f"road-{who}", "wide") for who in ("buyer", "supplier")]
    for visitor, username in zip(people, ("xufang", "gongfang"), strict=True):
        visitor.page.set_default_timeout(PATIENCE)
        visitor.sign_in(username)
    yield Walk(road, people[0], people[1], tmp_path_factory.mktemp("downloads"))
    for visitor in people:
        visitor.context.close()


def test_a_demand_is_posted_matched_with_reasons_and_answered(walk):
    """The supplier learns who asks by answering, not before."""
    buyer, supplier, site = walk.buyer, walk.supplier, walk.site
    buyer.go("/desk/demands/new")
    fill(buyer, title="手机号段归属地校验", text="注册环节校验手机号段的归属地与运营商，按次查询。", sector="I",
         columns="prefix7：号段\nprovince：省\ncity：市\ncarrier：运营商", volume="500", uses="20000", budget_high="10000",
         modes=["api"], purpose="risk_control", visibility="anonymous")  # fmt: skip
    buyer.look("demand-form")
    submit(buyer)
    demand = walk.numbers["demand"] = number(buyer, "XQ")
    follow(buyer, re.compile("^发布"))
    buyer.look("publish")
    submit(buyer)
    site.ask("compared", demand=demand)
    buyer.go(f"/desk/demands/{demand}")
    buyer.look("demand")
    follow(buyer, "看每项得分和未通过的原因")
    buyer.main().get_by_text("逐项说明").first.click()
    said = text(buyer)
    assert "需要的4个字段中有4个" in said and "一年约¥7,000，在预算内" in said
    buyer.look("matches")
    follow(buyer, "邀请")
    fill(buyer, supplier=[site.shelf["supplier"]], message="请按次报价。")
    buyer.look("invite")
    submit(buyer)

    supplier.go("/desk")
    supplier.look("desk")
    supplier.go("/desk/invitations")
    goes(supplier, supplier.main().locator("a[href^='/desk/invitations/YQ-']").first)
    assert "匿名需方" in text(supplier) and "示例海沧" not in text(supplier)
    supplier.look("invitation")
    fill(supplier, product=[site.shelf["segments"]], message="可以提供。")
    press(supplier, "用产品答复")
    walk.numbers["inquiry"] = number(supplier, "XJ")
    assert "示例海沧智行科技有限公司" in text(supplier)


def test_the_two_negotiate_and_each_sees_what_the_other_changed(walk):
    buyer, supplier, inquiry = walk.buyer, walk.supplier, walk.numbers["inquiry"]
    supplier.go(f"/desk/inquiries/{inquiry}/offer")
    fill(supplier, message="按挂牌条件报价。")
    supplier.look("quotation-form")
    submit(supplier)
    buyer.go(f"/desk/inquiries/{inquiry}")
    assert "¥0.35/次" in text(buyer)
    buyer.look("quotation")
    follow(buyer, "还价")
    fill(buyer, q_limit_0="100", q_limit_1="50", p_price_unit="0.333", message="用不到运营商字段。")
    buyer.main().locator("[name=f_3]").uncheck()
    submit(buyer)
    supplier.go(f"/desk/inquiries/{inquiry}")
    changes = supplier.main().locator("table", has_text="第1版").first.inner_text()
    for word in ("prefix7、province、city、carrier", "¥0.35/次", "¥0.3330/次", "每日 100 次"):
        assert word in changes, changes
    supplier.look("counter-offer")
    follow(supplier, "接受还价")
    supplier.look("accept")
    submit(supplier)
    buyer.go(f"/desk/inquiries/{inquiry}")
    walk.numbers["contract"] = number(buyer, "HT")


def _sign_both(walk: Walk, contract: str) -> None:
    for side in (walk.supplier, walk.buyer):
        side.go(f"/desk/contracts/{contract}")
        goes(side, side.main().locator("form[action$='/sign'] button[type=submit]").first)


def test_both_sign_and_the_buyer_uses_what_he_may(walk):
    """Rights in plain words; a key that is shown once opens the plane, and nothing that was not bought."""
    buyer, contract = walk.buyer, walk.numbers["contract"]
    buyer.go(f"/desk/contracts/{contract}")
    buyer.look("contract-to-sign")
    _sign_both(walk, contract)
    assert "履行中" in text(buyer)
    buyer.look("contract")
    buyer.go(f"/desk/contracts/{contract}/rights")
    said = text(buyer)
    assert "现在可以使用" in said and "每日 100 次（计费）：已用0，还剩100" in said and "不得：训练模型" in said
    buyer.look("rights")
    follow(buyer, "密钥与取数方法")
    goes(buyer, buyer.main().locator("a[href$='/key']").first)
    buyer.main().locator("[name=agree]").check()
    buyer.look("key-form")
    submit(buyer)
    found = re.search(r"sg_[A-Za-z0-9_-]{20,}", buyer.main().inner_html())
    assert found, "the key is shown once"
    buyer.look("key")
    address = f"{walk.site.plane}/api/v1/lookup/{walk.site.shelf['segments']}?prefix7="
    assert get(f"{address}1999999", found[0]).json["outcome"] == "not_found"
    assert get(f"{address}1999999&fields=carrier", found[0]).code == "column_hidden"
    buyer.page.reload()
    assert found[0] not in buyer.page.content()


def test_an_exclusive_licence_is_auctioned_by_sealed_bids(walk):
    buyer, supplier, site = walk.buyer, walk.supplier, walk.site
    supplier.go(f"/desk/products/{site.shelf['air']}")
    supplier.look("product")
    follow(supplier, "独占许可竞价")
    shown = re.search(r"模拟时间\s*(\S+ \S+)", supplier.page.locator("body").inner_text())
    assert shown, "the demonstration shows its time"
    now = datetime.strptime(shown[1], "%Y-%m-%d %H:%M")
    hours = {name: f"{now + timedelta(hours=h):%Y-%m-%d %H:%M}" for name, h in (("opens_at", 25), ("closes_at", 50), ("reveals_until", 75))}  # fmt: skip
    fill(supplier, purpose=["research"], reserve="10000.00", deposit="1000.00", note="独占一年。", **hours)
    supplier.look("auction-form")
    submit(supplier)
    auction = number(supplier, "JP")
    follow(supplier, "发布公告")
    submit(supplier)
    buyer.go("/auctions")
    buyer.look("auctions")
    buyer.go(f"/auctions/{auction}")
    press(buyer, "报名")
    assert "BZ-" in text(buyer), "the reference to pay with"
    buyer.look("deposit")
    site.ask("rival_registers", auction_number=auction)
    assert site.ask("deposits", auction_number=auction) == {"held": 2}
    site.ask("auction_opens", auction_number=auction)
    buyer.page.reload()
    _bid(walk, auction)
    result = site.ask("auction_ends", auction_number=auction)
    for side in (buyer, supplier):
        side.go(f"/auctions/{auction}")
        assert "¥15,250.01" in text(side) and "示例海沧智行科技有限公司" in text(side)
        side.look("auction-result")
    follow(buyer, "核对封标与结果")
    assert "中标方是最高报价，成交价是次高报价或底价。" in text(buyer)
    buyer.look("auction-proof")
    walk.numbers["exclusive"] = result["contract"]


def _bid(walk: Walk, auction: str) -> None:
    """Sealed in the browser; the amount is in the saved file alone until the buyer opens it."""
    buyer, supplier = walk.buyer, walk.supplier
    buyer.page.locator("#f-amount").fill("18000.00")
    with buyer.page.expect_download() as waited:
        buyer.page.get_by_role("button", name="封标并保存开标文件").click()
    file = walk.folder / "bid.json"
    waited.value.save_as(file)
    assert json.loads(file.read_text())["amount_fen"] == 1_800_000
    buyer.look("sealed")
    sent: list[str] = []
    buyer.page.on("request", lambda r: sent.append(r.post_data or "") if r.method == "POST" else None)
    press(buyer, "提交封标码")
    assert sent and not any("18000" in body or "1800000" in body for body in sent), "the amount never leaves"
    buyer.look("bid")
    supplier.go(f"/auctions/{auction}")
    assert "18,000" not in supplier.page.content()
    walk.site.ask("auction_closes", auction_number=auction)
    buyer.page.reload()
    buyer.page.locator("input[type=file]").set_input_files(file)
    buyer.look("opening")
    press(buyer, "开标")
    assert "¥18,000.00" in text(buyer)


def test_the_exclusive_data_are_delivered_and_accepted(walk):
    buyer, supplier, contract = walk.buyer, walk.supplier, walk.numbers["exclusive"]
    _sign_both(walk, contract)
    buyer.go(f"/desk/contracts/{contract}")
    buyer.look("exclusive-contract")
    goes(buyer, buyer.main().locator("a[href^='/desk/grants/SQ-']").first)
    follow(buyer, "下载文件")
    fill(buyer, format=["csv"])
    buyer.main().locator("[name=agree]").check()
    buyer.look("download")
    submit(buyer)
    with buyer.page.expect_download() as waited:
        buyer.main().locator("a[href*='/download/v1/']").first.click()
    file = walk.folder / "air.csv"
    waited.value.save_as(file)
    rows = file.read_text(encoding="utf-8-sig").splitlines()
    assert (rows[0], len(rows)) == ("date,hour,station,level,aqi,pm25,pm10,no2", 629)
    walk.site.ask("used", contract=contract)
    buyer.go("/desk/acceptances")
    buyer.look("acceptances")
    acceptance = number(buyer, "YS")
    supplier.go(f"/desk/acceptances/{acceptance}")
    assert supplier.main().get_by_role("link", name="验收合格").count() == 0, "not by the supplier"
    buyer.go(f"/desk/acceptances/{acceptance}")
    buyer.look("acceptance")
    follow(buyer, "验收合格")
    submit(buyer)
    buyer.go(f"/desk/acceptances/{acceptance}")
    assert "已验收" in text(buyer)


def test_the_bill_is_confirmed_and_paid_into_the_dispute_window(walk):
    buyer, contract = walk.buyer, walk.numbers["exclusive"]
    made = walk.site.ask("bill", contract=contract)
    assert made["total_fen"] == 1_525_001
    bill = walk.numbers["bill"] = made["bill"]
    buyer.go("/desk/bills")
    buyer.look("bills")
    buyer.go(f"/desk/bills/{bill}")
    assert "¥15,250.01" in text(buyer)
    buyer.look("bill")
    follow(buyer, "确认账单")
    buyer.look("confirm-bill")
    submit(buyer)
    walk.site.ask("paid", number=bill)
    buyer.go(f"/desk/bills/{bill}")
    assert "争议期留存" in text(buyer)
    buyer.look("bill-reserved")


def test_a_dispute_is_settled_by_both_signatures(walk):
    """Both sign ¥1,234.56, wherever it is shown, and the money is held meanwhile."""
    buyer, supplier, contract = walk.buyer, walk.supplier, walk.numbers["exclusive"]
    buyer.go(f"/desk/contracts/{contract}")
    follow(buyer, "提出争议")
    fill(buyer, kind=["quality"], remedies=["refund"], claim_fen="3000.00", statement="缺两天的数据，见合同质量条款。")
    buyer.look("claim")
    submit(buyer)
    dispute = walk.numbers["dispute"] = number(buyer, "ZY")
    walk.site.ask("funds_held", dispute=dispute)
    buyer.go(f"/desk/bills/{walk.numbers['bill']}")
    assert dispute in text(buyer), "the bill says why its money does not move"
    buyer.look("bill-held")
    supplier.go(f"/desk/disputes/{dispute}")
    supplier.look("dispute")
    follow(supplier, "答复")
    fill(supplier, stance=["partly"], statement="缺测属实，愿按天数退还。")
    supplier.look("answer")
    submit(supplier)
    supplier.go(f"/desk/disputes/{dispute}/settle")
    fill(supplier, refund_fen="1234.56", access=["continue"], text="按缺测比例退还，双方再无争议。")
    supplier.look("proposal-form")
    submit(supplier)
    buyer.go(f"/desk/disputes/{dispute}")
    buyer.look("proposal")
    for side in (buyer, supplier):
        side.go(f"/desk/disputes/{dispute}")
        follow(side, "查看并答复")
        side.look("settlement")
        follow(side, "签署和解")
        assert "¥1,234.56" in text(side), text(side)
        side.look("settlement-sign")
        submit(side)
    buyer.go(f"/desk/disputes/{dispute}")
    assert "已有结论，待执行" in text(buyer) and "签名有效" in text(buyer)
    buyer.look("settled")


def test_the_credit_note_and_the_statement_say_what_was_refunded(walk):
    buyer, supplier, contract = walk.buyer, walk.supplier, walk.numbers["exclusive"]
    note = walk.numbers["note"] = walk.site.ask("carried_out", dispute=walk.numbers["dispute"])["note"]
    told = walk.site.ask("window_over", number=walk.numbers["bill"])
    assert told == {"difference_fen": 0, "violations": 0, "bank_fen": 0}
    buyer.go(f"/desk/disputes/{walk.numbers['dispute']}")
    assert "已执行，结案" in text(buyer)
    buyer.look("closed")
    buyer.go(f"/desk/bills/{note}")
    assert "-¥1,234.56" in text(buyer)
    buyer.look("credit-note")
    for side in (buyer, supplier):
        side.go(f"/desk/statements/{contract}")
        said = text(side)
        assert "差异0.00，已核对" in said and "¥14,015.45" in said and note in said
        side.look("statement")
        for name in ("下载PDF", "下载Excel"):
            with side.page.expect_download() as waited:
                side.main().get_by_role("link", name=name).first.click()
            assert Path(waited.value.path()).stat().st_size > 2_000


ADDRESSES = (
    "/desk", "/desk/demands/{demand}", "/desk/demands/{demand}/matches", "/desk/inquiries/{inquiry}",
    "/desk/contracts", "/desk/contracts/{exclusive}", "/desk/contracts/{contract}/rights", "/desk/rights",
    "/desk/acceptances", "/desk/disputes", "/desk/disputes/{dispute}", "/desk/bills/{bill}", "/desk/bills/{note}",
    "/desk/statements", "/desk/statements/{exclusive}", "/desk/month-statement?month=2026-12", "/desk/invoices",
    "/desk/deposits", "/auctions", "/disclosure", "/rules",
)  # fmt: skip


@pytest.mark.parametrize("width, english", [("phone", False), ("phone", True), ("wide", True)])
def test_the_pages_of_the_road_fit_a_phone_and_speak_english(walk, chromium, width, english):  # noqa: F811
    """After the walk: every page with what happened on it, at 390 points and in English."""
    label = f"road-{width}-{'en' if english else 'zh'}"
    visitor = visitor_for(chromium, walk.site.address, label, width, walk.buyer.context.storage_state(), english)
    visitor.page.set_default_timeout(PATIENCE)
    wrong = []
    for address in ADDRESSES:
        visitor.complaints.clear()
        visitor.go(address.format(**walk.numbers))
        try:
            visitor.look(re.sub(r"\W+", "-", address.partition("?")[0]).strip("-"))
        except AssertionError as error:
            wrong.append(f"{address} {error}")
        if english and re.search(r"[一-鿿]", visitor.heading()):
            names = ("手机号段", "厦门")  # names of data that have none in English are shown as they are
            assert any(name in visitor.heading() for name in names), visitor.heading()
    visitor.context.close()
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("width", ["wide", "phone"])
def test_platform_finance_sees_the_books_of_the_road(walk, chromium, width):  # noqa: F811
    """Who issued and split: the checks of the ledger, its accounts and the reconciliation, all without a difference."""
    finance = visitor_for(chromium, walk.site.address, f"road-finance-{width}", width, walk.states.get("yunying"))
    finance.page.set_default_timeout(PATIENCE)
    if "yunying" not in walk.states:
        finance.sign_in("yunying")
        walk.states["yunying"] = finance.context.storage_state()
    for address in ("/desk/ledger-checks", "/desk/ledger", "/desk/reconciliation", "/desk/settlement", "/desk/bank"):
        finance.go(address)
        finance.look(address.rsplit("/", 1)[1])
    finance.go("/desk/ledger-checks")
    assert "每笔转账的分录合计为零" in text(finance)
    finance.go("/desk/reconciliation")
    assert "差异0.00，已核对" in text(finance)
    finance.context.close()
