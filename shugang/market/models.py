"""The market's tables, gathered for one migrations folder."""

from .contracts.models import Contract, ContractSignature
from .listing.models import Listing
from .pricing.models import (
    AskPrice,
    ContributionSplit,
    Estimate,
    FeeAllowance,
    FeeCap,
    FeeReport,
    PriceWarning,
    PricingModel,
)
from .products.models import DataProduct
from .trade.models import Inquiry, Quotation
from .vouchers.models import TradeVoucher

__all__ = [
    "AskPrice",
    "Contract",
    "ContractSignature",
    "ContributionSplit",
    "DataProduct",
    "Estimate",
    "FeeAllowance",
    "FeeCap",
    "FeeReport",
    "Inquiry",
    "Listing",
    "PriceWarning",
    "PricingModel",
    "Quotation",
    "TradeVoucher",
]
