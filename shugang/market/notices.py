"""What of the market becomes a notice besides its cases: the standing of listings and contracts, vouchers."""

from __future__ import annotations

from shugang.parties.notices.rules import Rule, Side, register, register_sides
from shugang.policy.text import Text

from .auction.models import AuctionBidder
from .contracts.models import Contract
from .demand.models import Demand
from .products.models import DataProduct

TRADING = ("manager", "handler", "signer")
SUPPLIER = Side("product", "supplier", TRADING)
DEMANDER = Side("demand", "demander", TRADING)
BIDDER = (Side("auction_bid", "bidder", TRADING),)
BOTH = (Side("contract", "buyer", TRADING), Side("contract", "supplier", TRADING))

RULES = (
    Rule("dispute.measure_ordered", "rulings", Text("争议{number}：已采取临时措施", "Dispute {number}: an interim measure was ordered"), BOTH, of="dispute"),
    Rule("dispute.measure_lifted", "rulings", Text("争议{number}：临时措施已解除", "Dispute {number}: an interim measure was lifted"), BOTH, of="dispute"),
    Rule("dispute.evidence_filed", "results", Text("争议{number}：有新的证据", "Dispute {number}: evidence was filed"), BOTH, of="dispute"),
    Rule("listing.suspended", "rulings", Text("产品{number}已暂停交易", "Product {number} was suspended"), (SUPPLIER,), of="product"),
    Rule("demand.answered_uninvited", "tasks", Text("需求{number}有供方主动应答", "A supplier answers demand {number} uninvited"), (DEMANDER,), of="demand"),
    Rule("sample.taken", "deals", Text("产品{number}的样本已被领取", "A sample of product {number} was taken"), (SUPPLIER,), of="product"),
    Rule("listing.resumed", "rulings", Text("产品{number}恢复交易", "Product {number} is on the market again"), (SUPPLIER,), of="product"),
    Rule("auction.opening_awaited", "tasks", Text("竞价{number}请开标", "Please open your bid in auction {number}"), BIDDER, of="auction"),
    Rule("auction.decided", "deals", Text("竞价{number}已有结果", "Auction {number} has its result"), BIDDER, of="auction"),
    *(Rule(f"contract.{step}", group, Text(f"合同{{number}}{zh}", f"Contract {{number}} {en}"), BOTH, of="contract")
      for step, group, zh, en in (("suspended", "rulings", "已暂停", "was suspended"), ("resumed", "rulings", "已恢复", "was resumed"),
                                  ("terminated", "rulings", "已终止", "was terminated"), ("expired", "deals", "已到期", "has expired"))),
)  # fmt: skip


def _product(number: str) -> dict[str, int]:
    row = DataProduct.objects.filter(number=number).values_list("supplier_id", flat=True).first()
    return {"supplier": row} if row else {}


def _contract(number: str) -> dict[str, int]:
    row = Contract.objects.filter(number=number).values_list("buyer_id", "supplier_id").first()
    return {"buyer": row[0], "supplier": row[1]} if row else {}


def _demand(number: str) -> dict[str, int]:
    row = Demand.objects.filter(case__number=number).values_list("party_id", flat=True).first()
    return {"demander": row} if row else {}


def _bidder(key: str) -> dict[str, int]:
    """`JP-…/P-…`: one party's bid, so that a notice reaches its own people alone."""
    auction, _, party = key.partition("/")
    rows = AuctionBidder.objects.filter(auction__case__number=auction, party__number=party)
    row = rows.values_list("party_id", flat=True).first()
    return {"bidder": row} if row else {}


def register_all() -> None:
    register(*RULES)
    register_sides("product", _product)
    register_sides("contract", _contract)
    register_sides("demand", _demand)
    register_sides("auction_bid", _bidder)
