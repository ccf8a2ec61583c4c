"""Chinese full-text search by character bigrams, the same on SQLite (FTS5) and PostgreSQL (tsvector 'simple').

Bigrams need no dictionary and find two-character words, which SQLite's own trigram tokenizer cannot.
"""

from __future__ import annotations

import re

from django.db import connection

from .models import SearchDocument

_RUN = re.compile(r"[\u3400-\u9fff]+|[a-z0-9]+")


def tokens(text: str) -> list[str]:
    """Lower-cased words of Latin letters and digits; overlapping bigrams of Chinese runs."""
    found: list[str] = []
    for run in _RUN.findall(text.lower()):
        if run[0] < "\u3400" or len(run) == 1:
            found.append(run)
        else:
            found.extend(run[i : i + 2] for i in range(len(run) - 1))
            found.append(run[-1])  # so that a single character finds a word that ends in it
    return found


def put(kind: str, key: str, title: str, body: str) -> None:
    """Index or re-index one public object, in the caller's transaction."""
    row, _ = SearchDocument.objects.update_or_create(
        kind=kind, key=key, defaults={"title": " ".join(tokens(title)), "body": " ".join(tokens(body))}
    )
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM kernel_search_fts WHERE rowid = %s", [row.pk])
            cursor.execute(
                "INSERT INTO kernel_search_fts(rowid, title, body) VALUES (%s, %s, %s)",
                [row.pk, row.title, row.body],
            )


def remove(kind: str, key: str) -> None:
    for row in SearchDocument.objects.filter(kind=kind, key=key):
        if connection.vendor == "sqlite":
            with connection.cursor() as cursor:
                cursor.execute("DELETE FROM kernel_search_fts WHERE rowid = %s", [row.pk])
        row.delete()


def _phrases(query: str) -> list[list[str]]:
    """Each run of the query as a phrase: all have to occur."""
    phrases: list[list[str]] = []
    for run in _RUN.findall(query.lower())[:8]:
        if run[0] < "\u3400" or len(run) == 1:
            phrases.append([run])
        else:
            phrases.append([run[i : i + 2] for i in range(len(run) - 1)])
    return phrases


def search(kind: str, query: str, limit: int = 100) -> list[str]:
    """Keys of matching objects, matches in the title first. An empty query finds nothing."""
    phrases = _phrases(query)
    if not phrases:
        return []
    return _search_sqlite(kind, phrases, limit) if connection.vendor == "sqlite" else _search_pg(kind, phrases, limit)


def _search_sqlite(kind: str, phrases: list[list[str]], limit: int) -> list[str]:
    def term(phrase: list[str]) -> str:
        quoted = '"' + " ".join(phrase) + '"'
        return quoted + " *" if len(phrase) == 1 else quoted

    match = " AND ".join(term(p) for p in phrases)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT d.key FROM kernel_search_fts f JOIN kernel_searchdocument d ON d.id = f.rowid "
            "WHERE kernel_search_fts MATCH %s AND d.kind = %s ORDER BY bm25(kernel_search_fts, 8.0, 1.0) LIMIT %s",
            [match, kind, limit],
        )
        return [row[0] for row in cursor.fetchall()]


def _search_pg(kind: str, phrases: list[list[str]], limit: int) -> list[str]:
    def term(phrase: list[str]) -> str:
        words = " <-> ".join(f"'{w}'" for w in phrase)
        return f"({words})" if len(phrase) > 1 else f"'{phrase[0]}':*"

    match = " & ".join(term(p) for p in phrases)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT key FROM kernel_searchdocument WHERE kind = %s AND "
            "(setweight(to_tsvector('simple', title), 'A') || to_tsvector('simple', body)) @@ to_tsquery('simple', %s) "
            "ORDER BY ts_rank(setweight(to_tsvector('simple', title), 'A') || to_tsvector('simple', body), "
            "to_tsquery('simple', %s)) DESC, id LIMIT %s",
            [kind, match, match, limit],
        )
        return [row[0] for row in cursor.fetchall()]
