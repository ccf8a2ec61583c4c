"""Finding in the catalogue: words, facets, order and page in, products with counts and reasons out. For everybody."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import Any
from urllib.parse import urlencode

from django.db import connection

from shugang.kernel import textindex
from shugang.kernel.errors import Refusal
from shugang.kernel.textindex import Found, Hit
from shugang.policy.text import Text

from . import facets
from .facets import FACETS, SUPPLIER
from .index import KIND
from .shelf import Shelf, current, of, within

SIZE = 20
SORTS: dict[str, tuple[Text, str]] = {
    "listed": (Text("最新上架", "Newest"), "listed"),
    "fresh": (Text("数据最近更新", "Freshest data"), "fresh"),
    "rows": (Text("数据量", "Most rows"), "rows"),
    "quality": (Text("质量得分", "Best quality"), "score"),
}
BEST = "best"
_SUPPLIERS = 12
_WORDS = 100
_CARD = "CAST(card AS text)"


@dataclass(frozen=True)
class Wanted:
    """What somebody looks for; `sort` "" means the best match with words, the newest without."""

    q: str = ""
    facets: Mapping[str, str] = field(default_factory=dict)
    sort: str = ""
    start: int = 0

    @classmethod
    def read(cls, asked: Mapping[str, Any]) -> Wanted:
        """Raises Refusal `bad_cursor`."""
        sort, after = str(asked.get("sort", "")), str(asked.get("after", "")) or "0"
        if not (after.isascii() and after.isdigit() and len(after) <= 6):
            raise Refusal(
                "bad_cursor",
                Text(
                    "翻页标记无效，请从第一页重新开始。",
                    "The page cursor is not valid. Please start from the first page.",
                ),
            )
        q = str(asked.get("q", "")).replace("\0", "").strip()[:_WORDS]
        return cls(q, facets.chosen(asked), sort if sort in SORTS else "", int(after))

    @property
    def order(self) -> str:
        return self.sort or (BEST if self.q else "listed")

    @property
    def names(self) -> list[str]:
        return [f"{name}:{value}" for name, value in self.facets.items()]

    def query(self) -> str:
        """As a query string, without the page."""
        return urlencode({k: v for k, v in {"q": self.q, **self.facets, "sort": self.sort}.items() if v})


@dataclass(frozen=True)
class Result:
    """One page. `total` counts all matches, or with `more` the best MANY of them, and so do the facets.

    `facets`: name → {value: count}; `hits`: by number of product, why it was found; `partly`: matches of only some words.
    """

    cards: list[dict[str, Any]]
    total: int
    more: bool
    next: int | None
    facets: dict[str, dict[str, int]]
    hits: dict[str, Hit]
    partly: int
    shelf: Shelf

    @property
    def empty(self) -> bool:
        """Nothing is listed at all."""
        return not self.shelf.full


def find(wanted: Wanted, size: int = SIZE) -> Result:
    """The page of the catalogue that was asked for."""
    shelf = current()
    if not wanted.q:
        return _page(shelf, wanted, shelf.full, None, size)
    found = textindex.find(KIND, wanted.q, matching=textindex.among(shelf.documents))
    if found.more and wanted.facets:
        # Too many to know them all: ask the index itself for those that pass the filters.
        found = textindex.find(KIND, wanted.q, wanted.names)
    places = _places(shelf, found)
    return _page(shelf, wanted, of(places) & shelf.full, found, size, places)


def _places(shelf: Shelf, found: Found) -> list[int]:
    """What stands on the shelf of what was found; a change that is seen in one and not yet in the other is left out."""
    return [place for pk in found.ids if (place := shelf.documents.get(pk)) is not None]


def _page(
    shelf: Shelf, wanted: Wanted, base: int, found: Found | None, size: int, places: Sequence[int] = ()
) -> Result:
    """`places`: of what was found, in its order; `base`: the same as bits, what has left the shelf taken out."""
    mask = base & shelf.under(wanted.names) if wanted.facets else base
    if wanted.order == BEST and found is not None:
        order = places
    elif found is not None:
        key = shelf.keys[SORTS[wanted.order][1]]
        order = sorted(places, key=lambda p: (key[p], p), reverse=True)
    else:
        order = shelf.shown(SORTS[wanted.order][1])
    last = wanted.start + size
    if found is None and mask == shelf.full:  # nothing is filtered out: the order is the answer
        chosen = order[wanted.start : last]
    else:
        chosen = list(islice(within(mask, order), wanted.start, last))
    total = mask.bit_count()
    cards = _cards([shelf.products[p] for p in chosen])
    hits = {h.key: h for h in found.hits} if found else {}
    following = wanted.start + size
    return Result(
        cards, total, bool(found and found.more), following if following < total else None, _counted(shelf, wanted, base, found, places),
        {c["number"]: hits[c["number"]] for c in cards if c["number"] in hits}, found.partly if found else 0, shelf,
    )  # fmt: skip


def _cards(products: list[int]) -> list[dict[str, Any]]:
    """The cards in order. Read as one text: twenty answers of an object mapper cost more than the page's whole search."""
    if not products:
        return []
    numbers = ",".join(str(int(p)) for p in products)
    sql = f"SELECT product_id, {_CARD} FROM market_catalogueentry WHERE product_id IN ({numbers})"  # noqa: S608  numbers only
    with connection.cursor() as cursor:
        cursor.execute(sql)
        rows = cursor.fetchall()
    cards = json.loads("[" + ",".join(card for _, card in rows) + "]")
    found = dict(zip((product for product, _ in rows), cards, strict=True))
    return [found[p] for p in products if p in found]


def _counted(
    shelf: Shelf, wanted: Wanted, base: int, found: Found | None, places: Sequence[int]
) -> dict[str, dict[str, int]]:
    if found is not None:
        return _counts(shelf, wanted, base, places)
    key = frozenset(wanted.names)
    known: Any = shelf.counts.get(key)
    if known is None:
        known = _counts(shelf, wanted, base)
        shelf.remember(key, known)
    return dict(known)


def _counts(shelf: Shelf, wanted: Wanted, base: int, places: Sequence[int] | None = None) -> dict[str, dict[str, int]]:
    """For each facet its values under the other filters; values without a product are left out, the chosen one is kept."""
    under = {"": _tally(shelf, base & shelf.under(wanted.names), places)}
    for facet in wanted.facets:
        others = [f"{n}:{v}" for n, v in wanted.facets.items() if n != facet]
        under[facet] = _tally(shelf, base & shelf.under(others), places)
    found = {}
    for facet in FACETS:
        tally = under.get(facet, under[""])
        counted = {value: tally(f"{facet}:{value}") for value in _values(shelf, facet, wanted)}
        found[facet] = {v: n for v, n in counted.items() if n or wanted.facets.get(facet) == v}
    return found


def _tally(shelf: Shelf, mask: int, places: Sequence[int] | None) -> Callable[[str], int]:
    """How many of `mask` have a `facet:value`: of what was found by reading its names, of the whole shelf by the bits."""
    if places is None:
        return lambda name: (mask & shelf.bits(name)).bit_count()
    found = Counter(chain.from_iterable(map(shelf.names.__getitem__, within(mask, places))))
    return found.__getitem__


def _values(shelf: Shelf, facet: str, wanted: Wanted) -> list[str]:
    """The list's values; of suppliers those with most products, and the chosen one."""
    if facet != SUPPLIER:
        return list(FACETS[facet][1])
    largest: Any = shelf.counts.get(SUPPLIER)
    if largest is None:
        sizes = sorted(((len(p), n) for n, p in shelf.members.items() if n.startswith(f"{SUPPLIER}:")), reverse=True)
        largest = [n.partition(":")[2] for _, n in sizes[:_SUPPLIERS]]
        shelf.remember(SUPPLIER, largest)
    one = wanted.facets.get(SUPPLIER)
    return [*largest, *([one] if one and one not in largest else [])]


def count_since(wanted: Wanted, moment: int, most: int = 100) -> int:
    """How many matches were listed after `moment` (seconds since 1970); stops counting at `most`."""
    shelf = current()
    mask = shelf.under(wanted.names)
    if wanted.q:
        mask &= of(_places(shelf, textindex.find(KIND, wanted.q, wanted.names)))
    listed, n = shelf.keys["listed"], 0
    for place in within(mask, shelf.order("listed")):
        if listed[place] <= moment or n >= most:
            break
        n += 1
    return n
