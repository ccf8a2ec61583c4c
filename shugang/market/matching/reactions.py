"""What makes a comparison due: a demand is published or amended, a product is listed or comes back; and what ends one."""

from __future__ import annotations

from shugang.kernel.models import Event
from shugang.kernel.reactions import on

from .models import Match
from .running import wait


def _number(event: Event, kind: str) -> str:
    return str(event.refs.filter(kind=kind).values_list("key", flat=True).first() or "")


@on("market.demand.publish")
@on("market.demand.approve")
@on("market.demand.amend")
@on("market.response.offer")  # what is offered is explained, however little it fits
def demand_open(event: Event) -> None:
    wait("demand", _number(event, "demand"))


@on("market.listing.list")
@on("listing.resumed")
def product_open(event: Event) -> None:
    wait("product", _number(event, "product"))


@on("listing.suspended")
@on("listing.ended")
def product_gone(event: Event) -> None:
    Match.objects.filter(product__number=_number(event, "product"), current=True).update(current=False)
