"""What a step of a trade asks beyond duty and state."""

from __future__ import annotations

from shugang.kernel import clock
from shugang.kernel.errors import Refusal
from shugang.kernel.procedure import Context
from shugang.policy.text import Text

from ..products import offer
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


def in_time(ctx: Context) -> None:
    """By the server's clock in this transaction: what has expired is refused even before a worker has ended it.

    Raises Refusal `expired`.
    """
    late = ctx.case.clocks.filter(state="running", due_at__lt=clock.now()).exists()
    if late:
        what = (
            Text("报价的有效期", "quotation")
            if ctx.case.state == "quoted"
            else Text("供方答复的期限", "time to answer")
        )
        raise Refusal(
            "expired",
            Text(f"{what.zh}已过，这次询价随即结束。请重新询价。", f"The {what.en} has expired and the inquiry ends with it. Please inquire again."),
            409,
        )  # fmt: skip


def within_the_offer(ctx: Context) -> None:
    """A quotation or counter-offer never goes beyond the product's offered terms; both parties stand in good order."""
    in_time(ctx)
    inquiry = inquiry_of(ctx)
    compliance.check_parties(inquiry.buyer, inquiry.supplier)
    compliance.check_free(inquiry.product, inquiry.buyer)
    terms, plan = compliance.check_quotation(inquiry.product, inquiry.purpose, ctx.data["terms"], ctx.data["plan"])
    ctx.data["terms"], ctx.data["plan"] = terms.to_json(), plan.to_json()


def still_sound(ctx: Context) -> None:
    """What was offered days ago has to be allowed today: product, certificate, parties, period."""
    in_time(ctx)
    offer.hold_still(inquiry_of(ctx).product.asset)  # an auction is announced before this deal, or after it
    inquiry = inquiry_of(ctx)
    last = inquiry.last
    if last is None:
        raise Refusal("no_quotation", Text("还没有报价。", "There is no quotation yet."), 409)
    compliance.check_parties(inquiry.buyer, inquiry.supplier)
    compliance.check_free(inquiry.product, inquiry.buyer)
    compliance.check_quotation(inquiry.product, inquiry.purpose, last.terms, last.plan)
