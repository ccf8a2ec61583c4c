"""The catalogue's lists in memory: for each facet's value the entries that have it, as bits (the market's shelf).

A process reads the entries once and afterwards only those that the change feed names beyond what it has read.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable

from django.db import connection

from shugang.market.search.shelf import Shelf

from .index import KIND, facet_names_of
from .models import CatalogueChange, CatalogueIndex

# What the market's shelf orders by, here: newest published, data last updated, version; the fourth is not used.
PUBLISHED, DATA, VERSION = "listed", "fresh", "rows"
_SELECT = """
SELECT r.id, COALESCE(d.id, -r.id), r.state, p.number, r.kind, r.base_library, r.theme, r.sharing, r.opening, r.update_cycle,
       r.format, {published}, {data}, r.version
FROM publicdata_publicresource r JOIN parties_party p ON p.id = r.department_id
LEFT JOIN kernel_searchdocument d ON d.kind = %s AND d.key = r.number
WHERE {which} ORDER BY r.published_at, r.id
"""
_lock = threading.Lock()
_kept = Shelf()
_STEP = 500


def current() -> Shelf:
    """The shelf as far as the index has come: one small question while nothing changed."""
    global _kept
    sequence, epoch = CatalogueIndex.objects.values_list("sequence", "epoch").first() or (0, "")
    if not epoch:
        return Shelf()  # nothing was ever indexed
    shelf = _kept
    if (shelf.revision, shelf.epoch) != (sequence, epoch):
        with _lock:
            shelf = _kept
            if (shelf.revision, shelf.epoch) != (sequence, epoch):
                shelf = _kept = _read(shelf, sequence, epoch)
    return shelf


def _read(known: Shelf, sequence: int, epoch: str) -> Shelf:
    if known.epoch == epoch and known.revision <= sequence:
        lines = CatalogueChange.objects.filter(sequence__gt=known.revision, sequence__lte=sequence)
        ids: set[int] = set(lines.values_list("resource_id", flat=True))
        rows = [row for start in range(0, len(ids), _STEP) for row in _rows(sorted(ids)[start : start + _STEP])]
        new = known.with_changes(rows)
    else:
        new = Shelf().with_changes(list(_rows()))
    new.epoch, new.revision = epoch, sequence
    return new


def _rows(ids: Iterable[int] | None = None) -> Iterable[tuple]:
    seconds = (
        "CAST(strftime('%%s', {}) AS INTEGER)"
        if connection.vendor == "sqlite"
        else "CAST(EXTRACT(EPOCH FROM {}) AS BIGINT)"
    )
    which = "r.published_at IS NOT NULL" if ids is None else f"r.id IN ({','.join(str(int(i)) for i in ids)})"
    moments = [f"COALESCE({seconds.format(f'r.{name}')}, 0)" for name in ("published_at", "data_at")]
    sql = _SELECT.format(published=moments[0], data=moments[1], which=which)
    with connection.cursor() as cursor:
        cursor.execute(sql, [KIND])
        for pk, document, state, *facets, published, data, version in cursor.fetchall():
            yield pk, document, state == "published", " ".join(facet_names_of(*facets)), published, data, version, 0
