"""What a use of the buyer's own SQL says of itself: which columns of this grant's table reached which columns of the answer.

It goes into the usage record of that grant and of no other, so that control can draw the lineage; the text of the query stays
here. A query whose lineage cannot be read is answered all the same and says nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from functools import lru_cache

from shugang.delivery.plane.records import canonical
from shugang.policy.governed import Granted
from shugang.policy.lineage import lineage

log = logging.getLogger("shugang.plane.sql")
MOST = 200  # edges of one grant in one record; beyond that, the whole table
Edge = tuple[str, str, str, bool]  # column here, column of the answer ("": which rows it has), subtype, masking
_WHOLE: tuple[Edge, ...] = (("", "", "", False),)


@lru_cache(maxsize=512)
def reads(sql: str, tables: tuple[Granted, ...]) -> Mapping[int, tuple[Edge, ...]]:
    """Place of the table → its edges. Equal text over equal tables is answered from memory."""
    try:
        found = lineage(sql, tables)
    except Exception as error:  # whatever stops it, the query was allowed and is answered
        log.info("the lineage of a query was not read: %s", type(error).__name__)
        return {}
    edges: dict[int, set[Edge]] = {}
    for name, value in [*found.columns.items(), ("", found.rows)]:
        for (place, column), how in value.items():
            edges.setdefault(place, set()).update((column, name, kind.subtype, kind.masking) for kind in how)
    return {place: tuple(sorted(said)) if len(said) <= MOST else _WHOLE for place, said in edges.items()}


def detail(fingerprint: str, edges: Sequence[Edge]) -> str:
    """The canonical text of a record's detail."""
    if not edges:
        return f'{{"query":"{fingerprint}"}}'
    return canonical({"lineage": [list(edge) for edge in edges], "query": fingerprint})
