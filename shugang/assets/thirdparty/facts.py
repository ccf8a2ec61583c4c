"""Ratings from facts (never from opinions): counted over finished orders, each number with its numerator and denominator.

Pure. On time: first delivery not after the agreed day (the clock stops while data is awaited). Accepted at first: taken
without an objection. Upheld: objections that the agency granted or the operator decided against it. Withdrawn: reports
taken back after they stood. A share over fewer than `FEWEST` orders is not given as a percentage.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

FEWEST = 5


@dataclass(frozen=True)
class Outcome:
    """One finished engagement. `on_time` is None when nothing was delivered."""

    finished_on: date
    on_time: bool | None
    accepted: bool
    objections: int
    upheld: int
    withdrawn: bool
    resigned: bool


@dataclass(frozen=True)
class Share:
    """`part` of `whole`; `bp` in basis points (half up), None below FEWEST, where a percentage would mislead."""

    part: int
    whole: int

    @property
    def bp(self) -> int | None:
        return (self.part * 20_000 + self.whole) // (2 * self.whole) if self.whole >= FEWEST else None


@dataclass(frozen=True)
class Rating:
    orders: int
    on_time: Share
    first_time: Share
    objections: int
    upheld: int
    withdrawn: int
    resigned: int


def rate(outcomes: Iterable[Outcome]) -> Rating:
    rows = list(outcomes)
    delivered = [r for r in rows if r.on_time is not None]
    return Rating(
        len(rows),
        Share(sum(1 for r in delivered if r.on_time), len(delivered)),
        Share(sum(1 for r in delivered if r.accepted and not r.objections), len(delivered)),
        sum(r.objections for r in rows),
        sum(r.upheld for r in rows),
        sum(1 for r in rows if r.withdrawn),
        sum(1 for r in rows if r.resigned),
    )


def quarter(day: date) -> str:
    return f"{day.year}Q{(day.month + 2) // 3}"


def by_quarter(outcomes: Iterable[Outcome]) -> list[tuple[str, int, int]]:
    """(quarter, delivered on time, late or not delivered) from the first quarter to the last, empty ones included."""
    rows = sorted(outcomes, key=lambda r: r.finished_on)
    if not rows:
        return []
    found: dict[str, list[int]] = {}
    year, number = rows[0].finished_on.year, (rows[0].finished_on.month + 2) // 3
    last = quarter(rows[-1].finished_on)
    while last not in found:
        found[f"{year}Q{number}"] = [0, 0]
        year, number = (year + 1, 1) if number == 4 else (year, number + 1)
    for row in rows:
        found[quarter(row.finished_on)][0 if row.on_time else 1] += 1
    return [(name, good, bad) for name, (good, bad) in found.items()]
