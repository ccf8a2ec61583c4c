"""The market's figures for everybody: counted from contracts, bills, disputes and vouchers, suppressed by `suppression`.

Only months that are over count, joined into groups that are published once and never change.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shugang.kernel import clock
from shugang.policy.terms import MODES
from shugang.policy.text import Text
from shugang.settlement.bills.models import Bill

from ..contracts.models import Contract
from ..disputes.forms import KINDS
from ..disputes.models import Dispute
from ..disputes.queries import OUTCOMES
from ..guidance import deals as pricing
from ..guidance.comparing import Asked, Rules, guide
from ..products.kinds import SECTORS, TYPES
from ..products.models import DataProduct
from ..vouchers.models import TradeVoucher
from .suppression import band, hidden, joined

DIMENSIONS: dict[str, tuple[Text, Mapping[str, Text]]] = {
    "sector": (Text("行业", "Sector"), SECTORS),
    "type": (Text("产品类型", "Type of product"), TYPES),
    "mode": (Text("交付方式", "Delivery"), MODES),
    "kind": (Text("争议事项", "What the dispute was about"), KINDS),
    "outcome": (Text("争议结果", "How the dispute ended"), {name: label for name, (label, _) in OUTCOMES.items()}),
}


@dataclass(frozen=True)
class Fact:
    """One deal or dispute: its month, what it is counted by, and the parties on both sides (never published)."""

    month: str
    keys: Mapping[str, str]
    supplier: int
    buyer: int


@dataclass(frozen=True)
class Line:
    """A group of months by one dimension; None where a figure is hidden."""

    months: str
    total: int
    cells: Mapping[str, int | None]


def k() -> int:
    return int(pricing.rules().data["k"])


def month_of(at: datetime | None) -> str:
    """`2026-03` by the calendar of the place; "" for no moment."""
    if at is None:
        return ""
    day = at.astimezone(clock.zone())
    return f"{day.year}-{day.month:02d}"


def _over(month: str) -> bool:
    """Whether the month is over: a running one would change under its readers."""
    today = clock.today()
    return month < f"{today.year}-{today.month:02d}"


def label(group: Sequence[str]) -> str:
    return group[0] if len(group) == 1 else f"{group[0]}~{group[-1]}"


def groups_of(facts: Iterable[Fact], least: int) -> list[tuple[str, ...]]:
    months: dict[str, tuple[set[int], set[int]]] = defaultdict(lambda: (set(), set()))
    for fact in facts:
        months[fact.month][0].add(fact.supplier)
        months[fact.month][1].add(fact.buyer)
    return joined([(m, *months[m]) for m in sorted(months)], least)


def lines(facts: Sequence[Fact], dimension: str, least: int) -> list[Line]:
    """Every group by a dimension, with the columns that occur anywhere."""
    columns = sorted({f.keys[dimension] for f in facts})
    found = []
    for group in groups_of(facts, least):
        mine = [f for f in facts if f.month in group]
        values = {c: sum(1 for f in mine if f.keys[dimension] == c) for c in columns}
        sides = {c: ({f.supplier for f in mine if f.keys[dimension] == c}, {f.buyer for f in mine if f.keys[dimension] == c})
                 for c in columns}  # fmt: skip
        kept = hidden(values, {c: min(map(len, two)) for c, two in sides.items()}, least)
        found.append(Line(label(group), len(mine), {c: None if c in kept else values[c] for c in columns}))
    return found


def public_deals() -> list[Fact]:
    """Contracts that took effect in a month that is over."""
    rows = Contract.objects.filter(effective_at__isnull=False).values_list(
        "effective_at", "product__sector", "product__type", "product__mode", "supplier_id", "buyer_id")  # fmt: skip
    found = [Fact(month_of(at), {"sector": s, "type": t, "mode": m}, sup, buy) for at, s, t, m, sup, buy in rows]
    return [f for f in found if _over(f.month)]


def public_disputes() -> list[Fact]:
    """Disputes that ended in a month that is over."""
    rows = Dispute.objects.filter(closed_at__isnull=False).values_list(
        "closed_at", "kind", "outcome", "contract__supplier_id", "contract__buyer_id")  # fmt: skip
    found = [Fact(month_of(at), {"kind": kind, "outcome": out}, sup, buy) for at, kind, out, sup, buy in rows]
    return [f for f in found if _over(f.month)]


def public_vouchers() -> list[Fact]:
    rows = TradeVoucher.objects.values_list("issued_at", "contract__supplier_id", "contract__buyer_id")
    found = [Fact(month_of(at), {}, supplier, buyer) for at, supplier, buyer in rows]
    return [f for f in found if _over(f.month)]


def public_amounts() -> list[tuple[str, int | None, int | None]]:
    """(months, from, below) in 分: what was billed in all, credit notes deducted, as a band."""
    rows = Bill.objects.filter(number__isnull=False, issued_at__isnull=False).exclude(total_fen=0)
    said = [
        (Fact(month_of(at), {}, supplier, buyer), total)
        for at, supplier, buyer, total in rows.values_list("issued_at", "supplier_id", "buyer_id", "total_fen")
    ]
    said = [(fact, total) for fact, total in said if _over(fact.month)]
    edges = [int(e) for e in pricing.rules().data["amount_bands_fen"]]
    found = []
    for group in groups_of((fact for fact, _ in said), k()):
        total = sum(total for fact, total in said if fact.month in group)
        found.append((label(group), *band(max(0, total), edges)))
    return found


def public_prices() -> list[dict[str, Any]]:
    """For each type of product and way of pricing the band of deal prices, where it stands over enough deals."""
    rules = pricing.rules().data["guidance"]
    whole = Rules(10_000, *(int(rules[n]) for n in ("contracts", "suppliers", "buyers", "share")))
    by: dict[tuple[str, str], list[Any]] = defaultdict(list)
    rows = Contract.objects.filter(effective_at__isnull=False).select_related("product__dataset_version")
    for contract in rows.defer("source"):
        deal = pricing.deal_of(contract)
        if deal is not None and _over(f"{deal.on.year}-{deal.on.month:02d}"):
            by[deal.type, deal.measure].append(deal)
    found = []
    for (kind, measure), deals in sorted(by.items()):
        said = guide(Asked(measure, "", kind, "", 0, frozenset()), deals, whole)
        if not said.refused:
            found.append(
                {"type": kind, "measure": measure, "low_e8": said.low_e8, "high_e8": said.high_e8, "n": said.n}
            )
    return found


def public_figures() -> dict[str, Any]:
    """Everything that is published, by name."""
    least, deals, disputes, vouchers = k(), public_deals(), public_disputes(), public_vouchers()
    tables = {name: lines(deals, name, least) for name in ("sector", "type", "mode")}
    tables |= {name: lines(disputes, name, least) for name in ("kind", "outcome")}
    counted = groups_of(vouchers, least)
    return {
        "k": least, "tables": tables, "amounts": public_amounts(), "prices": public_prices(),
        "vouchers": [(label(g), sum(1 for f in vouchers if f.month in g)) for g in counted],
        "listings": DataProduct.objects.filter(state="listed").count(),
    }  # fmt: skip


def words(dimension: str, key: str) -> Text:
    return DIMENSIONS[dimension][1].get(key, Text(key, key))
