"""What the steps of a trade bring about."""

from __future__ import annotations

import hashlib

from shugang.kernel import clock
from shugang.kernel.procedure import Context
from shugang.policy.codec import canonical

from ..contracts.drafting import draft
from ..products.models import DataProduct
from .guards import inquiry_of
from .models import Inquiry, Quotation


def _refs(ctx: Context, inquiry: Inquiry) -> None:
    ctx.refs += [("inquiry", ctx.case.number), ("party", inquiry.buyer.number), *inquiry.product.event_refs()]


def opened(ctx: Context) -> None:
    """Tie the new case to the product that `services.inquire` checked in the same transaction."""
    number = next((key for kind, key in ctx.refs if kind == "product"), "")
    held = dict(ctx.case.parties.values_list("capacity", "party_id"))
    product = DataProduct.objects.get(number=number, supplier_id=held["supplier"])
    Inquiry.objects.create(
        case=ctx.case, product=product, buyer_id=held["buyer"], supplier_id=held["supplier"],
        purpose=ctx.data["purpose"], need=ctx.data["need"], opened_at=clock.now(),
    )  # fmt: skip
    ctx.refs.append(("inquiry", ctx.case.number))


def _put(ctx: Context, side: str) -> None:
    inquiry = inquiry_of(ctx)
    said = {"terms": ctx.data["terms"], "plan": ctx.data["plan"]}
    row = Quotation.objects.create(
        inquiry=inquiry, version=inquiry.quotations.count() + 1, side=side, message=ctx.data.get("message", ""),
        digest=hashlib.sha256(canonical(said)).hexdigest(), person_id=ctx.actor.person_id, made_at=clock.now(), **said,
    )  # fmt: skip
    ctx.outputs |= {"version": row.version, "digest": row.digest}
    _refs(ctx, inquiry)


def quoted(ctx: Context) -> None:
    _put(ctx, Quotation.Side.SUPPLIER)


def countered(ctx: Context) -> None:
    _put(ctx, Quotation.Side.BUYER)


def retracted(ctx: Context) -> None:
    """The version stays, marked; the supplier owes another answer in time."""
    inquiry = inquiry_of(ctx)
    last = inquiry.last
    assert last is not None
    last.withdrawn_at = clock.now()
    last.save(update_fields=["withdrawn_at"])
    ctx.outputs |= {"version": last.version}
    _refs(ctx, inquiry)


def told(ctx: Context) -> None:
    _refs(ctx, inquiry_of(ctx))


def accepted(ctx: Context) -> None:
    """The last version becomes the contract's text, in this transaction: nothing can come between."""
    inquiry = inquiry_of(ctx)
    last = inquiry.last
    assert last is not None
    contract = draft(ctx, inquiry, last)
    ctx.outputs |= {"version": last.version, "digest": last.digest, "contract": contract.number}
    _refs(ctx, inquiry)
    ctx.refs.append(("contract", contract.number))
