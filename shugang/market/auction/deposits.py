"""The bidders' deposits: asked for, returned and forfeited through settlement, under the auction's number."""

from __future__ import annotations

from shugang.kernel.actors import SYSTEM, Actor
from shugang.parties.models import Party
from shugang.settlement.deposits.models import Deposit
from shugang.settlement.deposits.services import forfeit_deposit, return_deposit, take_deposit

from .models import Auction


def ask(actor: Actor, auction: Auction, party: Party) -> Deposit:
    """What the party pays the custodian, with the deposit's number as reference."""
    title = f"{auction.number} {auction.product.name}"
    return take_deposit(actor, party, auction.number, auction.deposit_fen, [("auction", auction.number)], title)


def of(auction: Auction, party_id: int) -> Deposit | None:
    return Deposit.objects.filter(key=auction.number, party_id=party_id).first()


def is_held(auction: Auction, party_id: int) -> bool:
    return Deposit.objects.filter(key=auction.number, party_id=party_id, state=Deposit.State.HELD).exists()


def give_back(auction: Auction, party: Party, why: str) -> None:
    """Once: what was returned or forfeited before stays as it is."""
    row = of(auction, party.pk)
    if row is not None and row.state in (Deposit.State.REQUIRED, Deposit.State.HELD):
        return_deposit(SYSTEM, party, auction.number, why)


def forfeit(auction: Auction, party: Party, why: str) -> None:
    """To the supplier, whose asset stood still for this bidder."""
    if is_held(auction, party.pk):
        forfeit_deposit(SYSTEM, party, auction.number, to=auction.supplier, reason=why)


def return_all(auction: Auction, why: str, keep: frozenset[int] = frozenset()) -> None:
    """Every deposit still held or asked for goes back, but for the parties in `keep`."""
    for row in auction.bidders.select_related("party").order_by("party_id"):
        if row.party_id not in keep:
            give_back(auction, row.party, why)
