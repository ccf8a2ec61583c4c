"""A demand, its matches, the negotiation, the auction of an exclusive licence, and both contracts signed."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from demo.calls import get, until
from shugang.delivery.models import Grant
from shugang.kernel import clock, engine
from shugang.market.auction import queries as auctions
from shugang.market.auction import services as auction
from shugang.market.auction import testing as auctioneer
from shugang.market.auction.models import Auction
from shugang.market.contracts import queries as contract_queries
from shugang.market.contracts import services as contracts
from shugang.market.contracts.models import Contract
from shugang.market.demand import inviting
from shugang.market.demand import queries as demand_queries
from shugang.market.demand import services as demands
from shugang.market.matching import queries as matches
from shugang.market.trade import queries as trade_queries
from shugang.market.trade import services as trade
from shugang.market.trade.models import Inquiry
from shugang.parties.accounts.tokens import make_token
from shugang.policy.terms import Quota
from shugang.settlement.deposits.models import Deposit
from shugang.settlement.ledger.models import Transfer
from shugang.settlement.payouts import bank
from shugang.settlement.payouts.receiving import exchange
from shugang.settlement.payouts.simulator import Payment, simulate_bank

from .people import AGREED, ASKED
from .stage import Road, balance, move_past, refused, same

# 分; the winner pays what the second offered.
BEST, SECOND, DEPOSIT = 1_800_000, 1_525_001, 100_000
DEMAND: dict[str, Any] = {
    "title": "手机号段归属地校验", "text": "注册环节校验手机号段的归属地与运营商，按次查询。", "sector": "I",
    "columns": "prefix7：号段\nprovince：省\ncity：市\ncarrier：运营商", "volume": "500", "uses": "20000",
    "budget_high": "10000", "modes": ["api"], "purpose": "risk_control", "visibility": "anonymous",
}  # fmt: skip


def demand(road: Road) -> None:
    """An anonymous demand: on the board for all, its owner's name for nobody."""
    buyer, supplier = road.things["xufang"], road.things["gongfang"]
    with road.step("demand", "需方") as said:
        number = demands.put_forward(buyer, demands.draft(buyer, DEMAND).number).number
        post = road.things["demand"] = demand_queries.get_demand(buyer, number)
        same(post.state, "published", "demand")
        shown = demand_queries.public_json(post, supplier)
        if buyer.party.name in json.dumps(shown, ensure_ascii=False) or buyer.party.number in json.dumps(shown):
            raise AssertionError("the board names an anonymous demander")
        refused("not_found", lambda: demand_queries.get_demand(road.things["jingpai"], number))
        said.append(number)


def match(road: Road) -> None:
    """The worker compares; the buyer sees all with reasons, the supplier its own; an invitation is passed on and answered."""
    buyer, supplier, rival = (road.things[n] for n in ("xufang", "gongfang", "jingpai"))
    post, product = road.things["demand"], road.things["product:segments"]
    with road.step("match", "平台 → 需方 → 供方") as said:
        until(lambda: not matches.waits(post.number), "the comparison")
        (best,) = matches.of_demand(post.pk, buyer)
        same(best.product_id, product.pk, "best match")
        lines = matches.lines(best)
        same(sum(line["share"] for line in lines) in range(98, 103), True, "shares of the parts")
        same(all(line["why"].zh and line["why"].en for line in lines), True, "each part says why")
        stopped = matches.of_demand(post.pk, buyer, passes=False)
        same([m.product_id for m in stopped if not matches.reasons(m)], [], "what a filter stopped without a reason")
        same([m.product_id for m in matches.for_supplier(supplier)], [product.pk], "what the supplier sees")
        same((matches.of_demand(post.pk, rival), list(matches.for_supplier(rival))), ([], []), "what the rival sees")
        sent = inviting.invite(buyer, post.number, supplier.party.number, "请按次报价。")
        same(buyer.party_id in sent.parties.values_list("party_id", flat=True), False, "the demander is named")
        inviting.answer(supplier, sent.number, product.number, "可以提供。")
        invitation = demand_queries.get_invitation(supplier, sent.number)
        road.things["inquiry"] = Inquiry.objects.get(pk=invitation.inquiry_id)
        same(road.things["inquiry"].buyer_id, buyer.party_id, "now the supplier knows who asks")
        said.append(f"{best.score / 100:.2f}分；{sent.number}")
        road.facts["match"] = {"score": best.score, "parts": len(lines)}


def negotiate(road: Road) -> None:
    """0.35 元 asked, 0.333 元 for fewer columns countered and taken: each version against the one before."""
    buyer, supplier = road.things["xufang"], road.things["gongfang"]
    row, offered = road.things["inquiry"], road.things["product:segments"].terms
    number = row.case.number
    wanted = replace(offered, fields=("prefix7", "province", "city"),
                     quotas=(Quota("calls", 100, "day", "charged"), Quota("calls", 50, "day", "uncharged")))  # fmt: skip
    with road.step("negotiate", "供方 ⇄ 需方") as said:
        seen = trade.quote(supplier, number, offered, ASKED, "按挂牌条件报价。").revision
        trade.counter(buyer, number, wanted, AGREED, "用不到运营商字段。")
        refused("stale_version", lambda: trade.accept(supplier, number, seen))
        refused("not_found", lambda: trade_queries.get_inquiry(road.things["jingpai"], number))
        newest = trade_queries.negotiation(trade_queries.get_inquiry(supplier, number))["versions"][0]
        changed = json.dumps(newest["against_previous"], ensure_ascii=False)
        same([word for word in ("carrier", "0.35", "0.333") if word not in changed], [], "missing in the differences")
        trade.accept(supplier, number)
        contract = road.things["contract:segments"] = Contract.objects.get(inquiry__case__number=number)
        same((contract.state, contract.terms.fields), ("pending_signature", wanted.fields), "the contract")
        said.append(f"{contract.number}，{len(newest['against_previous'])}处改动")
        road.facts["differences"] = newest["against_previous"]


def bank_day(road: Road, payments: list[Payment]) -> None:
    """Orders out, the bank's day with these payments by customers, its report in."""
    bank.send_instructions()
    simulate_bank(payments)
    exchange(road.things["yunying"])


def _row(road: Road) -> Auction:
    return Auction.objects.select_related("case").get(pk=road.things["auction"].pk)


def _reaches(road: Road, state: str) -> Auction:
    """The worker takes the step once its time has come."""
    until(lambda: _row(road).state == state, f"the auction does not become {state}")
    return _row(road)


def announce(road: Road) -> None:
    """Announced, so that nobody else may deal over the asset; two bidders register and their deposits are held."""
    supplier, product = road.things["gongfang"], road.things["product:air"]
    rival = road.things["jingpai"]
    asked = trade.inquire(rival, product.number, {"purpose": "research", "need": "想单独购买。"})
    trade.quote(supplier, asked.number, product.terms, product.plan, "按挂牌价。")
    row = road.things["auction"] = auctioneer.announce(supplier, product)
    refused("exclusively_reserved", lambda: trade.accept(rival, asked.number))
    for username in ("xufang", "jingpai"):
        auction.register_bidder(road.things[username], row.number)
    due = list(Deposit.objects.filter(key=row.number).order_by("pk"))
    bank_day(road, [Payment(d.number, d.amount_fen, d.party.name) for d in due])
    same([d.state for d in Deposit.objects.filter(key=row.number)], ["held", "held"], "deposits")
    for key in ("buyer", "rival"):
        same(balance(f"deposit:{road.things[key].number}"), DEPOSIT, f"deposit of the {key}")
    same(balance("custody:bank"), -2 * DEPOSIT, "mirror of the bank")


def shugang(road: Road, *words: str, token: str = "") -> str:
    done = subprocess.run(
        [sys.executable, "-m", "shugang.cli", *words], capture_output=True, text=True, timeout=60, check=False,
        env={"PATH": "/usr/bin:/bin", "SHUGANG_TOKEN": token},
    )  # fmt: skip
    same(done.returncode, 0, f"shugang {' '.join(words[:2])}: {done.stdout[-500:]}{done.stderr[-500:]}")
    return done.stdout


def bid(road: Road, folder: Path, url: str) -> None:
    """The buyer bids by the command on his own machine, the rival by the verb; until the close nobody can read either."""
    buyer, rival, number = road.things["xufang"], road.things["jingpai"], _row(road).number
    move_past(_row(road).opens_at)
    _reaches(road, "open")
    _, token = make_token(buyer, "竞价", days=1, read_only=False, sensitive=True)
    file = folder / "bid.json"
    shugang(road, "bid", "seal", number, "--bidder", buyer.party.number, "--amount", "18000.00", "--out", str(file),
             "--url", url, token=token)  # fmt: skip
    salt = auctioneer.seal(rival, number, SECOND)
    refused("already_bid", lambda: auctioneer.seal(rival, number, SECOND + 1))
    same(list(_row(road).bids.values_list("amount_fen", "salt", "outcome").distinct()), [(None, "", "sealed")], "in the open")  # fmt: skip
    refused("not_found", lambda: auctions.verification(road.things["fuhe"], _row(road)))
    move_past(_row(road).closes_at)
    _reaches(road, "revealing")
    refused("not_in_time", lambda: auctioneer.seal(rival, number, BEST * 2))
    shugang(road, "bid", "open", str(file), "--url", url, token=token)
    refused("opening_differs", lambda: auction.open_bid(rival, number, SECOND + 1, salt))
    auction.open_bid(rival, number, SECOND, salt)


def award(road: Road, folder: Path, url: str) -> str:
    """The best wins at the second price; anybody checks it from what is published."""
    move_past(_row(road).reveals_until)
    row = _reaches(road, "awarded")
    same((row.holder_id, row.price_fen), (road.things["buyer"].pk, SECOND), "winner and price")
    address = f"{url}/api/v1/auctions/{row.number}/verification"
    until(lambda: get(address, "").json["close"]["receipt"] is not None, "the receipt of the close")
    until(lambda: all(b["receipt"] for b in get(address, "").json["bids"]), "the receipts of the bids")
    proof = folder / "verification.json"
    proof.write_bytes(get(address, "").body)
    shugang(road, "bid", "verify", str(proof), "--key", road.things["vkey"])
    contract = road.things["contract:air"] = row.contract
    same(contract.plan.price_fen, SECOND, "price in the contract")
    road.facts["auction"] = {
        "price_fen": row.price_fen,
        "winner": row.holder.number,
        "buyer": road.things["buyer"].number,
    }
    return str(row.number)


def sell_alone(road: Road, folder: Path, url: str) -> None:
    with road.step("auction", "供方；两家需方；任何人核对") as said:
        announce(road)
        bid(road, folder, url)
        said.append(f"{award(road, folder, url)} ¥{SECOND / 100:,.2f}（第二高价）")


def sign(road: Road) -> None:
    """Each side signs the digest that it read; a grant stands only with the second signature."""
    buyer, supplier, rival = (road.things[n] for n in ("xufang", "gongfang", "jingpai"))
    with road.step("sign", "供方、需方") as said:
        for key in ("segments", "air"):
            contract = Contract.objects.get(pk=road.things[f"contract:{key}"].pk)
            refused("not_found", lambda c=contract: contracts.sign(rival, c.number))
            refused("stale_version", lambda c=contract: contracts.sign(supplier, c.number, sha256="0" * 64))
            contracts.sign(supplier, contract.number, sha256=contract.sha256)
            same(Grant.objects.filter(contract=contract.number).exists(), False, "a grant before the second signature")
            contract = contracts.sign(buyer, contract.number, sha256=contract.sha256)
            grant = Grant.objects.get(contract=contract.number)
            same((contract.state, grant.grantee_id), ("active", buyer.party_id), contract.number)
            same([s["good"] for s in contract_queries.signatures(contract)], [True, True], "signatures")
            road.things[f"contract:{key}"], road.things[f"grant:{key}"] = contract, grant
            said.append(f"{contract.number} → {grant.number}")
        same(_row(road).state, "concluded", "auction")


def hold(road: Road) -> None:
    """Two phases: what was held for the bidders is released to them, and only then leaves the bank."""
    number = _row(road).number
    with road.step("hold", "平台 → 存管银行（模拟）") as said:
        keys = list(Transfer.objects.filter(key__startswith="deposit:").order_by("pk"))
        same([t.kind for t in keys], ["hold", "hold"], "first phase")
        same([t.resolved_by.kind for t in keys], ["release", "release"], "second phase")
        same([d.state for d in Deposit.objects.filter(key=number)], ["returning", "returning"], "deposits")
        same(balance("custody:bank"), -2 * DEPOSIT, "nothing has left the bank yet")
        bank_day(road, [])
        same([d.state for d in Deposit.objects.filter(key=number)], ["returned", "returned"], "deposits")
        same(balance("custody:bank"), 0, "mirror of the bank")
        said.append(f"2笔保证金 ¥{DEPOSIT / 100:,.2f} 暂存、解除、退还")
    same(clock.now() > _row(road).reveals_until, True, "time")
    engine.tick()
