"""What the steps of an announcement bring about. What the award decides stands in `award.py`, called by the clock."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet

from shugang.kernel.actors import SYSTEM
from shugang.kernel.events import emit
from shugang.kernel.procedure import Context

from ..products.models import DataProduct
from . import deposits, timetable
from .guards import auction_of
from .models import Auction, AuctionBidder, SealedBid


def _facts(ctx: Context) -> dict[str, Any]:
    assert ctx.case.profile is not None
    said = timetable.read(ctx.data, ctx.case.profile.data)
    return {**vars(said), "terms": said.terms.to_json()}


def drafted(ctx: Context) -> None:
    """Tie the new case to the product that `services.draft_auction` checked in the same transaction."""
    number = next(key for kind, key in ctx.refs if kind == "product")
    held = dict(ctx.case.parties.values_list("capacity", "party_id"))
    product = DataProduct.objects.select_related("asset").get(number=number, supplier_id=held["supplier"])
    Auction.objects.create(
        case=ctx.case, product=product, asset=product.asset, supplier_id=held["supplier"], **_facts(ctx)
    )
    ctx.refs.append(("auction", ctx.case.number))


def revised(ctx: Context) -> None:
    Auction.objects.filter(case=ctx.case).update(**_facts(ctx))
    ctx.refs += auction_of(ctx).event_refs()


def moved(ctx: Context) -> None:
    auction = auction_of(ctx)
    auction.state = ctx.case.state
    auction.save(update_fields=["state"])
    ctx.refs += auction.event_refs()


def published(ctx: Context) -> None:
    """From here on the asset is kept for the auction; the database lets one auction keep it."""
    Auction.objects.filter(case=ctx.case).update(reserved=True)
    moved(ctx)


def closed(ctx: Context) -> None:
    """The event of the close names every commitment: none can be added to the list later."""
    moved(ctx)
    bids = auction_of(ctx).bids.order_by("serial")
    ctx.outputs |= {"commitments": [[b.serial, b.commitment] for b in bids]}
    told = {b.bidder_id for b in bids}
    tell(auction_of(ctx), "auction.opening_awaited", auction_of(ctx).bidders.filter(pk__in=told))


def tell(auction: Auction, kind: str, bidders: QuerySet[AuctionBidder]) -> None:
    """One event a bidder, from which his own people get their notice; it names no other."""
    for row in bidders.select_related("party").order_by("pk"):
        refs = [("auction", auction.number), ("auction_bid", f"{auction.number}/{row.party.number}")]
        emit(kind, SYSTEM, refs, {"auction": auction.number})


def _over(ctx: Context, why: str) -> None:
    auction = auction_of(ctx)
    auction.reserved, auction.holder, auction.reason = False, None, ctx.data.get("reason", auction.reason)
    auction.save(update_fields=["reserved", "holder", "reason"])
    deposits.return_all(auction, why)
    auction.bids.filter(outcome__in=["opened", "standby", "won"]).update(outcome=SealedBid.Outcome.LOST)
    moved(ctx)
    tell(auction, "auction.decided", auction.bidders.all())


def cancelled(ctx: Context) -> None:
    _over(ctx, "auction cancelled")


def failed(ctx: Context) -> None:
    _over(ctx, "auction failed")


def _result(ctx: Context) -> None:
    """The openings go into the event, so that the log commits to what was revealed and who was asked."""
    moved(ctx)
    auction = auction_of(ctx)
    assert auction.holder is not None and auction.contract is not None
    ctx.outputs |= {
        "openings": [
            [b.serial, b.bidder.party.number, b.amount_fen, b.salt]
            for b in auction.bids.filter(amount_fen__isnull=False).select_related("bidder__party").order_by("serial")
        ],
        "winner": auction.holder.number,
        "price_fen": auction.price_fen,
        "contract": auction.contract.number,
    }
    ctx.refs.append(("contract", auction.contract.number))
    tell(auction, "auction.decided", auction.bidders.all())


def awarded(ctx: Context) -> None:
    _result(ctx)


def passed_on(ctx: Context) -> None:
    _result(ctx)


def concluded(ctx: Context) -> None:
    """Signed: the licence stands and the asset stays reserved for its holder; every deposit goes back."""
    auction = auction_of(ctx)
    deposits.return_all(auction, "auction concluded")
    auction.bids.filter(outcome=SealedBid.Outcome.STANDBY).update(outcome=SealedBid.Outcome.LOST)
    moved(ctx)
