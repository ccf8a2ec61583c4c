"""A sample lives by its product's standing on the market, and its row by the grant."""

from __future__ import annotations

from shugang.delivery.grants.services import end_by_basis, resume_by_basis, suspend_by_basis
from shugang.kernel.actors import SYSTEM
from shugang.kernel.models import Event
from shugang.kernel.reactions import on

from ..products.models import DataProduct
from .models import ProductSample
from .services import BASIS


def _key(event: Event, kind: str) -> str:
    return next((r.key for r in event.refs.all() if r.kind == kind), "")


@on("listing.suspended")
def off_the_market(event: Event) -> None:
    suspend_by_basis(SYSTEM, BASIS, _key(event, "product"), str(event.payload["reason"]))


@on("listing.resumed")
@on("market.listing.list")
def back_on_it(event: Event) -> None:
    number = _key(event, "product")
    if DataProduct.objects.filter(number=number, state=DataProduct.State.LISTED).exists():
        resume_by_basis(SYSTEM, BASIS, number)


@on("listing.ended")
def taken_down(event: Event) -> None:
    end_by_basis(SYSTEM, BASIS, _key(event, "product"), str(event.payload["reason"]))


@on("grant.ended")
def over(event: Event) -> None:
    ProductSample.objects.filter(grant__number=_key(event, "grant"), ended_at=None).update(ended_at=event.at)
