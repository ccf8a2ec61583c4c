"""Quotas of time: how long a grant's streams may be open, all of them together.

A stream takes a slice of time before it runs (a window, or what is left), and records what it used of it: taken time
counts until it is recorded or given back, so that streams side by side never get more than was agreed. In milliseconds.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from shugang.policy.vocabulary import Terms

_EPOCH = date(1970, 1, 1).toordinal()
ADD = "INSERT INTO timed VALUES (?, ?, ?) ON CONFLICT (grant_id, day) DO UPDATE SET ms = ms + excluded.ms"


class Cap(NamedTuple):
    per: str
    ms: int
    code: str

    def since(self, day: int) -> int:
        """The first rule day of the window that `day` lies in."""
        if self.per == "total":
            return 0
        return day if self.per == "day" else date.fromordinal(_EPOCH + day).replace(day=1).toordinal() - _EPOCH


def caps(terms: Terms, charged: bool) -> tuple[Cap, ...]:
    """The quotas of time that streams of this kind use up."""
    kinds = {"all", "charged" if charged else "uncharged"}
    return tuple(
        Cap(
            quota.per,
            quota.limit * 1000,
            "uncharged_quota_exhausted" if quota.counts == "uncharged" else "quota_exhausted",
        )
        for quota in terms.quotas
        if quota.unit == "seconds" and quota.counts in kinds
    )


class Timed:
    """The time of one process that owns its journal; `fleet.tables` does the same in the shared database."""

    def __init__(self, con: sqlite3.Connection) -> None:
        self._used: dict[str, Counter[int]] = {}
        self._held: dict[str, Counter[int]] = {}
        for grant, day, ms in con.execute("SELECT grant_id, day, ms FROM timed"):
            self._used.setdefault(grant, Counter())[day] = ms

    def take(self, grant: str, day: int, limits: Sequence[Cap], wanted: int) -> int:
        """As much of `wanted` as there is room for; 0 when it is used up."""
        both = self._used.get(grant, Counter()) + self._held.get(grant, Counter())
        for cap in limits:
            used = sum(ms for then, ms in both.items() if then >= cap.since(day))
            wanted = min(wanted, cap.ms - used)
        if wanted <= 0:
            return 0
        self._held.setdefault(grant, Counter())[day] += wanted
        return wanted

    def used(self, grant: str, day: int, taken: int, used: int) -> None:
        """`used` of a slice is recorded, the rest is given back."""
        self._held[grant][day] -= taken
        self._used.setdefault(grant, Counter())[day] += used
