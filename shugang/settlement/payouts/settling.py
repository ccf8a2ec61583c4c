"""When a split bill is done."""

from __future__ import annotations

from shugang.kernel import clock
from shugang.kernel.actors import Actor
from shugang.kernel.events import emit

from ..bills import lifecycle
from ..bills.models import Bill
from ..bills.services import facts


def settle_if_paid_out(actor: Actor, bill: Bill) -> None:
    """The bill is settled when every part of its split has been paid out, or made good what its payee owed."""
    bill = lifecycle.lock(str(bill.number), actor)
    if bill.state != "splitting" or bill.instructions.exclude(state="done").exists():
        return
    lifecycle.take(bill, "settle", settled_at=clock.now())
    emit("bill.settled", actor, bill.event_refs(), facts(bill))
