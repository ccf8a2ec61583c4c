"""A need that ends in an exclusive licence: demand, matches, sealed bids of two, delivery and acceptance, a dispute that gives
a part back, and the statement that still comes to nothing."""

from __future__ import annotations

import json
import urllib.request
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.conf import settings

from shugang.delivery.grants.models import Grant
from shugang.delivery.grants.services import issue_credential
from shugang.kernel import clock, engine
from shugang.kernel.actors import SYSTEM
from shugang.market.auction import sealing
from shugang.market.auction import services as auctions
from shugang.market.auction.models import Auction
from shugang.market.contracts.services import sign
from shugang.market.demand import inviting
from shugang.market.demand import queries as demand_queries
from shugang.market.demand import services as demands
from shugang.market.disputes import measures
from shugang.market.disputes import services as disputes
from shugang.market.matching import queries as matches
from shugang.parties.accounts.actor import actor_for
from shugang.parties.accounts.demo import make_demo_person
from shugang.parties.accounts.services import set_duties
from shugang.parties.keys.services import make_key
from shugang.parties.organisations.models import Party
from shugang.parties.organisations.services import apply_for_admission
from shugang.policy.identifiers import fake_phone, make_uscc
from shugang.settlement.bills.models import Bill
from shugang.settlement.bills.services import confirm_bill, issue_bill
from shugang.settlement.deposits.models import Deposit
from shugang.settlement.payouts import bank
from shugang.settlement.payouts.receiving import exchange
from shugang.settlement.payouts.services import instruct_split
from shugang.settlement.payouts.simulator import Payment, simulate_bank
from shugang.settlement.rating.services import rate_period
from shugang.settlement.reconciliation.documents import statement_pdf
from shugang.settlement.reconciliation.statement import statement

from .calls import get, until
from .stage import Stage

BEST, SECOND, REFUND = 1_800_000, 1_525_001, 123_456  # 分
DEMAND: dict[str, Any] = {
    "title": "厦门空气质量逐时数据", "text": "用于出行与空气质量关系的研究，需要逐时的PM2.5与PM10。", "sector": "N",
    "columns": "date：日期\nhour：小时\nstation：站点\npm25：PM2.5\npm10：PM10", "region": "厦门市", "budget_high": "20000",
    "modes": ["table", "file"], "purpose": "research", "visibility": "anonymous",
}  # fmt: skip


def need(stage: Stage) -> None:
    buyer, supplier, product = stage.things["xufang"], stage.things["gongfang"], stage.things["product:air"]
    with stage.step("发布匿名需求，匹配并说明理由，邀请供方", "需方 → 平台 → 供方") as said:
        number = demands.put_forward(buyer, demands.draft(buyer, DEMAND).number).number
        demand = demand_queries.get_demand(buyer, number)
        until(lambda: not matches.waits(number), "the comparison")
        best = matches.of_demand(demand.pk, buyer)[0]
        if best.product_id != product.pk:
            raise AssertionError(best.product)
        case = inviting.invite(buyer, number, supplier.party.number, "请报价；如可独占，请说明。")
        engine.act(case.number, "decline", supplier, {"reason": "这份数据将以独占许可公开竞价，请参加。"})
        said.append(
            f"{number} 与{best.product.name}相符{best.score / 100:.0f}%，{len(best.lines)}项理由；供方改为公开竞价"
        )


def _rival(stage: Stage) -> Any:
    """A second organisation that wants the same."""
    person = make_demo_person("jingpai", "何竞拍")
    form = {
        "name": "示例湖里研究院", "name_en": "Sample Huli Institute", "uscc": make_uscc("demo-rival"), "roles": ["buyer"],
        "legal_representative": "示例人", "contact": "何竞拍", "business": "环境与出行研究", "telephone": fake_phone("rival"),
        "address": "示例市示例区示例路3号",
    }  # fmt: skip
    case = apply_for_admission(person, form, stage.things["operator"])
    engine.act(case.number, "accept", stage.things["yunying"])
    checked = {"identity_checked": True, "opinion": "主体合法存续，材料齐全。"}
    engine.act(case.number, "approve", stage.things["fuhe"], checked)
    party = Party.objects.get(case=case)
    set_duties(SYSTEM, party, person, ["manager", "handler", "signer"])
    actor = actor_for(person, party, second_factor=True)
    make_key(actor)
    return actor


def _bank(stage: Stage, *payments: Payment) -> None:
    bank.send_instructions()
    simulate_bank(payments)
    exchange(stage.things["yunying"])


def _turn(auction: Auction, of: str, state: str) -> None:
    """The clock just past one of the announced times; the worker takes the step."""
    clock.move_to(getattr(auction, of) + timedelta(seconds=1))
    until(lambda: Auction.objects.get(pk=auction.pk).state == state, f"the auction is not {state}")


def announce(stage: Stage) -> None:
    supplier, buyer, product = stage.things["gongfang"], stage.things["xufang"], stage.things["product:air"]
    with stage.step("独占许可竞价：公告，两家报名并缴保证金", "供方；需方与另一家机构") as said:
        rival = stage.things["jingpai"] = _rival(stage)
        now = clock.now()
        times = {name: (now + timedelta(hours=hours)).isoformat(timespec="seconds")
                 for name, hours in (("opens_at", 25), ("closes_at", 50), ("reveals_until", 75))}  # fmt: skip
        form = {
            "terms": product.terms.to_json(),
            "reserve": "10000.00",
            "deposit": "1000.00",
            "note": "独占使用。",
            **times,
        }
        case = auctions.draft_auction(supplier, product.number, form)
        engine.act(case.number, "publish", supplier)
        stage.things["auction"] = Auction.objects.get(case=case)
        for bidder in (buyer, rival):
            auctions.register_bidder(bidder, case.number)
        due = Deposit.objects.filter(key=case.number).order_by("pk")
        _bank(stage, *(Payment(d.number, d.amount_fen, d.party.name) for d in due))
        said.append(f"{case.number}，保证金{Deposit.objects.filter(key=case.number, state='held').count()}笔存管")


def bid(stage: Stage) -> None:
    auction: Auction = stage.things["auction"]
    number, buyer, rival = auction.number, stage.things["xufang"], stage.things["jingpai"]
    with stage.step("密封报价，截止前谁也读不到；开标，次高价成交", "两家竞价方 → 平台") as said:
        _turn(auction, "opens_at", "open")
        bids = {}
        for bidder, amount in ((rival, SECOND), (buyer, BEST)):
            salt = sealing.new_salt()
            auctions.commit_bid(bidder, number, sealing.commitment(number, bidder.party.number, amount, salt))
            bids[bidder] = (amount, salt)
        if auction.bids.exclude(amount_fen=None).exists():
            raise AssertionError("a bid can be read before the close")
        _turn(auction, "closes_at", "revealing")
        for bidder, (amount, salt) in bids.items():
            auctions.open_bid(bidder, number, amount, salt)
        _turn(auction, "reveals_until", "awarded")
        auction.refresh_from_db()
        if (auction.holder_id, auction.price_fen) != (buyer.party_id, SECOND):
            raise AssertionError((auction.holder, auction.price_fen))
        said.append(f"最高¥{BEST / 100:,.2f}中标，按¥{SECOND / 100:,.2f}成交")


def deliver(stage: Stage) -> None:
    buyer, supplier, contract = stage.things["xufang"], stage.things["gongfang"], stage.things["auction"].contract
    with stage.step("签署，退还保证金，取数即交付，需方验收", "供方、需方 → 数据面") as said:
        sign(supplier, contract.number)
        contract = stage.things["contract:exclusive"] = sign(buyer, contract.number)
        _bank(stage)
        grant = Grant.objects.get(contract=contract.number)
        _, key = issue_credential(buyer, [grant.number], "bearer", grant.terms["purpose"])
        source = grant.source
        table = f"{settings.SHUGANG_PLANE_URL}/delta-sharing/shares/{source['share']}/schemas/{source['schema']}/tables/{source['table']}"  # fmt: skip
        until(lambda: get(f"{table}/metadata", key).status == 200, "the new key does not work yet")
        acceptance = contract.acceptance
        _read(table, key)
        until(lambda: type(acceptance).objects.get(pk=acceptance.pk).case.state == "inspecting", "the delivery")
        engine.act(acceptance.number, "accept", buyer)
        said.append(f"{contract.number}，{grant.number}，{acceptance.number} 已验收")


def _read(table: str, key: str) -> None:
    """The protocol by hand: ask for the table, fetch its file; the fetch is the use."""
    head = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    request = urllib.request.Request(f"{table}/query", b"{}", head)  # noqa: S310
    with urllib.request.urlopen(request, timeout=20) as answer:  # noqa: S310
        lines = [json.loads(line) for line in answer.read().splitlines()]
    url = next(line["file"]["url"] for line in lines if "file" in line)
    if get(url, key).status != 200:
        raise AssertionError(url)


def dispute(stage: Stage) -> None:
    """Billed, paid and contested before the split; both sign what goes back, and finance carries it out."""
    finance, buyer, supplier = (stage.things[name] for name in ("yunying", "xufang", "gongfang"))
    contract = stage.things["contract:exclusive"]
    with stage.step("出账、付款；争议期间冻结款项，和解退还一部分", "需方 ⇄ 供方；运营方") as said:
        rate_period(finance, contract.number)
        bill = stage.things["bill:exclusive"] = issue_bill(finance, contract.number)
        confirm_bill(buyer, str(bill.number))
        _bank(stage, Payment(str(bill.number), bill.total_fen, bill.buyer.name))
        claim = {
            "kind": "quality",
            "remedies": ["refund"],
            "claim_fen": "3000.00",
            "statement": "缺两天的数据，请按比例退还。",
        }
        made = disputes.open_dispute(buyer, contract.number, claim)
        measures.order(stage.things["fuhe"], made.number, {"kind": "funds", "reason": "争议期间款项不付给供方。"})
        engine.act(made.number, "answer", supplier, {"stance": "partly", "statement": "缺测属实，愿按比例退还。"})
        offer = {"refund_fen": f"{REFUND / 100:.2f}", "access": "continue", "text": "按缺测比例退还，双方再无争议。"}
        settlement = disputes.propose_settlement(supplier, made.number, offer)
        for side in (supplier, buyer):
            engine.act(settlement.case.number, "sign", side)
        engine.act(made.number, "execute", finance)
        note = Bill.objects.get(corrects=bill)
        said.append(f"{made.number}：红字账单{note.number} {note.total_fen / 100:,.2f}元")


def account(stage: Stage) -> None:
    """What is left is split and paid out; the contract's statement comes to nothing, on paper too."""
    finance, buyer, bill = stage.things["yunying"], stage.things["xufang"], stage.things["bill:exclusive"]
    with stage.step("退款与分账执行，对账单", "存管银行（模拟）→ 双方") as said:
        instruct_split(finance, str(bill.number))
        _bank(stage)
        found = statement(buyer, stage.things["contract:exclusive"].number)
        if (found.difference_fen, found.at_stage("settled")) != (0, SECOND - REFUND):
            raise AssertionError((found.difference_fen, found.at_stage("settled")))
        path = Path(settings.VAR_DIR) / "buyer" / "statement.pdf"
        path.write_bytes(statement_pdf(found))
        said.append(f"结清¥{found.at_stage('settled') / 100:,.2f}，退还¥{found.credited_fen / 100:,.2f}，差异0分；PDF")
