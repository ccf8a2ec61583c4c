"""The catalogue's index by tantivy, where it is chosen (`SHUGANG_CATALOGUE_SEARCH=tantivy`). It follows the same feed behind the
database's index, in the worker, and answers only while it stands where that one stands; otherwise the database answers, which is
always right. What both find is the same, and so are facets, ranks and reasons.
"""

from __future__ import annotations

import logging
from functools import lru_cache
from pathlib import Path

from django.conf import settings

from shugang.kernel import textengine, textstore
from shugang.kernel.models import SearchDocument
from shugang.kernel.textengine import Engine, Position
from shugang.kernel.textstore import Matching

from . import index
from .models import CatalogueChange, CatalogueIndex, PublicResource

_log = logging.getLogger("shugang.catalogue")
AT_ONCE = 10_000  # entries built, or changes followed, in one pass of the worker


@lru_cache(maxsize=4)
def _engine(folder: Path) -> Engine:
    return Engine(folder)


def engine() -> Engine | None:
    """None where it is not chosen or not installed (`requirements/search.txt`)."""
    if settings.SHUGANG_CATALOGUE_SEARCH != "tantivy" or not textengine.available():
        return None
    return _engine(Path(settings.VAR_DIR) / "search" / index.KIND)


def matcher(epoch: str, sequence: int) -> Matching:
    """Whatever answers for the catalogue as it stands at this place of the feed."""
    held = engine()
    if held is not None and held.position() == Position(epoch, sequence, None):
        return held.matching
    return textstore.matching


def follow() -> int:
    """The worker's pass: go on building, or follow the changes that the database's index has. Returns how many entries were written."""
    held, state = engine(), CatalogueIndex.objects.first()
    if held is None or state is None or not state.epoch:
        return 0
    at = held.position()
    try:
        if at.epoch != state.epoch:
            held.begin(state.epoch, state.sequence)
            return follow()
        return _built(held, at) if at.after is not None else _followed(held, at, state.sequence)
    except (OSError, ValueError) as error:  # the database answers meanwhile
        _log.exception("the catalogue's tantivy index could not be written")
        if "lock" not in str(error).lower():  # nobody else writes: the folder is broken and is built anew
            held.begin(state.epoch, state.sequence)
        return 0


def rebuild() -> int:
    """Build it from the database from the beginning, at once; how many entries."""
    held, state, built = engine(), CatalogueIndex.objects.first(), 0
    if held is None or state is None:
        return 0
    held.begin(state.epoch, state.sequence)
    while n := follow():
        built += n
    return built


def _built(held: Engine, at: Position) -> int:
    ids = list(PublicResource.objects.filter(state="published", pk__gt=at.after).order_by("pk").values_list("pk", flat=True)[:AT_ONCE])  # fmt: skip
    whole = len(ids) < AT_ONCE
    _write(held, ids, Position(at.epoch, at.sequence, None if whole else ids[-1]))
    return len(ids)


def _followed(held: Engine, at: Position, last: int) -> int:
    lines = CatalogueChange.objects.filter(sequence__gt=at.sequence, sequence__lte=last).order_by("sequence")
    found = list(lines.values_list("sequence", "resource_id")[:AT_ONCE])
    if found:
        _write(held, sorted({pk for _, pk in found}), Position(at.epoch, found[-1][0], None))
    return len(found)


def _write(held: Engine, ids: list[int], position: Position) -> None:
    documents, gone = [], []
    for shown, hidden in index.documents(ids):
        found = SearchDocument.objects.filter(kind=index.KIND, key__in=[d.key for d in shown])
        known = dict(found.values_list("key", "pk"))
        documents += [(known[d.key], d) for d in shown if d.key in known]
        gone += hidden
    held.write(index.KIND, documents, gone, position)
