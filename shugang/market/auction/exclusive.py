"""An asset that is reserved by an auction is dealt with by nobody else: asked at inquiry, acceptance and signature."""

from __future__ import annotations

from shugang.assets.models import DataAsset
from shugang.kernel.errors import Refusal
from shugang.parties.models import Party
from shugang.policy.text import Text

from .models import Auction


def require_free(asset: DataAsset, buyer: Party) -> None:
    """Raises Refusal `exclusively_reserved` unless the asset is free, or kept for this buyer.

    Who decides on it holds the asset's locks (`products.offer.hold_still`), as the publication of an auction does.
    """
    row = Auction.objects.filter(asset=asset, reserved=True).select_related("case").first()
    if row is not None and row.holder_id != buyer.pk:
        raise Refusal(
            "exclusively_reserved",
            Text(
                f"该数据资产已列入独占许可竞价{row.number}，竞价和独占期间不与其他机构成交。请参加竞价，或等其结束。",
                f"This asset is reserved by the auction {row.number} of an exclusive licence; nobody else may deal over it "
                "meanwhile. Please take part in the auction, or wait for its end.",
            ),
            409,
        )
