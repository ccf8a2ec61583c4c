"""Finding in the public catalogue: words, facets, order and page in; entries with counts and reasons out. For everybody."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import chain
from typing import Any
from urllib.parse import urlencode

from shugang.kernel import textindex
from shugang.kernel.errors import Refusal
from shugang.kernel.textindex import Found, Hit
from shugang.market.search.shelf import Shelf, bits_of, of, within
from shugang.parties.models import Party
from shugang.policy.text import Text

from . import kinds
from .engine import matcher
from .index import KIND
from .models import PublicResource
from .shelf import DATA, PUBLISHED, current

SIZE = 20
DEPARTMENT = "department"
FACETS: dict[str, tuple[Text, dict[str, Text]]] = {
    "kind": (Text("类别", "Kind"), kinds.KINDS),
    "library": (Text("基础库", "Base library"), kinds.BASE_LIBRARIES),
    "theme": (Text("主题", "Theme"), kinds.THEMES),
    "sharing": (Text("共享", "Sharing"), kinds.CONDITIONS),
    "opening": (Text("开放", "Opening"), kinds.CONDITIONS),
    "cycle": (Text("更新", "Updates"), kinds.CYCLES),
    "medium": (Text("格式", "Format"), kinds.FORMATS),
    DEPARTMENT: (Text("部门", "Department"), {}),
}
SORTS: dict[str, tuple[Text, str]] = {
    "published": (Text("最新发布", "Newest"), PUBLISHED),
    "updated": (Text("数据最近更新", "Freshest data"), DATA),
}
BEST = "best"
_MOST_DEPARTMENTS = 30


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
        q = str(asked.get("q", "")).replace("\0", "").strip()[:100]
        return cls(q, _chosen(asked), sort if sort in SORTS else "", int(after))

    @property
    def order(self) -> str:
        return self.sort or (BEST if self.q else "published")

    @property
    def names(self) -> list[str]:
        return [f"{name}:{value}" for name, value in self.facets.items()]

    def query(self) -> str:
        """As a query string, without the page."""
        return urlencode({k: v for k, v in {"q": self.q, **self.facets, "sort": self.sort}.items() if v})


def _chosen(asked: Mapping[str, Any]) -> dict[str, str]:
    """The known facets; what no list holds is left out."""
    found = {name: str(asked.get(name, "")) for name in FACETS}
    return {
        n: v for n, v in found.items() if v in FACETS[n][1] or (n == DEPARTMENT and v and v.isascii() and len(v) <= 20)
    }


@dataclass(frozen=True)
class Result:
    """One page. `total` counts all matches, with `more` the best MANY of them, and so do the facets."""

    resources: list[PublicResource]
    total: int
    more: bool
    next: int | None
    facets: dict[str, dict[str, int]]
    hits: dict[str, Hit]
    partly: int
    empty: bool


def find(wanted: Wanted, size: int = SIZE) -> Result:
    shelf = current()
    if not wanted.q:
        return _page(shelf, wanted, shelf.full, None, size)
    matching = matcher(shelf.epoch, shelf.revision)
    found = textindex.find(KIND, wanted.q, matching=matching)
    if found.more and wanted.facets:
        # Too many to know them all: ask the index itself for those that pass the filters.
        found = textindex.find(KIND, wanted.q, [f"public.{name}" for name in wanted.names], matching=matching)
    return _page(shelf, wanted, of(_places(shelf, found)) & shelf.full, found, size)


def _places(shelf: Shelf, found: Found) -> list[int]:
    return [place for pk in found.ids if (place := shelf.documents.get(pk)) is not None]


def _page(shelf: Shelf, wanted: Wanted, base: int, found: Found | None, size: int) -> Result:
    mask = base & shelf.under(wanted.names) if wanted.facets else base
    chosen: list[int] = []
    for at, place in enumerate(within(mask, _order(shelf, wanted, found))):
        if at >= wanted.start + size:
            break
        if at >= wanted.start:
            chosen.append(place)
    total, following = mask.bit_count(), wanted.start + size
    rows = _resources([shelf.products[p] for p in chosen])
    hits = {h.key: h for h in found.hits} if found else {}
    return Result(
        rows, total, bool(found and found.more), following if following < total else None, _counted(shelf, wanted, base, found),
        {r.number: hits[r.number] for r in rows if r.number in hits}, found.partly if found else 0, not shelf.full,
    )  # fmt: skip


def _order(shelf: Shelf, wanted: Wanted, found: Found | None) -> list[int]:
    if found is None:
        return shelf.order(SORTS[wanted.order][1])
    if wanted.order == BEST:
        return _places(shelf, found)
    key = shelf.keys[SORTS[wanted.order][1]]
    return sorted(_places(shelf, found), key=lambda p: (key[p], p), reverse=True)


def _resources(ids: list[int]) -> list[PublicResource]:
    held = {r.pk: r for r in PublicResource.objects.filter(pk__in=ids, state="published").select_related("department")}
    return [held[pk] for pk in ids if pk in held]


def _counted(shelf: Shelf, wanted: Wanted, base: int, found: Found | None) -> dict[str, dict[str, int]]:
    """For each facet its values under the other filters; without words kept until something changes."""
    if found is not None:
        return _counts(shelf, wanted, base)
    key = frozenset(wanted.names)
    known: Any = shelf.counts.get(key)
    if known is None:
        shelf.remember(key, known := _counts(shelf, wanted, base))
    return dict(known)


def _counts(shelf: Shelf, wanted: Wanted, base: int) -> dict[str, dict[str, int]]:
    tallies = {"": _tally(shelf, base & shelf.under(wanted.names))}
    for facet in wanted.facets:
        tallies[facet] = _tally(shelf, base & shelf.under([f"{n}:{v}" for n, v in wanted.facets.items() if n != facet]))
    found = {}
    for facet in FACETS:
        tally = tallies.get(facet, tallies[""])
        counted = {value: tally(f"{facet}:{value}") for value in _values(shelf, facet, wanted)}
        found[facet] = {v: n for v, n in counted.items() if n or wanted.facets.get(facet) == v}
    return found


def _tally(shelf: Shelf, mask: int) -> Any:
    """How many of `mask` have a `facet:value`: of few by reading their names, of many by their bits."""
    if mask.bit_count() > textindex.MANY:
        return lambda name: (mask & shelf.bits(name)).bit_count()
    return Counter(chain.from_iterable(shelf.names[place] for place in bits_of(mask))).__getitem__


def _values(shelf: Shelf, facet: str, wanted: Wanted) -> list[str]:
    """The list's values; of departments those with most entries, and the chosen one."""
    if facet != DEPARTMENT:
        return list(FACETS[facet][1])
    largest: Any = shelf.counts.get(DEPARTMENT)
    if largest is None:
        sizes = sorted(((len(p), n) for n, p in shelf.members.items() if n.startswith(f"{DEPARTMENT}:")), reverse=True)
        shelf.remember(DEPARTMENT, largest := [n.partition(":")[2] for _, n in sizes[:_MOST_DEPARTMENTS]])
    one = wanted.facets.get(DEPARTMENT)
    return [*largest, *([one] if one and one not in largest else [])]


def department_names(numbers: list[str]) -> dict[str, Text]:
    found = Party.objects.filter(number__in=numbers).values_list("number", "name", "name_en")
    return {number: Text(name, name_en or name) for number, name, name_en in found}
