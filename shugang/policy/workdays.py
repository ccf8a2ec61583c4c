"""Working days (工作日) in China: weekdays less statutory rest days, plus 调休 make-up days.

The State Council publishes each year's days at the end of the year before. A deadline that touches a year
not loaded yet is *provisional*: it assumes plain weekends and fixed days and must be computed again when
the year is loaded. The first day is not counted (民法典 第二百零一条).
"""

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from functools import cache
from importlib import resources
from typing import NamedTuple

REST, MAKEUP = "rest", "makeup_workday"
KINDS = (REST, MAKEUP)
# Fixed by the regulation itself (全国年节及纪念日放假办法, 国务院令第795号): assumed in years not loaded.
_FIXED = frozenset({(1, 1), (5, 1), (5, 2), (10, 1), (10, 2), (10, 3)})
# A notice for New Year may move days of the last week of December (as in 2007 and 2008).
_TAIL = (12, 25)


class Due(NamedTuple):
    """A computed day; `provisional` when a year that it passes through is not loaded."""

    day: date
    provisional: bool


class Calendar:
    """Working days from the days that differ from plain weekends; `years` are the years fully known."""

    def __init__(self, days: Mapping[date, str], years: Iterable[int] | None = None) -> None:
        unknown = sorted({kind for kind in days.values() if kind not in KINDS})
        if unknown:
            raise ValueError(f"unknown kind of day: {unknown[0]}")
        self.days = dict(days)
        self.years = frozenset(years if years is not None else (day.year for day in days))

    def is_known(self, day: date) -> bool:
        """Whether the notices that decide about this day are loaded."""
        tail = (day.month, day.day) >= _TAIL
        return day.year in self.years and (not tail or day.year + 1 in self.years)

    def is_working_day(self, day: date) -> bool:
        kind = self.days.get(day)
        if kind is not None:
            return kind == MAKEUP
        assumed = day.year not in self.years and (day.month, day.day) in _FIXED
        return day.weekday() < 5 and not assumed

    def add_working_days(self, start: date, n: int) -> Due:
        """The n-th working day after `start` (`start` itself for n = 0); ValueError for n < 0."""
        if n < 0:
            raise ValueError("a period is not negative")
        day, known = start, True
        while n:
            day += timedelta(days=1)
            known &= self.is_known(day)
            n -= self.is_working_day(day)
        return Due(day, not known)

    def working_days_between(self, start: date, end: date) -> int:
        """How many working days lie after `start` up to and including `end`; negative when `end` is
        earlier."""
        if end < start:
            return -self.working_days_between(end, start)
        days = (start + timedelta(days=i) for i in range(1, (end - start).days + 1))
        return sum(self.is_working_day(day) for day in days)

    def covers(self, start: date, end: date) -> bool:
        """Whether every day after `start` up to `end` is known."""
        return all(self.is_known(start + timedelta(days=i)) for i in range(1, (end - start).days + 1))


def read_days(text: str) -> dict[date, str]:
    """Days from the compact form: one year a line, `2026 rest 0101-0103 0215 … makeup 0104 …`; `#`
    comments."""
    days: dict[date, str] = {}
    for line in text.splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        year, *words = line.split()
        kind = ""
        for word in words:
            if word in ("rest", "makeup"):
                kind = REST if word == "rest" else MAKEUP
                continue
            days.update(dict.fromkeys(_span(int(year), word), kind))
    return days


def _span(year: int, word: str) -> list[date]:
    first, _, last = word.partition("-")
    start, end = (date(year, int(part[:2]), int(part[2:])) for part in (first, last or first))
    return [start + timedelta(days=i) for i in range((end - start).days + 1)]


@cache
def china_calendar() -> Calendar:
    """The calendar shipped with the product, 2004–2026; later years come from rule profiles."""
    text = resources.files("shugang.policy").joinpath("data/china_days.txt").read_text("utf-8")
    return Calendar(read_days(text))
