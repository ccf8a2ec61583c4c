"""An auction for the tests of this room and those above, played by the real verbs; the clock is the caller's to move."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from shugang.kernel import clock, engine
from shugang.parties.accounts.actor import PartyActor
from shugang.parties.models import Party
from shugang.parties.testing import make_actor
from shugang.settlement.deposits.models import Deposit
from shugang.settlement.payouts.receiving import exchange
from shugang.settlement.payouts.simulator import Payment, simulate_bank

from ..products.models import DataProduct
from . import sealing, services
from .models import Auction

RESERVE, DEPOSIT = 1_000_000, 100_000  # 分


def local(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")


def announcement(product: DataProduct, **changes: Any) -> dict[str, Any]:
    """Opens in 25 hours, closes a day later, bids are opened within another."""
    now = clock.now()
    return {
        "terms": product.terms.to_json(), "reserve": "10000.00", "deposit": "1000.00",
        "opens_at": local(now + timedelta(hours=25)), "closes_at": local(now + timedelta(hours=50)),
        "reveals_until": local(now + timedelta(hours=75)), "note": "独占一年。", **changes,
    }  # fmt: skip


def announce(supplier: PartyActor, product: DataProduct, **changes: Any) -> Auction:
    """A published announcement."""
    case = services.draft_auction(supplier, product.number, announcement(product, **changes))
    engine.act(case.number, "publish", supplier)
    return Auction.objects.get(case=case)


def pay_deposits(operator: Party, auction: Auction) -> None:
    """Every deposit that is asked for reaches the custodian, who reports it."""
    due = Deposit.objects.filter(key=auction.number, state="required").order_by("pk")
    simulate_bank([Payment(str(d.number), d.amount_fen, d.party.name) for d in due])
    exchange(make_actor(operator, ("finance",)))


def seal(actor: PartyActor, number: str, amount_fen: int, salt: str = "") -> str:
    """Put down a sealed bid; returns the salt that opens it."""
    assert actor.party is not None
    salt = salt or sealing.new_salt()
    services.commit_bid(actor, number, sealing.commitment(number, actor.party.number, amount_fen, salt))
    return salt


def seal_all(bids: Mapping[PartyActor, int], number: str) -> dict[PartyActor, str]:
    return {actor: seal(actor, number, amount) for actor, amount in bids.items()}
