"""Fees of finished third-party services become charge agreements: one price, once, on the day of completion."""

from __future__ import annotations

from shugang.kernel import clock
from shugang.kernel.actors import SYSTEM
from shugang.kernel.models import Event
from shugang.kernel.reactions import on
from shugang.parties.models import Party
from shugang.policy.priceplan import PricePlan

from .services import register_charge

# The venue takes its share of data trades; a service is between client and agency.
NO_COMMISSION = 0


@on("service.completed")
def service_completed(event: Event) -> None:
    """A service without a fee is charged nothing."""
    said, refs = event.payload, [(r.kind, r.key) for r in event.refs.all()]
    if not said["fee_fen"]:
        return
    today = clock.today()
    register_charge(
        SYSTEM,
        number=next(key for kind, key in refs if kind == "order"),
        buyer=Party.objects.get(number=said["client"]),
        supplier=Party.objects.get(number=said["agency"]),
        grant="",
        plan=PricePlan("one_off", price_fen=said["fee_fen"]),
        starts_on=today,
        ends_on=today,
        title=said["title"],
        refs=refs,
        commission_bp=NO_COMMISSION,
    )
