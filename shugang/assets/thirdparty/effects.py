"""What the steps of a service offer bring about; each runs in the transaction of its step."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from shugang.kernel import clock
from shugang.kernel.models import Case, Material
from shugang.kernel.procedure import Context
from shugang.policy.priceplan import PricePlan

from .guards import FILES, offer_of
from .models import Qualification, ServiceOffer


def attach(case: Case, data: Mapping[str, Any]) -> None:
    """Bind uploaded files to the case, so that the others who take part can open them."""
    files = [data[name]["material"] for name in FILES if data.get(name)]
    Material.objects.filter(pk__in=files).update(case=case)


def _describe(offer: ServiceOffer, data: Mapping[str, Any]) -> None:
    offer.title, offer.title_en = data["title"], data.get("title_en", "")
    offer.scope_zh, offer.scope_en = data["scope"], data.get("scope_en", "")
    price = data.get("price_fen")
    offer.price_plan = None if price is None else PricePlan("one_off", price_fen=price).to_json()
    offer.days = data["days"]


def _file(offer: ServiceOffer, data: Mapping[str, Any]) -> Qualification:
    return Qualification.objects.create(
        offer=offer,
        name=data["qualification_name"],
        number=data["qualification_number"],
        issuer=data["qualification_issuer"],
        valid_from=date.fromisoformat(data["valid_from"]),
        valid_until=date.fromisoformat(data["valid_until"]),
        document=data["document"],
        filed_at=clock.now(),
    )


def opened(ctx: Context) -> None:
    """Made by `services.apply_offer`, which has checked the form."""
    agency = ctx.case.parties.get(capacity="agency").party_id
    offer = ServiceOffer(case=ctx.case, agency_id=agency, kind=ctx.data["kind"], created_at=clock.now())
    _describe(offer, ctx.data)
    offer.save()
    _file(offer, ctx.data)
    attach(ctx.case, ctx.data)
    ctx.refs += offer.event_refs()


def told(ctx: Context) -> None:
    ctx.refs += offer_of(ctx).event_refs()


def corrected(ctx: Context) -> None:
    """The case shows the corrected answers; a corrected qualification replaces the one that was not yet checked."""
    offer = offer_of(ctx)
    ctx.case.data = {**ctx.case.data, **{k: v for k, v in ctx.data.items() if k != "explanation"}}
    ctx.case.title = ctx.case.data["title"]
    ctx.case.save(update_fields=["data", "title"])
    _describe(offer, ctx.case.data)
    offer.save()
    offer.qualifications.filter(checked_at__isnull=True).delete()
    _file(offer, ctx.case.data)
    attach(ctx.case, ctx.data)
    ctx.refs += offer.event_refs()


def renewal_filed(ctx: Context) -> None:
    offer = offer_of(ctx)
    offer.qualifications.filter(checked_at__isnull=True).delete()
    _file(offer, ctx.data)
    attach(ctx.case, ctx.data)
    ctx.refs += offer.event_refs()


def reopened(ctx: Context) -> None:
    """A suspended offer with a new qualification goes through the whole review again."""
    renewal_filed(ctx)
    offer = offer_of(ctx)
    offer.state, offer.state_reason = ServiceOffer.State.REVIEWING, ""
    offer.save(update_fields=["state", "state_reason"])


def checked(ctx: Context) -> None:
    offer = offer_of(ctx)
    offer.qualifications.filter(checked_at__isnull=True).update(checked_at=clock.now())
    ctx.refs += offer.event_refs()


def listed(ctx: Context) -> None:
    checked(ctx)
    offer = offer_of(ctx)
    offer.state, offer.state_reason, offer.listed_at = ServiceOffer.State.LISTED, "", clock.now()
    offer.save(update_fields=["state", "state_reason", "listed_at"])


def suspended(ctx: Context) -> None:
    _stop(ctx, ServiceOffer.State.SUSPENDED, ctx.data.get("reason", "资质已到期"))


def ended(ctx: Context) -> None:
    _stop(ctx, ServiceOffer.State.ENDED, ctx.data.get("reason", ""))


def _stop(ctx: Context, state: str, reason: str) -> None:
    offer = offer_of(ctx)
    offer.state, offer.state_reason = state, reason[:400]
    offer.save(update_fields=["state", "state_reason"])
    ctx.refs += offer.event_refs()
