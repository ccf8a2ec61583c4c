"""The price caps of an agreement: read from the plan's lines, and laid on the products that the developer sells under it.

A cap is a price plan of the market (integers of 1e-8 yuan a unit, or 分 of a whole), so that price and cap are compared exactly.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from django.db.models import OuterRef, QuerySet

from shugang.kernel.errors import Refusal
from shugang.market.pricing.ceilings import Ceiling
from shugang.market.products.models import DataProduct
from shugang.market.products.pricing import headline
from shugang.policy.priceplan import EVERY, PricePlan
from shugang.policy.text import Text

from .models import Operation, OperationProduct

NAME = Text("授权运营协议的上限收费", "the fee cap of the agreement of authorised operation")
_AMOUNT = re.compile(r"(\d{1,9})(?:\.(\d{1,8}))?")
_UNIT = re.compile(r"(\d{1,9}|千|万|百万)?\s*(\D+)")
_SIZES = {"千": 1_000, "万": 10_000, "百万": 1_000_000}
_COUNTED = {"次": "calls", "call": "calls", "calls": "calls", "行": "rows", "条": "rows", "row": "rows", "rows": "rows"}
_WHOLE = ("份", "套", "项", "one-off")
_EVERY = {word.zh: every for every, word in EVERY.items()} | {word.en: every for every, word in EVERY.items()}
CHARGED = ("found", "delivered")  # a cap is of every use that is charged
UNITS = Text(
    "次、行、条（可写“1000次”“万条”），月、季、年，或份、套、项（一次性）",
    "call or row (also “1000 rows”), month, quarter, year, or one-off",
)


def cap_plan(amount: str, unit: str) -> PricePlan | None:
    """`100.00` and `次`, as a cap; None where it does not read. A whole and a period are in 分, a unit in 1e-8 yuan."""
    money, said = _AMOUNT.fullmatch(amount), _UNIT.fullmatch(unit.strip().lower())
    if money is None or said is None:
        return None
    whole, part = int(money[1]), (money[2] or "").rstrip("0")
    size = _SIZES.get(said[1] or "") or int(said[1] or 1)
    kind = said[2].strip()
    if kind in _COUNTED and size:
        price = whole * 10**8 + int(part.ljust(8, "0"))
        plan = PricePlan("per_unit", unit=_COUNTED[kind], unit_price_e8=price, unit_size=size, billable=CHARGED)
        return plan if price else PricePlan("free")
    if said[1] or len(part) > 2 or kind not in (*_EVERY, *_WHOLE):
        return None
    fen = whole * 100 + int(part.ljust(2, "0"))
    if not fen:
        return PricePlan("free")
    return (
        PricePlan("period", price_fen=fen, every=_EVERY[kind])
        if kind in _EVERY
        else PricePlan("one_off", price_fen=fen)
    )


def cap_of(line: Mapping[str, Any]) -> PricePlan:
    """The cap of one line of an agreement, as it was signed. Earlier texts have 分 and a word for the unit; where that word
    cannot be compared with a price, only a free product is below it."""
    if "cap" in line:
        return PricePlan.from_json(line["cap"])
    yuan, fen = divmod(int(line["cap_fen"]), 100)
    return cap_plan(f"{yuan}.{fen:02}", line["unit"]) or PricePlan("free")


def cap_on(sold: OperationProduct) -> PricePlan:
    lines = {p["name"]: p for p in (sold.operation.content or {})["products"]}
    return cap_of(lines[sold.agreed])


def shown(operation: Operation) -> list[tuple[str, Text, list[DataProduct]]]:
    """(agreed product, cap in words, what the developer sells as it), for everybody."""
    sold: dict[str, list[DataProduct]] = {}
    for row in operation.sold.select_related("product").order_by("id"):
        if row.product.listed_at is not None:
            sold.setdefault(row.agreed, []).append(row.product)
    lines = (operation.content or operation.plan)["products"]
    return [(line["name"], headline(cap_of(line)), sold.get(line["name"], [])) for line in lines]


def ceilings(product: DataProduct) -> list[Ceiling]:
    """The cap of the agreement under which the product is sold. It holds as long as the product does, whatever becomes of
    the agreement."""
    row = OperationProduct.objects.select_related("operation__case").filter(product=product).first()
    if row is None:
        return []
    return [Ceiling(NAME, row.operation.number, f"/operations/{row.operation.number}", cap_on(row))]


def rows() -> QuerySet[OperationProduct]:
    return OperationProduct.objects.filter(product=OuterRef("pk"))


def claim(product: DataProduct) -> Refusal | None:
    """A developer of an agreement sells public data as one of its products, or not at all."""
    if OperationProduct.objects.filter(product=product).exists():
        return None
    running = Operation.objects.filter(developer_id=product.supplier_id, effective_at__isnull=False).select_related(
        "case"
    )
    if not (row := running.order_by("-id").first()):
        return None
    return Refusal(
        "not_agreed",
        Text(f"授权运营的产品须先对应到协议的产品清单：请在授权运营{row.number}中办理“登记上市产品”，上限收费随之生效。",
             f"A product of authorised public data has to be one of its agreement: please take the step “Name a product” in {row.number}; its fee cap holds from then on."),
        409,
    )  # fmt: skip
