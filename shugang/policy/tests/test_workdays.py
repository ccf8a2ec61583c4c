"""Working days over the calendars announced by the State Council."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shugang.policy.workdays import MAKEUP, REST, Calendar, Due, china_calendar, read_days

CHINA = china_calendar()
DAYS = st.dates(date(2004, 1, 1), date(2026, 12, 20))


@pytest.mark.parametrize(
    ("day", "works"),
    [
        (date(2026, 1, 4), True),  # Sunday, made up for New Year
        (date(2026, 2, 14), True),  # Saturday before Spring Festival
        (date(2026, 2, 16), False),
        (date(2026, 2, 23), False),  # Monday, last day of Spring Festival
        (date(2026, 2, 24), True),
        (date(2026, 2, 28), True),  # Saturday after Spring Festival
        (date(2026, 9, 20), True),  # Sunday before National Day
        (date(2026, 10, 1), False),
        (date(2026, 10, 7), False),
        (date(2026, 10, 10), True),  # Saturday after National Day
        (date(2026, 10, 11), False),
        (date(2020, 1, 31), False),  # Spring Festival 2020 as prolonged
        (date(2026, 11, 21), False),  # an ordinary Saturday
        (date(2026, 11, 23), True),  # an ordinary Monday
    ],
)
def test_days_of_the_calendar(day: date, works: bool) -> None:
    assert CHINA.is_working_day(day) is works


@pytest.mark.parametrize(
    ("start", "n", "due"),
    [
        # filed on Friday 13 February: 14 (made up), 24, 25, 26, 27 February
        (date(2026, 2, 13), 5, date(2026, 2, 27)),
        # published on Wednesday 30 September: 8, 9, 10 (made up), 12, 13 October
        (date(2026, 9, 30), 5, date(2026, 10, 13)),
        (date(2026, 2, 16), 1, date(2026, 2, 24)),
        (date(2026, 11, 23), 3, date(2026, 11, 26)),
        (date(2026, 11, 21), 0, date(2026, 11, 21)),
        (date(2025, 12, 31), 1, date(2026, 1, 4)),
    ],
)
def test_deadlines_across_long_holidays(start: date, n: int, due: date) -> None:
    assert CHINA.add_working_days(start, n) == Due(due, False)
    assert CHINA.working_days_between(start, due) == n


def test_a_year_that_is_not_loaded_makes_a_deadline_provisional() -> None:
    assert CHINA.add_working_days(date(2026, 12, 18), 4) == Due(date(2026, 12, 24), False)
    # the notice for the next New Year may still move the last days of December
    assert CHINA.add_working_days(date(2026, 12, 24), 1) == Due(date(2026, 12, 25), True)
    assert CHINA.add_working_days(date(2026, 12, 30), 5).provisional
    assert CHINA.covers(date(2026, 9, 1), date(2026, 10, 8)) and not CHINA.covers(date(2026, 12, 1), date(2027, 1, 4))
    # New Year's Day is in the regulation itself, 4 January is for the notice to say
    # given that year, the same deadline is firm, and another day
    loaded = Calendar({**CHINA.days, date(2027, 1, 1): REST, date(2027, 1, 4): REST}, CHINA.years | {2027})
    assert CHINA.add_working_days(date(2026, 12, 31), 1) == Due(date(2027, 1, 4), True)
    assert loaded.add_working_days(date(2026, 12, 31), 1) == Due(date(2027, 1, 5), False)


@given(DAYS, st.integers(0, 40))
def test_adding_and_counting_agree(start: date, n: int) -> None:
    due = CHINA.add_working_days(start, n).day
    assert CHINA.working_days_between(start, due) == n
    assert CHINA.working_days_between(due, start) == -n
    assert n == 0 or CHINA.is_working_day(due)


@given(DAYS, DAYS, DAYS)
def test_counting_is_additive(a: date, b: date, c: date) -> None:
    between = CHINA.working_days_between
    assert between(a, b) + between(b, c) == between(a, c)


def test_the_shipped_table_is_whole() -> None:
    assert CHINA.years == frozenset(range(2004, 2027))
    assert len(CHINA.days) == 769
    for day, kind in CHINA.days.items():
        # a day made up is a Saturday or Sunday, otherwise it would say nothing
        assert kind == REST or day.weekday() >= 5
    per_year = [
        sum(CHINA.is_working_day(date(y, 1, 1) + timedelta(days=i)) for i in range(365)) for y in range(2008, 2027)
    ]
    assert min(per_year) >= 246 and max(per_year) <= 253


def test_the_compact_form() -> None:
    days = read_days("# note\n\n2026 rest 0101-0103 0215 makeup 0104\n")
    assert days == {
        date(2026, 1, 1): REST,
        date(2026, 1, 2): REST,
        date(2026, 1, 3): REST,
        date(2026, 2, 15): REST,
        date(2026, 1, 4): MAKEUP,
    }


def test_unknown_kinds_and_negative_periods_are_refused() -> None:
    with pytest.raises(ValueError, match="festival"):
        Calendar({date(2026, 1, 1): "festival"})
    with pytest.raises(ValueError, match="negative"):
        CHINA.add_working_days(date(2026, 1, 1), -1)
