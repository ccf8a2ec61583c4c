"""Verbs of auctions: draft an announcement; register, seal and open a bid; and what the clock brings about.

Every verb of a bid holds the auction's case lock and asks the server's clock inside that transaction: a bid is either
before the close, and in the list that the close's event names, or refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from shugang.kernel import clock, engine
from shugang.kernel.actors import SYSTEM, Actor
from shugang.kernel.errors import Refusal, forbidden, not_found
from shugang.kernel.events import emit
from shugang.kernel.models import Case
from shugang.kernel.verbs import verb
from shugang.parties.models import Party
from shugang.policy.text import Text

from ..products.services import own_product, require_supply
from ..trade import compliance
from . import deposits, sealing
from .models import DRAFT, OPEN, PUBLISHED, REVEALING, Auction, AuctionBidder, SealedBid
from .process import CODE

AUCTION = Text("这场竞价", "auction")


def locked(number: str) -> Auction:
    """The auction under its case's lock. Raises Refusal `not_found`; drafts are not found."""
    found = Auction.objects.filter(case__number=number).exclude(state=DRAFT).first()
    if found is None:
        raise not_found(AUCTION)
    engine.lock(number)
    return Auction.objects.select_related(
        "case__profile", "supplier", "product__supplier", "product__asset", "product__certificate",
        "product__dataset_version__dataset", "holder", "contract",
    ).get(pk=found.pk)  # fmt: skip


@verb
def draft_auction(actor: Actor, product_number: str, form: Mapping[str, Any]) -> Case:
    """Draft the announcement of an exclusive licence over one's own listed product; `form` answers ANNOUNCEMENT.

    Raises Refusal `forbidden`, `not_found`, `not_listed`, `invalid_form`, `bad_terms`.
    """
    require_supply(actor)
    product = own_product(actor, product_number, lock=True)
    compliance.check_product(product)
    listing = product.listings.order_by("-pk").first()
    assert listing is not None  # a listed product was listed by a venue
    parties = [("supplier", product.supplier_id), ("operator", listing.operator_id)]
    return engine.open_case(CODE, actor, parties, product.name, form, refs=product.event_refs())


def _bidding_party(actor: Actor, auction: Auction, duties: frozenset[str]) -> Party:
    if actor.party_id is None or "buyer" not in actor.roles or not actor.duties & duties:
        raise forbidden(
            "竞价由入驻需方的经办或签署人参加，请切换到需方机构或联系本机构管理员分配岗位。",
            "Bids are made by a buyer's handler or signer. Please act for a buyer, or ask your manager for the duty.",
        )
    party = Party.objects.get(pk=actor.party_id)
    compliance.check_parties(party, auction.supplier)
    return party


def _in_time(auction: Auction, states: tuple[str, ...], until: datetime, zh: str, en: str) -> None:
    if auction.state not in states or clock.now() >= until:
        raise Refusal("not_in_time", Text(zh, en), 409)


def _own(auction: Auction, party: Party) -> AuctionBidder:
    found = auction.bidders.filter(party=party).first()
    if found is None:
        raise Refusal(
            "not_registered", Text("请先报名并缴纳保证金。", "Please register and pay the deposit first."), 409
        )
    return found


def _private(auction: Auction, bidder: AuctionBidder) -> list[tuple[str, str]]:
    """Refs of what only the bidder's own party may read: it names no object that others share."""
    return [("auction_bid", f"{auction.number}/{bidder.party.number}")]


@verb
def register_bidder(actor: Actor, number: str) -> AuctionBidder:
    """Register to bid; the deposit is asked for. Registering again changes nothing but leaves its trace.

    Raises Refusal `not_found`, `forbidden`, `buyer_not_active`, `own_product`, `related_parties`, `not_in_time`.
    """
    auction = locked(number)
    party = _bidding_party(actor, auction, frozenset({"handler", "signer"}))
    _in_time(auction, (PUBLISHED, OPEN), auction.closes_at, "报名已截止。", "Registration is over.")
    row, _ = AuctionBidder.objects.get_or_create(auction=auction, party=party, defaults={"registered_at": clock.now()})
    deposit = deposits.ask(actor, auction, party)
    emit("auction.bidder_registered", actor, _private(auction, row), {"auction": number, "deposit": deposit.number})
    return row


@verb
def commit_bid(actor: Actor, number: str, commitment: str) -> SealedBid:
    """Put down the digest of a bid; one a bidder, never changed.

    Raises Refusal `not_found`, `forbidden`, `second_factor_required`, `not_in_time`, `not_registered`, `deposit_due`,
    `bad_commitment`, `already_bid`, `commitment_used`.
    """
    auction = locked(number)
    party = _bidding_party(actor, auction, frozenset({"signer"}))
    _second_factor(actor)
    _in_time(
        auction,
        (OPEN,),
        auction.closes_at,
        "现在不在报价时间内，未收下报价。",
        "Bidding is not open; no bid was taken.",
    )
    if clock.now() < auction.opens_at:
        raise Refusal("not_in_time", Text("报价尚未开始。", "Bidding has not begun."), 409)
    bidder = _own(auction, party)
    if not deposits.is_held(auction, party.pk):
        raise Refusal(
            "deposit_due",
            Text("保证金尚未到账，到账后才能报价。", "The deposit has not arrived; bids are taken once it has."),
            409,
        )
    _fresh(auction, bidder, commitment)
    serial = auction.bids.count() + 1
    said = {"auction": number, "serial": serial, "commitment": commitment}
    public = emit("auction.bid_committed", SYSTEM, [("auction", number)], said)
    bid = SealedBid.objects.create(
        auction=auction, bidder=bidder, serial=serial, commitment=commitment, committed_at=clock.now(), event=public
    )
    emit("auction.bid_sent", actor, _private(auction, bidder), said)
    return bid


def _second_factor(actor: Actor) -> None:
    if not actor.second_factor:
        raise forbidden(
            "报价约束本机构，需要第二因素认证。请先绑定动态口令，再重新登录。",
            "A bid binds your organisation and needs a second factor. Please set up one-time codes and sign in again.",
            "second_factor_required",
        )


def _fresh(auction: Auction, bidder: AuctionBidder, commitment: str) -> None:
    if not sealing.HEX64.fullmatch(commitment):
        message = Text("封标码应为64位小写十六进制。", "The commitment is 64 lower-case hex digits.")
        raise Refusal("bad_commitment", message, 422, {"commitment": message})
    if SealedBid.objects.filter(bidder=bidder).exists():
        raise Refusal(
            "already_bid", Text("本机构已报过价，一经提交不能更改。", "Your bid is in; it cannot be changed."), 409
        )
    if SealedBid.objects.filter(commitment=commitment).exists():
        raise Refusal(
            "commitment_used",
            Text("这个封标码已被提交过，请用自己的盐值重新生成。", "This commitment was sent before; please seal a bid of your own."),
            409,
        )  # fmt: skip


@verb
def open_bid(actor: Actor, number: str, amount_fen: int, salt: str) -> SealedBid:
    """Reveal amount (分) and salt of one's own bid, in the window after the close; they have to fit the commitment.

    Raises Refusal `not_found`, `forbidden`, `not_in_time`, `not_registered`, `no_bid`, `already_opened`, `opening_differs`.
    """
    auction = locked(number)
    party = _bidding_party(actor, auction, frozenset({"handler", "signer"}))
    _in_time(auction, (REVEALING,), auction.reveals_until, "现在不在开标时间内。", "Bids are not being opened now.")
    bidder = _own(auction, party)
    bid = SealedBid.objects.filter(bidder=bidder).first()
    if bid is None:
        raise Refusal("no_bid", Text("本机构没有报价。", "Your organisation has not bid."), 409)
    if bid.amount_fen is not None:
        raise Refusal("already_opened", Text("本机构的报价已经开标。", "Your bid is open already."), 409)
    if _commitment(number, party, amount_fen, salt) != bid.commitment:
        raise Refusal(
            "opening_differs",
            Text(
                "金额或盐值与封标码不符，未开标。请用封标时保存的文件，在截止前再试。",
                "Amount or salt do not fit the commitment; the bid stays sealed. Please use the file saved when sealing "
                "it, and try again before the end.",
            ),
            422,
        )
    bid.amount_fen, bid.salt, bid.revealed_at, bid.outcome = amount_fen, salt, clock.now(), SealedBid.Outcome.OPENED
    bid.save(update_fields=["amount_fen", "salt", "revealed_at", "outcome"])
    emit("auction.bid_opened", actor, _private(auction, bidder), {"auction": number, "serial": bid.serial})
    return bid


def _commitment(number: str, party: Party, amount_fen: int, salt: str) -> str:
    try:
        return sealing.commitment(number, party.number, amount_fen, salt)
    except ValueError:
        return ""
