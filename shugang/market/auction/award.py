"""What the clock brings about: opening, close, award; and what follows when a contract is signed or is not.

The award's contract comes about by the ordinary verbs of trade, taken for both sides by their standing word: the
supplier's announcement and the buyer's bid. So nothing that a negotiated deal has to pass is passed over.
"""

from __future__ import annotations

import logging

from django.db import transaction

from shugang.kernel import clock, engine
from shugang.kernel.errors import Refusal
from shugang.kernel.models import Event
from shugang.parties.models import Party

from ..contracts.models import Contract
from ..trade import services as trade
from ..trade.models import Inquiry
from . import deposits, sealing
from .guards import plan_at
from .models import AWARDED, OPEN, PUBLISHED, REVEALING, Auction, SealedBid
from .services import locked

Outcome = SealedBid.Outcome
_log = logging.getLogger("shugang.auction")


def advance_due() -> int:
    """Take every step whose time has come, each in its own transaction. Returns how many were taken."""
    now = clock.now()
    due = [
        *Auction.objects.filter(state=PUBLISHED, opens_at__lte=now),
        *Auction.objects.filter(state=OPEN, closes_at__lte=now),
        *Auction.objects.filter(state=REVEALING, reveals_until__lte=now),
    ]
    return sum(_advance(row.number) for row in sorted(due, key=lambda r: r.pk))


@transaction.atomic
def _advance(number: str) -> int:
    auction, now = locked(number), clock.now()
    if auction.state == PUBLISHED and auction.opens_at <= now:
        engine.fire(number, "open")
    elif auction.state == OPEN and auction.closes_at <= now:
        engine.fire(number, "close" if auction.bids.exists() else "fail")
    elif auction.state == REVEALING and auction.reveals_until <= now:
        _settle(auction)
    else:
        return 0
    return 1


def _settle(auction: Auction) -> None:
    """Sort the bids out, ask the best bidder; losers who stand by for nobody get their deposits back at once."""
    for bid in auction.bids.select_related("bidder__party").order_by("serial"):
        if bid.amount_fen is None:
            _mark(bid, Outcome.UNOPENED)
            deposits.forfeit(auction, bid.bidder.party, "bid not opened")
        elif bid.amount_fen < auction.reserve_fen:
            _mark(bid, Outcome.BELOW)
    asked = _ask_best(auction)
    engine.fire(auction.number, "award" if asked else "fail")


def _mark(bid: SealedBid, outcome: str) -> None:
    bid.outcome = outcome
    bid.save(update_fields=["outcome"])


def _in_the_race(auction: Auction) -> dict[int, SealedBid]:
    """Bids that reach the reserve and whose bidder has not dropped out. Those that lost still set the price."""
    rows = auction.bids.filter(
        outcome__in=[Outcome.OPENED, Outcome.STANDBY, Outcome.LOST], amount_fen__gte=auction.reserve_fen
    )
    return {b.serial: b for b in rows.select_related("bidder__party")}


def _ask_best(auction: Auction) -> bool:
    """Draw up the contract with the best bidder who may still contract, at the second price among the rest."""
    while True:
        bids = _in_the_race(auction)
        opened = [sealing.Opened(b.serial, b.amount_fen or 0) for b in bids.values()]
        found = sealing.decide(opened, auction.reserve_fen)
        if found is None or bids[found.serial].outcome == Outcome.LOST:  # the rest were let go
            return False
        bid = bids[found.serial]
        try:
            with transaction.atomic():
                _draft(auction, bid.bidder.party, found.price_fen)
        except Refusal as refusal:
            # He (or the product) may not contract today: no fault that a deposit answers for.
            _log.warning("%s: bid %d cannot be awarded: %s", auction.number, bid.serial, refusal.code)
            auction.refresh_from_db(fields=["holder", "price_fen", "contract"])
            auction.reason = f"{refusal.code}: {refusal.message.zh}"[:400]
            auction.save(update_fields=["reason"])
            _mark(bid, Outcome.DEFAULTED)
            deposits.give_back(auction, bid.bidder.party, refusal.code)
            continue
        _mark(bid, Outcome.WON)
        _stand_by(auction, [bids[b.serial] for b in sealing.ranked(opened, auction.reserve_fen)][1:])
        return True


def _stand_by(auction: Auction, order: list[SealedBid]) -> None:
    """The next in line keep their deposits in until the contract is signed; the others are free."""
    left = int(auction.rules["ask_next"]) - auction.passed
    for place, bid in enumerate(order):
        _mark(bid, Outcome.STANDBY if place < left else Outcome.LOST)
    kept = {b.bidder.party_id for b in order[: max(left, 0)]} | {auction.holder_id or 0}
    deposits.return_all(auction, "not awarded", frozenset(kept))


def _draft(auction: Auction, winner: Party, price_fen: int) -> None:
    """Inquiry, quotation and acceptance at the award's price. Raises Refusal: what the verbs of trade say."""
    auction.holder, auction.price_fen, auction.contract = winner, price_fen, None
    auction.save(update_fields=["holder", "price_fen", "contract"])
    buyer, supplier = trade.on_behalf(winner), trade.on_behalf(auction.supplier)
    terms = auction.read_terms()
    need = {"purpose": terms.purpose, "need": f"竞价{auction.number}定标。"}
    case = trade.inquire(buyer, auction.product.number, need)
    trade.quote(supplier, case.number, terms, plan_at(price_fen), f"竞价{auction.number}")
    trade.accept(buyer, case.number)
    auction.contract = Inquiry.objects.get(case=case).contract
    auction.save(update_fields=["contract"])


def _under(contract_number: str) -> Auction | None:
    """The auction that waits for this contract, under its lock."""
    row = Auction.objects.filter(contract__number=contract_number).first()
    return locked(row.number) if row else None


def signed(contract_number: str) -> None:
    auction = _under(contract_number)
    if auction is not None and auction.state == AWARDED:
        engine.fire(auction.number, "conclude")


def unsigned(contract_number: str, refused_by: int | None) -> None:
    """The contract is void. Was it the buyer, his deposit is forfeited and the next is asked; else the auction fails."""
    auction = _under(contract_number)
    if auction is None or auction.state != AWARDED:
        return
    contract = auction.contract
    assert contract is not None and auction.holder is not None
    lapsed = refused_by is None and not contract.signatures.filter(side="buyer").exists()
    if not (lapsed or refused_by == auction.holder_id):
        auction.reason = "supplier did not sign"
        auction.save(update_fields=["reason"])
        engine.fire(auction.number, "fail")
        return
    bid = auction.bids.select_related("bidder__party").get(outcome=Outcome.WON)
    _mark(bid, Outcome.DEFAULTED)
    deposits.forfeit(auction, auction.holder, "winner did not sign")
    may_pass_on = auction.passed < int(auction.rules["ask_next"])
    auction.passed += 1
    auction.save(update_fields=["passed"])
    asked = may_pass_on and _ask_best(auction)
    engine.fire(auction.number, "pass_on" if asked else "fail")


def ended(contract: Contract) -> None:
    """The licence is over: the asset is free again."""
    Auction.objects.filter(contract=contract, reserved=True).update(reserved=False)


def note_close(event: Event) -> None:
    assert event.case is not None
    Auction.objects.filter(case=event.case).update(closed=event)
