"""What contracts tell auctions: signed, not signed, ended."""

from __future__ import annotations

from shugang.kernel.models import Event
from shugang.kernel.reactions import on

from ..contracts.models import Contract
from . import award


def _contract(event: Event) -> str:
    assert event.case is not None
    return str(event.case.number)


@on("market.contract.sign")
def signed(event: Event) -> None:
    award.signed(_contract(event))


@on("market.contract.refuse")
def refused(event: Event) -> None:
    award.unsigned(_contract(event), event.party_id)


@on("market.contract.lapse")
def lapsed(event: Event) -> None:
    award.unsigned(_contract(event), None)


def _ended(event: Event) -> None:
    numbers = [ref.key for ref in event.refs.all() if ref.kind == "contract"]
    for contract in Contract.objects.filter(number__in=numbers):
        award.ended(contract)


@on("contract.terminated")
def terminated(event: Event) -> None:
    _ended(event)


@on("contract.expired")
def expired(event: Event) -> None:
    _ended(event)


@on("market.auction.close")
def closed(event: Event) -> None:
    award.note_close(event)
