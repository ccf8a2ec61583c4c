"""A bill that is credited or voided takes its invoices along."""

from __future__ import annotations

from shugang.kernel.actors import SYSTEM
from shugang.kernel.models import Event
from shugang.kernel.reactions import on

from ..bills.models import Bill
from . import services


def _follow(event: Event) -> None:
    services.follow_credit(SYSTEM, Bill.objects.get(number=event.payload["bill"]))


@on("bill.voided")
def voided(event: Event) -> None:
    _follow(event)


@on("bill.refund_instructed")
def refunded(event: Event) -> None:
    """After the refund's posting, so that the commission that is left can be read from the ledger."""
    _follow(event)


@on("bill.credited")
def credited(event: Event) -> None:
    bill = Bill.objects.get(number=event.payload["bill"])
    if bill.paid_at is None:  # of a paid bill the refund follows in the same transaction
        services.follow_credit(SYSTEM, bill)
