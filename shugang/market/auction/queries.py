"""Reads of auctions: the public announcement, one's own bid, and the document by which outsiders check the result."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.models import Q, QuerySet

from shugang.kernel import sequencer
from shugang.kernel.actors import Actor, sees_every_record
from shugang.kernel.errors import not_found
from shugang.kernel.events import iso
from shugang.kernel.models import Event
from shugang.policy.text import Text
from shugang.settlement.deposits.models import Deposit

from . import checking
from .models import AWARDED, CONCLUDED, FAILED, OPEN, PUBLIC, PUBLISHED, Auction, AuctionBidder, SealedBid
from .process import AUCTION as PROCEDURE
from .services import AUCTION

_RELATED = ("case__profile", "supplier", "holder", "contract", "product__supplier", "product__dataset_version__dataset",
            "asset", "closed")  # fmt: skip
STATES = {s.name: (s.label, s.tone) for s in PROCEDURE.states}
OUTCOMES: dict[str, tuple[str, Text]] = {
    "sealed": ("run", Text("已封标", "Sealed")),
    "opened": ("run", Text("已开标", "Opened")),
    "unopened": ("bad", Text("未开标，保证金不退", "Not opened, deposit forfeited")),
    "below": ("off", Text("未达底价", "Below the reserve")),
    "standby": ("run", Text("候补", "Next in line")),
    "lost": ("off", Text("未中标", "Not awarded")),
    "won": ("ok", Text("中标", "Won")),
    "defaulted": ("warn", Text("未签约或不能签约", "Did not or could not sign")),
}
_DONE = (AWARDED, CONCLUDED, FAILED)


def public_auctions(state: str = "") -> QuerySet[Auction]:
    """Announcements, newest first by the pager."""
    rows = Auction.objects.filter(state__in=PUBLIC, case__events__kind="market.auction.publish").distinct()
    return (rows.filter(state=state) if state else rows).select_related(*_RELATED)


def own_auctions(actor: Actor) -> QuerySet[Auction]:
    """Those that the acting party announced (drafts too) or registered for."""
    mine = AuctionBidder.objects.visible_to(actor).values("auction_id")
    rows = Auction.objects.visible_to(actor).select_related(*_RELATED)
    return rows if sees_every_record(actor) else rows.filter(Q(supplier_id=actor.party_id or 0) | Q(pk__in=mine))


def get_auction(actor: Actor, number: str) -> Auction:
    """A public one, or a draft of one's own. Raises Refusal `not_found`."""
    found = public_auctions().filter(case__number=number).first()
    found = found or Auction.objects.visible_to(actor).select_related(*_RELATED).filter(case__number=number).first()
    if found is None:
        raise not_found(AUCTION)
    return found


def own_part(actor: Actor, auction: Auction) -> dict[str, Any]:
    """The acting party's registration, deposit and bid; None for what there is not."""
    return {
        "bidder": AuctionBidder.objects.visible_to(actor).filter(auction=auction, party_id=actor.party_id or 0).first(),
        "deposit": Deposit.objects.visible_to(actor).filter(key=auction.number, party_id=actor.party_id or 0).first(),
        "bid": SealedBid.objects.visible_to(actor).filter(auction=auction, bidder__party_id=actor.party_id or 0).first(),
    }  # fmt: skip


def sees_price(actor: Actor, auction: Auction) -> bool:
    """Everybody where the rules publish the price; else those who took part, the venue's reviewer, the supervisor."""
    if auction.rules["price_public"] or sees_every_record(actor):
        return True
    if actor.party_id is None:
        return False
    venue = "operator" in actor.roles and "reviewer" in actor.duties
    return venue or actor.party_id == auction.supplier_id or auction.bidders.filter(party_id=actor.party_id).exists()


def result(actor: Actor, auction: Auction) -> dict[str, Any] | None:
    """Winner and price once there is one; the price only to whom the rules show it."""
    if auction.holder is None or auction.price_fen is None or auction.state not in (AWARDED, CONCLUDED):
        return None
    shown = sees_price(actor, auction)
    return {
        "winner": auction.holder.number,
        "name": auction.holder.name,
        "price_fen": auction.price_fen if shown else None,
    }


def summary(actor: Actor, auction: Auction) -> dict[str, Any]:
    """What the announcement says to anybody."""
    return {
        "number": auction.number, "state": auction.state, "revision": auction.case.revision,
        "product": auction.product.number, "name": auction.product.name, "asset": auction.asset.number,
        "supplier": auction.supplier.number, "terms": auction.terms, "note": auction.note,
        "reserve_fen": auction.reserve_fen, "deposit_fen": auction.deposit_fen,
        "opens_at": iso(auction.opens_at), "closes_at": iso(auction.closes_at), "reveals_until": iso(auction.reveals_until),
        "tie": auction.rules["tie"], "ask_next": auction.rules["ask_next"], "bids": auction.bids.count(),
        "result": result(actor, auction),
    }  # fmt: skip


def own_json(actor: Actor, auction: Auction) -> dict[str, Any]:
    """One's own part in it, for programs."""
    part = own_part(actor, auction)
    bid, deposit = part["bid"], part["deposit"]
    return {
        "registered": part["bidder"] is not None,
        "deposit": {"number": deposit.number, "state": deposit.state, "amount_fen": deposit.amount_fen} if deposit else None,
        "bid": {
            "serial": bid.serial, "commitment": bid.commitment, "committed_at": iso(bid.committed_at),
            "amount_fen": bid.amount_fen, "outcome": bid.outcome, "receipt": public_receipt(bid.event),
        } if bid else None,
    }  # fmt: skip


def public_receipt(event: Event) -> dict[str, Any] | None:
    """The receipt of an entry that the system made about an auction and that names nobody; None while it is pending."""
    if event.kind not in ("auction.bid_committed", "market.auction.close") or event.person_id is not None:
        raise not_found(Text("这份回执", "receipt"))
    return sequencer.receipt_for(event)


def _bid(bid: SealedBid, shown: bool) -> dict[str, Any]:
    opened = shown and bid.amount_fen is not None
    return {
        "serial": bid.serial, "commitment": bid.commitment, "committed_at": iso(bid.committed_at),
        "log_index": bid.event.log_index, "outcome": bid.outcome if shown else "",
        "bidder": bid.bidder.party.number if opened else "", "amount_fen": bid.amount_fen if opened else None,
        "salt": bid.salt if opened else "", "receipt": public_receipt(bid.event),
    }  # fmt: skip


def verification(actor: Actor, auction: Auction) -> dict[str, Any]:
    """All that is needed to check the result, from the close on; openings only once nothing can be opened any more.

    Raises Refusal `not_found` before the close: until then only the number of bids is told.
    """
    if auction.closed is None or auction.state in (PUBLISHED, OPEN):
        raise not_found(Text("核对材料，截止报价后才公布", "proof; it is published after the close"))
    shown = auction.state in _DONE and sees_price(actor, auction)
    bids = auction.bids.select_related("event", "bidder__party").order_by("serial")
    found = result(actor, auction) if shown else None
    return {
        "kind": checking.KIND, "auction": auction.number, "reserve_fen": auction.reserve_fen, "log": sequencer.origin(),
        "close": {
            "commitments": auction.closed.payload["commitments"], "log_index": auction.closed.log_index,
            "at": iso(auction.closed.at), "receipt": public_receipt(auction.closed),
        },
        "openings_shown": shown, "bids": [_bid(b, shown) for b in bids],
        "result": {"winner": found["winner"], "price_fen": found["price_fen"]} if found else None,
    }  # fmt: skip


def checked(document: Mapping[str, Any]) -> list[checking.Finding]:
    return checking.check(document)
