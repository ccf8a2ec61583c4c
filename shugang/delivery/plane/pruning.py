"""Letting go of old records that are home.

The text of a record may go once control has it, the sums hold it, and no retry can ask for it any more. What stays for
ever: the head of the chain, the numbers, the sums, and the billing keys, so that a late retry is not charged again (it
is told `result_gone`).
"""

from __future__ import annotations

import json
import sqlite3
from datetime import UTC, datetime

from shugang.delivery.plane.schema import BATCH_OF, JOIN

# Flushes dropped at once: a commit that drops many would hold up its callers.
AT_ONCE = 200
DROP = "DELETE FROM batch WHERE last IN (SELECT last FROM batch WHERE last <= ? ORDER BY last LIMIT ?)"


def cutoff(now: float, days: int) -> str:
    """The `received_at` from which on records are kept."""
    return datetime.fromtimestamp(now - days * 86400, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def received_at(text: str) -> str:
    """When the first record of a flush arrived."""
    return str(json.loads(text.split(JOIN, 1)[0])["received_at"])


def boundary(con: sqlite3.Connection, before: str, most: int) -> int:
    """The largest number up to `most` such that all flushes up to it arrived before `before`; the last flush, which
    holds the head, always stays. 0 where nothing is to go. Some twenty point reads."""
    (first, last) = con.execute("SELECT min(last), max(last) FROM batch").fetchone()
    if first is None:
        return 0
    low, high = first - 1, min(most, last - 1)
    while low < high:
        middle = (low + high + 1) // 2
        _, text = con.execute(BATCH_OF, (middle,)).fetchone()
        if received_at(text) < before:
            low = middle
        else:
            high = middle - 1
    row = con.execute("SELECT max(last) FROM batch WHERE last <= ?", (low,)).fetchone()
    return int(row[0] or 0)
