"""What a verb that puts down a price asks and keeps: the cap in force, and the history of asks."""

from __future__ import annotations

from django.db.models import OuterRef, QuerySet

from shugang.kernel import clock
from shugang.kernel.actors import Actor
from shugang.kernel.errors import Refusal
from shugang.policy.priceplan import PricePlan
from shugang.policy.text import Text

from ..products.models import DataProduct
from .allowance import over_cap
from .ceilings import Ceiling, ceilings
from .models import BASES, AskPrice, Estimate, FeeCap

__all__ = ["BASES", "cap_in_force", "cap_rows", "check_price", "decided", "note_ask", "shown_estimates"]


def cap_in_force(product: DataProduct) -> FeeCap | None:
    """The newest cap of the allowance whose period holds today."""
    today = clock.today()
    rows = FeeCap.objects.select_related("allowance").filter(
        product=product, allowance__period_from__lte=today, allowance__period_to__gte=today
    )
    return rows.order_by("-pk").first()


GUIDED = Text("政府指导价", "the government's guided price")


def decided(product: DataProduct) -> list[Ceiling]:
    """The cap of the allowance in force, as a limit."""
    cap = cap_in_force(product)
    return [Ceiling(GUIDED, cap.allowance.number, "/tariffs", cap.read_plan())] if cap else []


def cap_rows() -> QuerySet[FeeCap]:
    return FeeCap.objects.filter(product=OuterRef("pk"))


def check_price(product: DataProduct, plan: PricePlan) -> None:
    """Price ≤ every limit in force. Raises Refusal `over_cap`."""
    for limit in ceilings(product):
        reason = over_cap(plan, limit.plan)
        if reason is not None:
            raise Refusal(
                "over_cap",
                Text(f"超过{limit.name.zh}（{limit.number}）：{reason.zh}", f"Beyond {limit.name.en} ({limit.number}): {reason.en}"),
                422,
            )  # fmt: skip


def note_ask(actor: Actor, product: DataProduct) -> None:
    """Keep what is asked now, when it differs from what was asked last. Part of the verb that changed the price."""
    last = product.asks.order_by("-pk").first()
    if last is None or last.plan != product.price_plan:
        AskPrice.objects.create(product=product, plan=product.price_plan, at=clock.now(), person_id=actor.person_id)


def shown_estimates(product: DataProduct) -> list[Estimate]:
    """What the supplier shows in public: the newest estimate of each model."""
    rows = Estimate.objects.filter(product=product, public=True).select_related("model__case", "model__owner")
    newest = {row.model_id: row for row in rows.order_by("pk")}
    return list(newest.values())
