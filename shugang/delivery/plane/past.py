"""What a journal knows of a request id that was answered before."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from shugang.delivery.plane.schema import JOIN


class Past(NamedTuple):
    """What the journal knows of a request id that was already answered under a grant."""

    state: str
    detail: dict[str, Any]
    answer_sha256: str
    text: str


# Answered once, so long ago that nothing but this is known of it (`pruning`).
PRUNED = Past("pruned", {}, "", "")


def read_past(first: int, seq: int, joined: str) -> Past:
    """The record `seq` out of the text of its flush, which begins with `first`; PRUNED where only a later one is left."""
    if seq < first:
        return PRUNED
    text = joined.split(JOIN)[seq - first]
    record = json.loads(text)
    return Past(record["state"], record["detail"], record["answer_sha256"], text)
