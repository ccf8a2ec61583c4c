"""Who keeps a product off the market, and how it is put there and taken off; beneath the verbs and the reactions."""

from __future__ import annotations

from shugang.assets.thirdparty.models import SignedReport

from ..products.models import DataProduct
from ..search import index
from .checklist import COMPLIANCE

ORDER, BASIS, REVIEW, OPINION = "order", "certificate", "review", "opinion"
LICENCE, CHANGED = "licence", "changed"


def needs_review(product: DataProduct) -> bool:
    """Whether a product that was listed comes back only by a new listing; or was taken down and its licence ended since: then
    a review of the renewed licence frees the grants that still run, and the product stays off the market."""
    if product.state == DataProduct.State.DELISTED:
        return product.reopened == LICENCE
    return product.state == DataProduct.State.SUSPENDED and (bool(product.reopened) or not has_opinion(product))


def has_opinion(product: DataProduct) -> bool:
    """Whether a compliance opinion on the product stands."""
    rows = SignedReport.objects.filter(object_kind="product", object_number=product.number, kind=COMPLIANCE)
    return rows.filter(state=SignedReport.State.STANDING).exists()


def hold(product: DataProduct, by: str, reason: str) -> None:
    product.state, product.held_by, product.state_reason = DataProduct.State.SUSPENDED, by, reason[:400]
    product.save(update_fields=["state", "held_by", "state_reason"])
    index.remove(product)


def release(product: DataProduct) -> None:
    product.state, product.held_by, product.state_reason = DataProduct.State.LISTED, "", ""
    product.save(update_fields=["state", "held_by", "state_reason"])
    index.put(product)
