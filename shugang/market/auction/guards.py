"""What the publication of an announcement asks: a product that may be traded, times ahead, an asset that is free."""

from __future__ import annotations

from datetime import timedelta

from shugang.kernel import clock
from shugang.kernel.errors import Refusal
from shugang.kernel.procedure import Context
from shugang.policy.priceplan import PricePlan
from shugang.policy.text import Text

from ..contracts.models import Contract
from ..pricing.asking import check_price
from ..products import offer
from ..trade import compliance
from .models import Auction
from .sealing import MOST_FEN
from .timetable import invalid

STANDING = (Contract.State.PENDING, Contract.State.ACTIVE, Contract.State.SUSPENDED)


def auction_of(ctx: Context) -> Auction:
    return Auction.objects.select_related(
        "case__profile", "supplier", "product__supplier", "product__asset", "product__certificate",
        "product__dataset_version__dataset",
    ).get(case=ctx.case)  # fmt: skip


def plan_at(price_fen: int) -> PricePlan:
    """The price of an award as a plan: once, for the whole term."""
    return PricePlan("one_off", price_fen=price_fen)


def publishable(ctx: Context) -> None:
    """Raises Refusal `contracts_stand`, `asset_reserved`, `over_cap`, `invalid_form`, and what compliance says."""
    auction = auction_of(ctx)
    product = auction.product
    offer.hold_still(product.asset)
    compliance.check_quotation(product, auction.read_terms().purpose, auction.terms, plan_at(auction.reserve_fen))
    check_price(product, plan_at(MOST_FEN))  # where a cap is in force, the highest bid would not be allowed
    notice = auction.rules["notice_hours"]
    if auction.opens_at < clock.now() + timedelta(hours=notice):
        raise invalid(
            "opens_at", f"开始报价须在公告{notice}小时之后，请先修改公告。",
            f"Bidding opens at least {notice} hours after the announcement; please revise it first.",
        )  # fmt: skip
    standing = Contract.objects.filter(product__asset=product.asset, state__in=STANDING).count()
    if standing:
        raise Refusal(
            "contracts_stand",
            Text(
                f"该数据资产还有{standing}份合同待签署或在履行，不能再独占许可。请在其结束后公告。",
                f"{standing} contract(s) over this asset await signature or are in force, so it cannot be licensed "
                "exclusively. Please announce it after they end.",
            ),
            409,
        )
    if Auction.objects.filter(asset=product.asset, reserved=True).exists():
        raise Refusal(
            "asset_reserved",
            Text("该数据资产已在另一场竞价或独占许可中。", "This asset is in another auction or exclusive licence."),
            409,
        )
