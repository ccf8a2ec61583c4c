"""What a step of a trade asks beyond duty and state."""

from __future__ import annotations

from shugang.kernel.errors import Refusal
from shugang.kernel.procedure import Context
from shugang.policy.text import Text

from . import compliance
from .models import Inquiry


def inquiry_of(ctx: Context) -> Inquiry:
    return Inquiry.objects.select_related(
        "product__supplier",
        "product__asset",
        "product__certificate",
        "product__dataset_version__dataset",
        "buyer",
        "supplier",
    ).get(case=ctx.case)


def within_the_offer(ctx: Context) -> None:
    """A quotation or counter-offer never goes beyond the product's offered terms; both parties stand in good order."""
    inquiry = inquiry_of(ctx)
    compliance.check_parties(inquiry.buyer, inquiry.supplier)
    terms, plan = compliance.check_quotation(inquiry.product, inquiry.purpose, ctx.data["terms"], ctx.data["plan"])
    ctx.data["terms"], ctx.data["plan"] = terms.to_json(), plan.to_json()


def still_sound(ctx: Context) -> None:
    """What was offered days ago has to be allowed today: product, certificate, parties, period."""
    inquiry = inquiry_of(ctx)
    last = inquiry.last
    if last is None:
        raise Refusal("no_quotation", Text("还没有报价。", "There is no quotation yet."), 409)
    compliance.check_parties(inquiry.buyer, inquiry.supplier)
    compliance.check_quotation(inquiry.product, inquiry.purpose, last.terms, last.plan)
