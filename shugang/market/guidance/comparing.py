"""The k nearest concluded deals and the range of their prices. Pure; prices are integers of 1e-8 元 a unit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from math import log

WEIGHTS = {"sector": 3, "type": 2, "mode": 1, "volume": 1, "text": 3}


@dataclass(frozen=True)
class Deal:
    """One concluded deal. `measure` is what its price is per (plan kind and unit): prices of another are not comparable.

    `rows` is the volume of the data (0: unknown); `tokens` the bigrams of the product's words.
    """

    measure: str
    price_e8: int
    sector: str
    type: str
    mode: str
    rows: int
    tokens: frozenset[str]
    supplier: int
    buyer: int
    on: date


@dataclass(frozen=True)
class Asked:
    measure: str
    sector: str
    type: str
    mode: str
    rows: int
    tokens: frozenset[str]


@dataclass(frozen=True)
class Rules:
    """`nearest` deals are compared; fewer than the minima, or one party with more than `share` percent, is no basis."""

    nearest: int
    contracts: int
    suppliers: int
    buyers: int
    share: int

    @classmethod
    def read(cls, data: Mapping[str, int]) -> Rules:
        return cls(*(int(data[n]) for n in ("nearest", "contracts", "suppliers", "buyers", "share")))


@dataclass(frozen=True)
class Guidance:
    """`refused`: "" or why there is no range (`few_contracts`, `few_suppliers`, `few_buyers`, `one_party`). The ends are
    widened to two significant digits. `basis`: (sector, type, mode) → how many of the deals; nobody is named."""

    refused: str
    n: int
    low_e8: int = 0
    middle_e8: int = 0
    high_e8: int = 0
    suppliers: int = 0
    buyers: int = 0
    since: date | None = None
    until: date | None = None
    basis: tuple[tuple[tuple[str, str, str], int], ...] = ()


def likeness(asked: Asked, deal: Deal) -> int:
    """0 to 1000, the weighted mean of what agrees: sector, type, mode, order of magnitude of the volume, words."""
    parts = {
        "sector": 1000 * (asked.sector == deal.sector),
        "type": 1000 * (asked.type == deal.type),
        "mode": 1000 * (asked.mode == deal.mode),
        "volume": _volume(asked.rows, deal.rows),
        "text": _text(asked.tokens, deal.tokens),
    }
    return sum(WEIGHTS[name] * value for name, value in parts.items()) // sum(WEIGHTS.values())


def _volume(a: int, b: int) -> int:
    """1000 for the same volume, 0 from a factor of 1000 on; 500 where one is unknown."""
    if a <= 0 or b <= 0:
        return 500
    return max(0, round(1000 * (1 - abs(log(a / b)) / log(1000))))


def _text(a: frozenset[str], b: frozenset[str]) -> int:
    return 1000 * len(a & b) // len(a | b) if a | b else 0


def guide(asked: Asked, deals: Iterable[Deal], rules: Rules) -> Guidance:
    """The range of the nearest comparable deals, or the reason for none. Ties go to the newer deal."""
    same = [d for d in deals if d.measure == asked.measure and d.price_e8 > 0]
    ranked = sorted(same, key=lambda d: (-likeness(asked, d), -d.on.toordinal(), d.price_e8))[: rules.nearest]
    suppliers, buyers = Counter(d.supplier for d in ranked), Counter(d.buyer for d in ranked)
    why = _why_not(ranked, suppliers, buyers, rules)
    if why:
        # How many there are is itself told only in so far as it is too few.
        return Guidance(why, min(len(ranked), rules.contracts))
    prices = sorted(d.price_e8 for d in ranked)
    low, middle, high = (_quartile(prices, q) for q in (1, 2, 3))
    basis = Counter((d.sector, d.type, d.mode) for d in ranked)
    return Guidance(
        "", len(ranked), coarse(low, -1), coarse(middle, 0), coarse(high, 1), len(suppliers), len(buyers),
        _month(min(d.on for d in ranked)), _month(max(d.on for d in ranked)),
        tuple(sorted(basis.items(), key=lambda x: (-x[1], x[0]))),
    )  # fmt: skip


def _why_not(ranked: Sequence[Deal], suppliers: Counter[int], buyers: Counter[int], rules: Rules) -> str:
    if len(ranked) < rules.contracts:
        return "few_contracts"
    if len(suppliers) < rules.suppliers:
        return "few_suppliers"
    if len(buyers) < rules.buyers:
        return "few_buyers"
    most = max(*suppliers.values(), *buyers.values())
    return "one_party" if 100 * most > rules.share * len(ranked) else ""


def _quartile(prices: Sequence[int], q: int) -> int:
    """Linear between the neighbours (type 7), in integers, half up."""
    place = q * (len(prices) - 1)
    low, rest = divmod(place, 4)
    step = prices[min(low + 1, len(prices) - 1)] - prices[low]
    return prices[low] + (step * rest + 2) // 4


def coarse(value: int, way: int) -> int:
    """Two significant digits: down (-1), up (1) or nearest (0)."""
    unit = int(10 ** max(0, len(str(value)) - 2))
    if way < 0:
        return value // unit * unit
    return (value + unit - 1) // unit * unit if way > 0 else (value + unit // 2) // unit * unit


def _month(day: date) -> date:
    return day.replace(day=1)
