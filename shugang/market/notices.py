"""What of the market becomes a notice besides its cases: the standing of listings and contracts, vouchers."""

from __future__ import annotations

from shugang.parties.notices.rules import Rule, Side, register, register_sides
from shugang.policy.text import Text

from .contracts.models import Contract
from .products.models import DataProduct

TRADING = ("manager", "handler", "signer")
SUPPLIER = Side("product", "supplier", TRADING)
BOTH = (Side("contract", "buyer", TRADING), Side("contract", "supplier", TRADING))

RULES = (
    Rule("listing.suspended", "rulings", Text("产品{number}已暂停交易", "Product {number} was suspended"), (SUPPLIER,), of="product"),
    Rule("listing.resumed", "rulings", Text("产品{number}恢复交易", "Product {number} is on the market again"), (SUPPLIER,), of="product"),
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


def register_all() -> None:
    register(*RULES)
    register_sides("product", _product)
    register_sides("contract", _contract)
