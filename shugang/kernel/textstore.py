"""Where the text index is kept: FTS5 on SQLite, a tsvector with a GIN index on PostgreSQL (migrations 0002 and later).

SQLite has a second, small index of the names alone: where many bodies hold a word that few names hold, finding those few
would mean to read through all (measured: 4.7 ms against 0.2). Both hold the same tokens in four fields of falling weight, and answer the same question: which documents hold one of
several groups of terms, newest first, at most so many. Ranking is not theirs (`textindex`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any, Protocol

from django.db import connection

from . import textwords
from .models import SearchDocument, SearchWord
from .textwords import Phrase, Term

FIELDS = ("title", "keywords", "summary", "body")
WEIGHTS = "ABCD"
_MOST_POSITIONS = 16_383  # of a tsvector
Groups = Sequence[Sequence[Term]]


class Matching(Protocol):
    """Ids of documents that hold every term of at least one group and pass the filters, newest first."""

    def __call__(
        self, kind: str, groups: Groups, filters: Sequence[str], limit: int, first_fields: bool = False
    ) -> list[int]: ...


def _sqlite() -> bool:
    return connection.vendor == "sqlite"


def _filter_word(name: str) -> str:
    return marked(name, "zzf" if _sqlite() else "ZZF")


@lru_cache(maxsize=4096)
def marked(name: str, mark: str) -> str:
    """`sector:Q` as a word that no text holds; PostgreSQL searches one list, so there it has capitals, which no query has."""
    return mark + "".join(c if c.isascii() and c.isalnum() else f"z{ord(c):x}" for c in name)


def write(documents: Sequence[SearchDocument], filters: Sequence[Iterable[str]]) -> None:
    """Index saved documents anew, each with the filters that it passes (`kind`'s own is added)."""
    rows = []
    for document, passed in zip(documents, filters, strict=True):
        told = [textwords.tokens(getattr(document, name)) for name in FIELDS]
        rows.append((document.pk, told, [_filter_word(f) for f in sorted({f"kind:{document.kind}", *passed})]))
    with connection.cursor() as cursor:
        if _sqlite():
            _drop(cursor, [pk for pk, _, _ in rows])
            lines: list[tuple[Any, ...]] = [
                (pk, *(" ".join(t) for t in told), " ".join(passed)) for pk, told, passed in rows
            ]
            cursor.executemany(
                "INSERT INTO kernel_search_fts(rowid, title, keywords, summary, body, filters) VALUES (%s, %s, %s, %s, %s, %s)",
                lines,
            )
            cursor.executemany(
                "INSERT INTO kernel_search_names(rowid, title, keywords, filters) VALUES (%s, %s, %s, %s)",
                [(pk, title, keywords, passed) for pk, title, keywords, _, _, passed in lines],
            )
        else:
            cursor.executemany(
                "UPDATE kernel_searchdocument SET vector = %s::tsvector WHERE id = %s",
                [(_vector(told, passed), pk) for pk, told, passed in rows],
            )
        found = set().union(*(textwords.words(getattr(d, name)) for d in documents for name in FIELDS))
        # In one order, so that two verbs which add the same words wait for each other and never in a ring.
        add = f"INSERT INTO {SearchWord._meta.db_table} (word) VALUES (%s) ON CONFLICT DO NOTHING"  # noqa: S608  our own table
        cursor.executemany(add, [(word,) for word in sorted(found)])


def _vector(fields: Sequence[Sequence[str]], filters: Sequence[str]) -> str:
    places: dict[str, list[str]] = {}
    at = 0
    for weight, told in zip(WEIGHTS, fields, strict=True):
        for token in told:
            at += 1
            if at <= _MOST_POSITIONS:
                places.setdefault(token, []).append(f"{at}{weight}")
        at += 1  # no phrase runs from one field into the next
    parts = [f"'{token}':{','.join(found[:255])}" for token, found in places.items()]
    return " ".join([*parts, *(f"'{word}'" for word in filters)])


def _drop(cursor: Any, ids: Sequence[int]) -> None:
    for table in ("kernel_search_fts", "kernel_search_names"):
        cursor.executemany(f"DELETE FROM {table} WHERE rowid = %s", [(pk,) for pk in ids])  # noqa: S608  two fixed names


def erase(ids: Sequence[int]) -> None:
    if _sqlite():
        with connection.cursor() as cursor:
            _drop(cursor, ids)
    SearchDocument.objects.filter(pk__in=ids).delete()


def matching(kind: str, groups: Groups, filters: Sequence[str], limit: int, first_fields: bool = False) -> list[int]:
    """Ids of documents that hold every term of at least one group, newest first; `first_fields`: in title or keywords.

    Without a `kind`, of all kinds."""
    if not groups or not all(groups):
        return []
    passed = [_filter_word(f) for f in ((f"kind:{kind}", *filters) if kind else filters)]
    if _sqlite():
        table = "kernel_search_names" if first_fields else "kernel_search_fts"
        words = " OR ".join("(" + " AND ".join(map(_fts_term, group)) + ")" for group in groups)
        match = f"- filters : ({words})" + "".join(f" AND filters : {f}" for f in passed)
        sql = f"SELECT rowid FROM {table} WHERE {table} MATCH %s ORDER BY rowid DESC LIMIT %s"  # noqa: S608
    else:
        weight = "AB" if first_fields else ""
        words = " | ".join("(" + " & ".join(_ts_term(t, weight) for t in group) + ")" for group in groups)
        match = " & ".join([f"({words})", *(f"'{f}'" for f in passed)])
        sql = "SELECT id FROM kernel_searchdocument WHERE vector @@ %s::tsquery ORDER BY id DESC LIMIT %s"
    with connection.cursor() as cursor:
        cursor.execute(sql, [match, limit])
        return [row[0] for row in cursor.fetchall()]


def _fts_term(term: Term) -> str:
    return "(" + " OR ".join(_fts_phrase(p) for p in term.phrases) + ")"


def _fts_phrase(phrase: Phrase) -> str:
    """A pair of characters is whole; a single one or a Latin word at the end may go on."""
    return '"' + " ".join(phrase) + '"' + (" *" if goes_on(phrase[-1]) else "")


def goes_on(token: str) -> bool:
    return not re.fullmatch(r"[^\x00-\x7f]{2}|zzq[0-9a-f]+", token)


def _ts_term(term: Term, weight: str) -> str:
    return "(" + " | ".join(_ts_phrase(p, weight) for p in term.phrases) + ")"


def _ts_phrase(phrase: Phrase, weight: str) -> str:
    last = len(phrase) - 1
    marks = [weight + ("*" if i == last and goes_on(token) else "") for i, token in enumerate(phrase)]
    return "(" + " <-> ".join(f"'{t}'" + (f":{m}" if m else "") for t, m in zip(phrase, marks, strict=True)) + ")"


def vocabulary(part: str, limit: int = 300) -> list[str]:
    """Known Latin words that hold `part`, the shortest first."""
    rows: Any = SearchWord.objects.filter(word__contains=part).values_list("word", flat=True)
    return sorted(rows, key=len)[:limit]


def last() -> int:
    """The highest id given: at least as many documents as there are."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT MAX(id) FROM kernel_searchdocument")
        return cursor.fetchone()[0] or 0


def texts(ids: Sequence[int]) -> list[tuple[Any, ...]]:
    """(id, key, the four fields) of documents."""
    if not ids:
        return []
    numbers = ",".join(str(int(pk)) for pk in ids)
    sql = f"SELECT id, key, {', '.join(FIELDS)} FROM kernel_searchdocument WHERE id IN ({numbers})"  # noqa: S608  numbers only
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return list(cursor.fetchall())
