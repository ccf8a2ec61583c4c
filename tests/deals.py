"""Auctions of the world, one open with a bidder whose deposit has arrived, one whose bids are being opened; projects of
several suppliers, one being negotiated and one that only the buyer has still to sign; a tie between two parties."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from shugang.assets.testing import Office, make_certificate
from shugang.kernel import clock
from shugang.market import testing as market
from shugang.market.agreements import services as agreements
from shugang.market.auction import award, services, testing
from shugang.market.auction.models import Auction
from shugang.market.bundles import testing as bundles
from shugang.market.contracts.models import Contract
from shugang.market.contracts.services import sign
from shugang.market.trade.relations import record_tie
from shugang.settlement.payouts.receiving import exchange
from shugang.settlement.payouts.simulator import Payment, simulate_bank

AMOUNT = 1_234_500


def open_deals(world: Any) -> None:
    things = world.things
    venue = market.Venue(things["operator"], world.actor("yunying"), world.actor("fuhe"), things["reviewer"],
                         world.actor("pinggu"))  # fmt: skip
    office = Office(things["registrar"], world.actor("shouli"), world.actor("shencha"), world.actor("dengji"))
    _auctions(world, venue, office)
    _bundles(world, venue, office)
    numbers = (things["registrar"].number, things["reviewer"].number)
    things["tie"] = record_tie(world.actor("fuhe"), *numbers, "control", "示例依据：股东名册")


def _bundles(world: Any, venue: market.Venue, office: Office) -> None:
    things, buyer, first = world.things, world.actor("xufang"), world.actor("gongfang")
    second, other = bundles.second_product(venue, office, "示例合作产品")
    things["product:partner"] = other
    products = (things["product:air"], other)
    things["bundle"] = bundles.begin(buyer, products)
    signing = things["bundle:signing"] = bundles.begin(buyer, products)
    bundles.agree(signing, buyer, (first, second))
    shares = f"{first.party.number} | 60\n{second.party.number} | 40"
    said = {"aim": "示例融合产品。", "inputs": "各投入一个数据集。", "shares": shares}
    until = (clock.today() + timedelta(days=90)).isoformat()
    fusion = things["agreement:fusion"] = agreements.propose(
        first, "fusion", [second.party.number], {**said, "until": until}
    )
    for supplier in (first, second):
        agreements.sign(supplier, fusion.number)
    for supplier in (first, second):
        member = signing.members.get(supplier_id=supplier.party_id)
        sign(supplier, Contract.objects.get(inquiry_id=member.inquiry_id).number)


def _auctions(world: Any, venue: market.Venue, office: Office) -> None:
    supplier, things = world.actor("gongfang"), world.things
    for name in ("open", "closed"):
        certificate = make_certificate(supplier, None, office, data_name=f"示例独占数据{name}")
        product = market.make_product(
            supplier, certificate, name=f"示例独占产品{name}", name_en=f"Sample exclusive {name}"
        )
        auction = testing.announce(supplier, market.list_product(supplier, product, venue))
        things[f"auction:{name}"] = auction
        _bid(world, auction, name == "closed")


def _bid(world: Any, auction: Auction, sealed: bool) -> None:
    """Register, pay; where `sealed`, put down a bid and close. The rows' times move, the world's clock does not."""
    buyer, number, now = world.actor("xufang"), auction.number, clock.now()
    services.register_bidder(buyer, number)
    deposit = services.deposits.of(auction, buyer.party_id)
    simulate_bank([Payment(str(deposit.number), deposit.amount_fen, buyer.party.name)])
    exchange(world.actor("yunying"))
    Auction.objects.filter(pk=auction.pk).update(opens_at=now - timedelta(hours=2))
    award.advance_due()
    if sealed:
        world.things["auction:salt"] = testing.seal(buyer, number, AMOUNT)
        Auction.objects.filter(pk=auction.pk).update(closes_at=now - timedelta(hours=1))
        award.advance_due()
