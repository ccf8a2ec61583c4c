"""Chinese full-text search by pairs of characters, the same on SQLite (FTS5) and PostgreSQL (tsvector).

Four fields of falling weight: title, keywords, summary, body. A search asks for all terms; when that finds few, also for most
of them, then for any; a word that begins inside a Latin word is found through the vocabulary. So nothing is missed that a
plain substring search would find (`textwords`). Ranking reads the candidates' own text, here and in no database, so that the order
is the same everywhere and each hit can say what it was found by.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field

from django.db import transaction

from . import textstore, textwords
from .models import SearchDocument
from .textstore import FIELDS, Matching
from .textwords import Term

FIELD_WEIGHTS = dict(zip(FIELDS, (8.0, 4.0, 2.5, 1.0), strict=True))
MANY = 1000  # more matches than this are not counted
RANKED = 100  # so many candidates are ranked by their text; behind them the newest come first
MOSTLY = 0.8  # of all documents are of one kind
FEW = 10  # fewer matches of all terms than this: objects that hold only some are added behind
_LONGEST = 20_000


@dataclass(frozen=True)
class Document:
    """One public object as it can be found. `filters`: names that a search can ask for exactly, such as `sector:Q`."""

    key: str
    title: str
    body: str = ""
    keywords: str = ""
    summary: str = ""
    filters: tuple[str, ...] = ()


@dataclass(frozen=True)
class Hit:
    """A document found; `matched` says by which word in which field, `partly` that other words are missing."""

    id: int
    key: str
    score: float
    matched: tuple[tuple[str, str], ...]
    partly: bool


@dataclass(frozen=True)
class Found:
    """`hits`: the ranked ones, best first; `ids`: all, in the order of a list, at most MANY; `more`: there are others still."""

    hits: list[Hit] = field(default_factory=list)
    ids: list[int] = field(default_factory=list)
    more: bool = False
    partly: int = 0  # how many of `ids` hold only some of the words


def put(
    kind: str, key: str, title: str, body: str = "", keywords: str = "", summary: str = "", filters: Iterable[str] = ()
) -> int:
    """Index or re-index one public object, in the caller's transaction; the id by which a search names it."""
    return put_many(kind, [Document(key, title, body, keywords, summary, tuple(filters))])[0]


def put_many(kind: str, documents: Sequence[Document]) -> list[int]:
    """The same for several: their ids in order."""
    rows = [
        SearchDocument(
            kind=kind, key=d.key, **{name: textwords.normalise(getattr(d, name))[:_LONGEST] for name in FIELDS}
        )
        for d in documents
    ]
    with transaction.atomic():
        SearchDocument.objects.bulk_create(
            rows, update_conflicts=True, unique_fields=["kind", "key"], update_fields=list(FIELDS)
        )
        textstore.write(rows, [d.filters for d in documents])
    return [row.pk for row in rows]


def remove(kind: str, key: str) -> None:
    textstore.erase(list(SearchDocument.objects.filter(kind=kind, key=key).values_list("pk", flat=True)))


def search(kind: str, query: str, limit: int = 100) -> list[str]:
    """Keys of the objects that hold all words, the best first. An empty query finds nothing."""
    found = find(kind, query, widen=False)
    ranked = [hit.key for hit in found.hits][:limit]
    rest = found.ids[len(ranked) : limit]
    if len(ranked) < limit and rest:
        keys = dict(SearchDocument.objects.filter(pk__in=rest).values_list("pk", "key"))
        ranked += [keys[pk] for pk in rest if pk in keys]
    return ranked


def find(
    kind: str, query: str, filters: Sequence[str] = (), widen: bool = True, matching: Matching = textstore.matching
) -> Found:
    """What matches `query` and passes every filter; without `widen` only what holds all words. `matching`: another index that answers
    as the database's does.

    A single word is taken apart only when nothing holds it: whoever pastes a number wants that one.
    """
    asked = textwords.terms(query)
    if not asked:
        return Found()
    ids = matching(kind, [asked], filters, MANY + 1)
    whole = len(ids)
    units = asked
    if widen and whole < (FEW if len(asked) > 1 else 1):
        units = textwords.pieces(asked)
        ids = _widened(kind, units, filters, ids, matching)
    if not ids:
        asked = units = _inside(asked)
        ids = matching(kind, [asked], filters, MANY + 1) or (
            _widened(kind, asked, filters, [], matching) if widen else []
        )
        whole = len(ids)
    more, ids = len(ids) > MANY, ids[:MANY]
    candidates = _candidates(kind, asked, filters, ids, matching)
    hits = _rank(candidates, asked, units, set(ids[:whole]))
    first = {hit.id for hit in hits}
    return Found(hits, [h.id for h in hits] + [pk for pk in ids if pk not in first], more, max(0, len(ids) - whole))


def among(known: Collection[int]) -> Matching:
    """`matching` for who has the ids of the kind at hand: others are left out.

    Where most documents are of the kind, all kinds are asked first: to hold a long list of the kind against the words costs
    SQLite as much as the words themselves. Where the others crowd it out, the kind is asked.
    """
    if len(known) < MOSTLY * textstore.last():
        return textstore.matching

    def matching(
        kind: str, groups: textstore.Groups, filters: Sequence[str], limit: int, first_fields: bool = False
    ) -> list[int]:
        if not filters:
            every = textstore.matching("", groups, (), limit, first_fields)
            ids = [pk for pk in every if pk in known]
            if len(every) < limit or len(ids) == len(every):
                return ids
        return textstore.matching(kind, groups, filters, limit, first_fields)

    return matching


def _widened(kind: str, units: list[Term], filters: Sequence[str], ids: list[int], matching: Matching) -> list[int]:
    """Behind `ids` those that hold most of the units, then any; until there are enough."""
    for groups in textwords.levels(units):
        known = set(ids)
        ids = ids + [pk for pk in matching(kind, groups, filters, RANKED) if pk not in known]
        if len(ids) >= FEW:
            break
    return ids[:RANKED]


def _inside(asked: list[Term]) -> list[Term]:
    """The terms with every known word in which their first word stands."""
    return [textwords.inside(term, textstore.vocabulary(term.phrases[0][0])) if term.open else term for term in asked]


def _candidates(kind: str, asked: list[Term], filters: Sequence[str], ids: list[int], matching: Matching) -> list[int]:
    """Which of the matches are ranked by their text: all of a few; of many those named so, then the newest."""
    if len(ids) <= RANKED:
        return ids
    named = matching(kind, [asked], filters, RANKED, first_fields=True)
    known = set(named)
    return (named + [pk for pk in ids[:RANKED] if pk not in known])[:RANKED]


def _rank(ids: list[int], asked: list[Term], units: list[Term], whole: set[int]) -> list[Hit]:
    full = " ".join(term.text for term in asked)
    hits = []
    for pk, key, *texts in textstore.texts(ids):
        complete = pk in whole
        score, matched = _score(texts, full, asked if complete else units)
        hits.append(Hit(pk, key, score, matched, bool(whole or len(matched) < len(units)) and not complete))
    hits.sort(key=lambda h: (not h.partly, h.score, h.id), reverse=True)
    return hits


def _score(texts: Sequence[str], full: str, asked: Sequence[Term]) -> tuple[float, tuple[tuple[str, str], ...]]:
    """Each term counts in its best-weighted field, more often counts more but less and less, in a short field more."""
    total, matched = 0.0, []
    for term in asked:
        word, best, where = term.text, 0.0, ""
        for name, text in zip(FIELDS, texts, strict=True):
            if word in text:
                often = text.count(word)
                value = FIELD_WEIGHTS[name] * often / (often + 0.6) / (1 + len(text) / 800)
                total += value * 0.2
                if value > best:
                    best, where = value, name
        if where:
            total += best
            matched.append((word, where))
    title = texts[0]
    if full in title:
        total += 12.0 if title == full else 6.0 if title.startswith(full) else 3.0
    return total, tuple(matched)
