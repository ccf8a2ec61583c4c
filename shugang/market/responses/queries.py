"""Reads of uninvited answers, each with the comparison of its product and demand."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet

from shugang.kernel.actors import Actor
from shugang.kernel.errors import not_found
from shugang.policy.text import Text

from ..demand import queries as demands
from ..demand.models import Demand
from ..matching import queries as matching
from ..matching.models import Match
from ..products.models import DataProduct
from .models import DemandResponse

RESPONSE = Text("这个应答", "answer")
_RELATED = ("case", "demand__case", "demand__party", "product__supplier", "supplier", "inquiry__case")


def responses(actor: Actor, state: str = "") -> QuerySet[DemandResponse]:
    """Answers that the acting party gave, and those given to its demands."""
    rows: QuerySet[DemandResponse] = DemandResponse.objects.visible_to(actor).select_related(*_RELATED)
    return rows.filter(case__state=state) if state else rows


def get_response(actor: Actor, number: str) -> DemandResponse:
    """Raises Refusal `not_found`."""
    found = responses(actor).filter(case__number=number).first()
    if found is None:
        raise not_found(RESPONSE)
    return found


def answerable_demand(actor: Actor, number: str) -> Demand:
    """A demand that its reader knows: open to all, or his own; whether it may be answered is asked afterwards. Raises
    Refusal `not_found`."""
    own = demands.demands(actor).filter(case__number=number, party_id=actor.party_id or 0).first()
    seen = Demand.objects.select_related("case", "party").filter(case__number=number, visibility__in=demands.OPEN)
    found = own or seen.exclude(published_at=None).first()
    if found is None:
        raise not_found(demands.DEMAND)
    return found


def products_for(demand: Demand, actor: Actor) -> list[DataProduct]:
    """The actor's listed products that the demand's purpose and ways of delivery admit and that do not answer it yet."""
    rows = DataProduct.objects.visible_to(actor).filter(state="listed", mode__in=demand.content["modes"])
    taken = DemandResponse.objects.visible_to(actor).filter(demand=demand, living=True).values("product_id")
    return [p for p in rows.exclude(pk__in=taken).order_by("-pk")[:500] if demand.purpose in p.purposes]


def explained(row: DemandResponse) -> Match | None:
    """The comparison of what is offered with what is asked, as it stands; None while it is awaited."""
    found = Match.objects.filter(demand=row.demand, product=row.product).select_related("product", "rules")
    return found.order_by("-current", "-pk").first()


def as_json(row: DemandResponse, actor: Actor) -> dict[str, Any]:
    match = explained(row)
    demand = demands.public_json(row.demand, actor)
    if row.inquiry is None and row.demand.anonymous and actor.party_id != row.demand.party_id:
        demand["demander"] = None
    return {
        "number": row.number, "state": row.case.state, "revision": row.case.revision, "demand": demand,
        "product": row.product.number, "product_name": row.product.name, "supplier": row.supplier.number,
        "message": row.message, "reason": row.reason, "inquiry": row.inquiry.case.number if row.inquiry else None,
        "match": _match_json(match) if match else None,
    }  # fmt: skip


def _match_json(match: Match) -> dict[str, Any]:
    said = matching.as_json(match)
    return {k: said[k] for k in ("score", "passes", "parts", "refusals", "rules", "made_at")}
