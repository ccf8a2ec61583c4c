"""Reads of products. `public_…` is what anybody may see: what is or was listed, never a draft, a file or a raw row."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet

from shugang.assets.models import DataAsset
from shugang.assets.registration import verify
from shugang.assets.registration.form import FREQUENCIES
from shugang.assets.thirdparty.models import SignedReport
from shugang.assets.thirdparty.queries import standing_reports
from shugang.delivery.models import Column
from shugang.kernel.actors import Actor
from shugang.kernel.errors import not_found
from shugang.policy.arbitrage import Offer
from shugang.policy.columns import Column as PolicyColumn
from shugang.policy.lowering import granted_columns
from shugang.policy.text import Text

from ..listing.checklist import COMPLIANCE
from ..listing.models import Listing
from . import presence
from .models import DataProduct
from .services import PRODUCT

_RELATED = (
    "supplier", "asset__registration__case__profile", "dataset_version__dataset", "certificate__event", "certificate__registrar",
)  # fmt: skip
PUBLIC = ("listed", "suspended", "delisted")


def public_product(number: str) -> DataProduct:
    """A product that is or was listed. Raises Refusal `not_found`."""
    found = public_one(number)
    if found is None:
        raise not_found(PRODUCT)
    return found


def public_one(number: str) -> DataProduct | None:
    rows = DataProduct.objects.select_related(*_RELATED).filter(number=number, state__in=PUBLIC)
    return presence.flagged(rows).first()


def product_for(number: str, actor: Actor) -> DataProduct:
    """A public product; or one under way, for its supplier and for those who take part in its listing."""
    found = public_one(number)
    if found is not None:
        return found
    related = [f"product__{name}" for name in _RELATED]
    under_way = Listing.objects.visible_to(actor).filter(product__number=number).select_related(*related).first()
    if under_way is not None:
        product: DataProduct = under_way.product
        return product
    own = DataProduct.objects.visible_to(actor).select_related(*_RELATED).filter(number=number).first()
    return own or public_product(number)


def frequency(product: DataProduct) -> Text | str:
    """How often the data is updated, as registered; otherwise what the supplier wrote."""
    code = product.asset.registration.form.get("frequency", "")
    return dict(FREQUENCIES).get(code) or str(product.spec.get("frequency", ""))


def products(actor: Actor, state: str = "") -> QuerySet[DataProduct]:
    """The acting supplier's own products."""
    rows = DataProduct.objects.visible_to(actor).select_related("asset", "dataset_version__dataset", "supplier")
    return rows.filter(state=state) if state else rows


def sibling_offers(
    asset: DataAsset, supplier: int | None, mode: str, besides: DataProduct | None = None
) -> list[Offer]:
    """The supplier's other offers of the same asset in the same way, by name; those taken down are left out."""
    rows = DataProduct.objects.filter(asset=asset, supplier_id=supplier or 0, mode=mode).exclude(state="delisted")
    return [Offer(f"{p.name}（{p.number}）", p.plan) for p in rows.exclude(pk=besides.pk if besides else 0)]


def get_product(actor: Actor, number: str) -> DataProduct:
    found = DataProduct.objects.visible_to(actor).select_related(*_RELATED).filter(number=number).first()
    if found is None:
        raise not_found(PRODUCT)
    return found


def public_quality(product: DataProduct) -> SignedReport | None:
    """The newest quality certificate that stands on the offered version and that its client has published."""
    version = product.dataset_version
    return standing_reports(version.dataset_id, "quality", version_id=version.pk).filter(public=True).first()


def public_reports(product: DataProduct) -> dict[str, SignedReport]:
    """Kind → the newest published report that stands on the data: quality of the offered version, appraisals of any."""
    version, found = product.dataset_version, dict[str, SignedReport]()
    for report in standing_reports(version.dataset_id, "quality", "appraisal").filter(public=True):
        if report.kind == "appraisal" or report.version_id == version.pk:
            found.setdefault(report.kind, report)
    return found


def last_opinion(product: DataProduct) -> SignedReport | None:
    """The newest compliance opinion on the product, withdrawn ones included: the page says so."""
    rows = SignedReport.objects.filter(object_kind="product", object_number=product.number, kind=COMPLIANCE)
    return rows.filter(context__startswith="opinion:").select_related("agency", "case").order_by("-pk").first()


def last_application(product: DataProduct) -> dict[str, Any]:
    listing = product.listings.order_by("-pk").first()
    return dict(listing.form) if listing else {}


def dictionary(product: DataProduct) -> list[dict[str, Any]]:
    """The columns that the offer delivers, with the type that their mask leaves."""
    own = {c.name: c for c in Column.objects.filter(version_id=product.dataset_version_id).order_by("position")}
    masks = {m.column: m for m in product.terms.masks}
    return [
        {
            "name": c.name,
            "type": c.type,
            "comment": c.comment,
            "personal": own[c.name].personal,
            "mask": masks.get(c.name),
        }
        for c in granted_columns([PolicyColumn(c.name, c.type, c.comment) for c in own.values()], product.terms)
    ]


def normalise(text: str) -> str:
    return verify.normalise(text)
