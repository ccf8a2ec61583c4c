"""The market's tables, gathered for one migrations folder."""

from .acceptance.models import Acceptance, DeliveryStatement
from .agreements.models import Agreement, AgreementSignature, FusedProduct
from .auction.models import Auction, AuctionBidder, SealedBid
from .bundles.models import BundleMember, DealBundle
from .contracts.models import Amendment, Contract, ContractSignature
from .demand.models import Demand, DemandVersion, QuoteInvitation, ViewCount
from .disclosure.models import PlatformRule, RuleComment
from .disputes.models import Dispute, DisputeDecision, DisputeEvidence, DisputeMeasure, EvidenceBundle
from .imports.models import OwnCode, ProductSheet
from .listing.models import Listing
from .matching.models import Match, MatchTask
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
from .responses.models import DemandResponse
from .samples.models import ProductSample
from .search.models import CatalogueEntry, SavedSearch, ShelfState
from .trade.models import Inquiry, PartyTie, Quotation
from .vouchers.models import TradeVoucher

__all__ = [
    "Acceptance",
    "Agreement",
    "AgreementSignature",
    "Amendment",
    "AskPrice",
    "Auction",
    "AuctionBidder",
    "BundleMember",
    "CatalogueEntry",
    "Contract",
    "ContractSignature",
    "ContributionSplit",
    "DataProduct",
    "DealBundle",
    "DeliveryStatement",
    "Demand",
    "DemandResponse",
    "DemandVersion",
    "Dispute",
    "DisputeDecision",
    "DisputeEvidence",
    "DisputeMeasure",
    "Estimate",
    "EvidenceBundle",
    "FeeAllowance",
    "FeeCap",
    "FeeReport",
    "FusedProduct",
    "Inquiry",
    "Listing",
    "Match",
    "MatchTask",
    "OwnCode",
    "PartyTie",
    "PlatformRule",
    "PriceWarning",
    "PricingModel",
    "ProductSample",
    "ProductSheet",
    "Quotation",
    "QuoteInvitation",
    "RuleComment",
    "SavedSearch",
    "SealedBid",
    "ShelfState",
    "TradeVoucher",
    "ViewCount",
]
