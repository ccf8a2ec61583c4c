"""What the steps of a listing bring about; each runs in the transaction of its step."""

from __future__ import annotations

from shugang.assets.thirdparty.models import SignedReport
from shugang.kernel import clock
from shugang.kernel.models import Material
from shugang.kernel.procedure import Context

from ..products import offer
from ..products.models import DataProduct
from ..search import index
from .checklist import COMPLIANCE
from .models import Listing
from .sampling import make_sample


def _listing(ctx: Context) -> Listing:
    return Listing.objects.select_related(
        "product__supplier", "product__asset", "product__dataset_version__dataset"
    ).get(case=ctx.case)


def opened(ctx: Context) -> None:
    """Tie the new case to the product that `services.apply_listing` locked in the same transaction."""
    number = next((key for kind, key in ctx.refs if kind == "product"), None)
    product = DataProduct.objects.filter(number=number, supplier_id=ctx.actor.party_id, state="draft").first()
    if product is None:
        raise ValueError("a listing is opened by services.apply_listing only")
    held = dict(ctx.case.parties.values_list("capacity", "party_id"))
    Listing.objects.create(
        case=ctx.case, product=product, operator_id=held["operator"], reviewer_id=held["reviewer"], form=ctx.data
    )
    product.state = DataProduct.State.REVIEWING
    product.save(update_fields=["state"])
    _attach(ctx)


def _attach(ctx: Context) -> None:
    """Bind the uploaded proof to the case, so that the venue and the third party can open it."""
    if proof := ctx.data.get("proof_file"):
        Material.objects.visible_to(ctx.actor).filter(pk=proof["material"]).update(case=ctx.case)


def told(ctx: Context) -> None:
    ctx.refs += _listing(ctx).product.event_refs()


def corrected(ctx: Context) -> None:
    listing = _listing(ctx)
    listing.form = ctx.data
    listing.save(update_fields=["form"])
    ctx.case.data = ctx.data
    ctx.case.save(update_fields=["data"])
    _attach(ctx)
    ctx.refs += listing.product.event_refs()


def closed(ctx: Context) -> None:
    """Without a listing the product is a draft again and may be revised."""
    product = _listing(ctx).product
    product.state = DataProduct.State.DRAFT
    product.save(update_fields=["state"])
    ctx.refs += product.event_refs()


def listed(ctx: Context) -> None:
    listing = _listing(ctx)
    product = listing.product
    product.certificate = offer.certificate_for(product.asset, product.supplier)
    product.state, product.listed_at = DataProduct.State.LISTED, clock.now()
    product.sample = make_sample(product, listing.form.get("sample_rows", 0))
    product.save()
    SignedReport.objects.filter(case=ctx.case, kind=COMPLIANCE, state=SignedReport.State.STANDING).update(public=True)
    index.put(product)
    ctx.refs += product.event_refs()
    ctx.outputs["certificate"] = product.certificate.number
