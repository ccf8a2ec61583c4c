"""What the steps of a listing bring about; each runs in the transaction of its step."""

from __future__ import annotations

from datetime import date

from shugang.assets.thirdparty.models import SignedReport
from shugang.assets.thirdparty.signing import end as end_report
from shugang.kernel import clock
from shugang.kernel.models import Material
from shugang.kernel.procedure import Context

from ..products import offer
from ..products.models import DataProduct
from ..search import index
from . import reopening
from .checklist import COMPLIANCE
from .models import Listing
from .sampling import make_sample
from .standing import ORDER


def _listing(ctx: Context) -> Listing:
    return Listing.objects.select_related(
        "product__supplier", "product__asset", "product__dataset_version__dataset"
    ).get(case=ctx.case)


def opened(ctx: Context) -> None:
    """Tie the new case to the product that `services.apply_listing` locked in the same transaction."""
    number = next((key for kind, key in ctx.refs if kind == "product"), None)
    rows = DataProduct.objects.filter(number=number, supplier_id=ctx.actor.party_id)
    product = rows.filter(
        state__in=[DataProduct.State.DRAFT, DataProduct.State.SUSPENDED, DataProduct.State.DELISTED]
    ).first()
    if product is None:
        raise ValueError("a listing is opened by services.apply_listing only")
    held = dict(ctx.case.parties.values_list("capacity", "party_id"))
    Listing.objects.create(
        case=ctx.case, product=product, operator_id=held["operator"], reviewer_id=held["reviewer"], form=ctx.data
    )
    if product.state == DataProduct.State.DRAFT:
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
    """Without a listing the product is a draft again and may be revised; one that was listed stays suspended."""
    product = _listing(ctx).product
    if product.state == DataProduct.State.REVIEWING:
        product.state = DataProduct.State.DRAFT
        product.save(update_fields=["state"])
    ctx.refs += product.event_refs()


def listed(ctx: Context) -> None:
    """On the market, or back on it after a new review; an order of suspension outlasts the review, and what was taken down
    stays down: its licence is renewed for the contracts that still run."""
    listing = _listing(ctx)
    product, until = listing.product, listing.form.get("licence_until")
    product.certificate = offer.certificate_for(product.asset, product.supplier)
    product.licence_until, product.reopened = date.fromisoformat(until) if until else None, ""
    down = product.state == DataProduct.State.DELISTED
    if not down:
        product.sample = make_sample(product, listing.form.get("sample_rows", 0))
        product.trial_size = listing.form.get("trial_size") or 0
    product.listed_at = product.listed_at or clock.now()
    if product.held_by != ORDER and not down:
        product.state, product.held_by, product.state_reason = DataProduct.State.LISTED, "", ""
    product.save()
    opinions = SignedReport.objects.filter(kind=COMPLIANCE, state=SignedReport.State.STANDING)
    opinions.filter(case=ctx.case).update(public=True)
    about = opinions.filter(object_kind="product", object_number=product.number).exclude(case=ctx.case)
    for former in about.order_by("pk"):
        end_report(former, SignedReport.State.SUPERSEDED, "重新审查后由新的意见代替", ctx.actor)
    if product.state == DataProduct.State.LISTED:
        index.put(product)
    reopening.lift(product)
    ctx.refs += product.event_refs()
    ctx.outputs["certificate"] = product.certificate.number
