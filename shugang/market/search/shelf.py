"""The catalogue's shelf in memory: for each facet's value one whole number whose bits are the products that have it.

Counting under any filters is then `(a & b).bit_count()`: exact, microseconds, and no COUNT over the table. A process reads the
entries once and afterwards only what changed: numbered entries after its own revision, and, laid over a copy, those whose
change is committed but not numbered yet. Numbering happens after the commit, alone, so that no reader can skip a change that
was begun earlier and committed later.
"""

from __future__ import annotations

import secrets
import threading
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from django.db import connection, transaction

from .models import CatalogueEntry, ShelfState

ORDERS = ("listed", "fresh", "rows", "score")
_SHOWN = 512  # counts of so many combinations of filters are kept until the shelf changes
_COLUMNS = ("product_id", "document", "on_shelf", "facets", *ORDERS)
_STATE = (
    "SELECT (SELECT revision FROM market_shelfstate), (SELECT epoch FROM market_shelfstate), "
    "EXISTS (SELECT 1 FROM market_catalogueentry WHERE revision IS NULL)"
)


@dataclass
class Shelf:
    """Place = position in `products`; never changed once it is handed out, but for what it works out late."""

    epoch: str = ""
    revision: int = 0
    products: list[int] = field(default_factory=list)
    documents: dict[int, int] = field(default_factory=dict)  # text index's id → place
    places: dict[int, int] = field(default_factory=dict)  # product → place
    names: list[tuple[str, ...]] = field(default_factory=list)
    keys: dict[str, list[int]] = field(default_factory=lambda: {name: [] for name in ORDERS})
    full: int = 0
    members: dict[str, list[int]] = field(
        default_factory=lambda: defaultdict(list)
    )  # facet:value → places, on the shelf or not
    _bits: dict[str, int] = field(default_factory=dict)
    _orders: dict[str, list[int]] = field(default_factory=dict)
    _shown: dict[str, list[int]] = field(default_factory=dict)
    counts: dict[object, object] = field(default_factory=dict)

    def bits(self, name: str) -> int:
        """The products on the shelf that have `facet:value`."""
        found = self._bits.get(name)
        if found is None:
            found = self._bits[name] = of(self.members.get(name, ())) & self.full
        return found

    def under(self, names: Iterable[str]) -> int:
        mask = self.full
        for name in names:
            mask &= self.bits(name)
        return mask

    def order(self, by: str) -> list[int]:
        """All places, the highest first; of equals the one that came last."""
        found = self._orders.get(by)
        if found is None:
            key = self.keys[by]
            found = self._orders[by] = sorted(range(len(self.products)), key=lambda i: (key[i], i), reverse=True)
        return found

    def shown(self, by: str) -> list[int]:
        """The places on the shelf in that order: a page of the whole list is a slice of it."""
        found = self._shown.get(by)
        if found is None:
            found = self._shown[by] = list(within(self.full, self.order(by)))
        return found

    def remember(self, key: object, value: object) -> None:
        if len(self.counts) >= _SHOWN:
            self.counts.clear()
        self.counts[key] = value

    def with_changes(self, rows: Sequence[tuple]) -> Shelf:
        """A shelf on which these entries stand as they are now."""
        new = Shelf(
            self.epoch, self.revision, list(self.products), dict(self.documents), dict(self.places), list(self.names),
            {name: list(values) for name, values in self.keys.items()}, self.full,
            defaultdict(list, {name: list(places) for name, places in self.members.items()}),
        )  # fmt: skip
        off: set[int] = set()
        on: list[int] = []
        for product, document, on_shelf, names, *keys in rows:
            place = new.places.get(product)
            if place is None:
                place = new.places[product] = len(new.products)
                new.products.append(product)
                new.names.append(())
                for name in ORDERS:
                    new.keys[name].append(0)
            new._rename(place, tuple(_known.setdefault(name, name) for name in names.split()))
            new.documents[document] = place
            for name, key in zip(ORDERS, keys, strict=True):
                new.keys[name][place] = key
            off.discard(place)
            (on.append if on_shelf else off.add)(place)
        new.full = (self.full | of(on)) & ~of(off)
        return new

    def _rename(self, place: int, names: tuple[str, ...]) -> None:
        if self.names[place] == names:
            return
        for name in self.names[place]:
            self.members[name].remove(place)
        self.names[place] = names
        for name in names:
            self.members[name].append(place)


# Each `facet:value` once: a hundred thousand products share some hundreds, and a shared text knows its hash.
_known: dict[str, str] = {}


def of(places: Iterable[int]) -> int:
    """Places as bits."""
    wanted = list(places)
    if not wanted:
        return 0
    flags = bytearray((max(wanted) >> 3) + 1)
    for place in wanted:
        flags[place >> 3] |= 1 << (place & 7)
    return int.from_bytes(flags, "little")


def bits_of(mask: int) -> Iterator[int]:
    """The places of a mask that holds few of them."""
    for at, byte in enumerate(mask.to_bytes((mask.bit_length() + 7) >> 3, "little")):
        if byte:
            yield from ((at << 3) + bit for bit in range(8) if byte >> bit & 1)


def within(mask: int, order: Iterable[int]) -> Iterator[int]:
    """The places of `order` that the mask holds."""
    flags = mask.to_bytes((mask.bit_length() >> 3) + 1, "little")
    size = len(flags)
    return (p for p in order if (p >> 3) < size and flags[p >> 3] >> (p & 7) & 1)


_lock = threading.Lock()
_kept = Shelf()


def current() -> Shelf:
    """The shelf as the database has it now: one query while nothing changed."""
    global _kept
    with connection.cursor() as cursor:
        cursor.execute(_STATE)
        revision, epoch, waiting = cursor.fetchone()
    revision, epoch = revision or 0, epoch or ""
    shelf = _kept
    if (shelf.revision, shelf.epoch) != (revision, epoch):
        with _lock:
            shelf = _kept
            if (shelf.revision, shelf.epoch) != (revision, epoch):
                shelf = _kept = _read(shelf, revision, epoch)
    return shelf.with_changes(_rows(revision__isnull=True)) if waiting else shelf


def _read(known: Shelf, revision: int, epoch: str) -> Shelf:
    start = known if known.epoch == epoch and known.revision <= revision else Shelf()
    new = start.with_changes(_rows(revision__gt=start.revision, revision__lte=revision))
    new.epoch, new.revision = epoch, revision
    return new


def _rows(**wanted: object) -> list[tuple]:
    rows = CatalogueEntry.objects.filter(**wanted).order_by("listed", "product_id")
    return list(rows.values_list(*_COLUMNS))


def number_soon() -> None:
    """Number what this transaction changed once it is committed."""
    transaction.on_commit(number)


def number() -> None:
    """Give committed changes the next revision. Idempotent; the worker repeats it for a process that died in between."""
    if not CatalogueEntry.objects.filter(revision__isnull=True).exists():
        return
    with transaction.atomic():
        ShelfState.objects.get_or_create(pk=1, defaults={"epoch": secrets.token_hex(8)})
        state = ShelfState.objects.select_for_update().get(pk=1)
        state.revision += 1
        if CatalogueEntry.objects.filter(revision__isnull=True).update(revision=state.revision):
            state.save(update_fields=["revision"])
