"""From a joint development to its revenue: a product that came of it, and the shares that its contracts freeze."""

from __future__ import annotations

from shugang.kernel import clock, engine
from shugang.kernel.actors import Actor
from shugang.kernel.errors import Refusal
from shugang.kernel.events import emit
from shugang.kernel.verbs import verb
from shugang.policy.text import Text

from ..products.models import DataProduct
from ..products.services import own_product, require_supply
from . import queries
from .models import Agreement, FusedProduct

FUSION = "fusion"
STANDING = ("active", "completed")


@verb
def tie(actor: Actor, agreement_number: str, product_number: str) -> FusedProduct:
    """A party says which of its products came of the joint development: contracts concluded later divide what it earns by
    the agreed shares, and every party is paid its own out of each bill.

    Raises Refusal `forbidden`, `not_found`, `not_fusion`, `wrong_state`, `already_tied`, `broker_shares`.
    """
    require_supply(actor)
    row = queries.get_agreement(actor, agreement_number)
    row.case = engine.lock(row.number)
    if row.template != FUSION:
        raise Refusal(
            "not_fusion",
            Text("只有融合开发合同有收益份额。", "Only an agreement of joint development holds shares of revenue."),
            409,
        )
    if row.case.state not in STANDING:
        raise Refusal(
            "wrong_state",
            Text(
                "合同由各方签署生效后才能登记成果产品。", "Products are tied once every party has signed the agreement."
            ),
            409,
        )
    product = own_product(actor, product_number, lock=True)
    if FusedProduct.objects.filter(product=product).exists():
        raise Refusal(
            "already_tied",
            Text("这件产品已登记为融合开发的成果，份额以签署的合同为准。", "This product is tied to a joint development already; its signed shares stand."),
            409,
        )  # fmt: skip
    tied = FusedProduct.objects.create(agreement=row, product=product, tied_at=clock.now())
    refs = [*row.event_refs(), *product.event_refs()]
    emit("agreement.product_tied", actor, refs, {"product": product.number, "shares": row.content["shares"]})
    return tied


def fused(row: Agreement) -> list[DataProduct]:
    """Products of the agreement, for its parties, who have read it by the gate."""
    return [f.product for f in row.fused.select_related("product__supplier").order_by("pk")]


def can_tie(row: Agreement, actor: Actor) -> list[DataProduct]:
    """The acting supplier's products that it may still tie."""
    if row.template != FUSION or row.case.state not in STANDING or "supplier" not in actor.roles:
        return []
    rows = DataProduct.objects.visible_to(actor).exclude(state="delisted").filter(fused=None)
    return list(rows.order_by("-pk")[:200])
