"""What the custodian did with a deposit: its number in a receipt's reference, and pay-outs that it executed."""

from __future__ import annotations

from shugang.kernel.actors import SYSTEM
from shugang.kernel.models import Event
from shugang.kernel.reactions import on

from ..payouts.receivers import Receiver, register
from . import services


@on("payout.done")
def paid_out(event: Event) -> None:
    cause = str(event.payload["cause"])
    if cause.startswith(f"{services.PREFIX}-"):
        services.close_when_paid_out(SYSTEM, cause)


register(Receiver(f"{services.PREFIX}-", services.receive, services.awaiting))
