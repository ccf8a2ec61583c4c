"""The market's tables, gathered for one migrations folder."""

from .contracts.models import Contract, ContractSignature
from .listing.models import Listing
from .products.models import DataProduct
from .trade.models import Inquiry, Quotation
from .vouchers.models import TradeVoucher

__all__ = [
    "Contract",
    "ContractSignature",
    "DataProduct",
    "Inquiry",
    "Listing",
    "Quotation",
    "TradeVoucher",
]
