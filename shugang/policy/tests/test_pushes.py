"""When a destination is written to: moments in the city's time, each passed one exactly once."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shugang.policy.pushes import AT_ONCE, CHINA, BadSchedule, backoff, due, job_of, timed, words

MOMENTS = st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1)).map(lambda at: at.replace(tzinfo=UTC))
DAILY = st.builds(lambda h, m: f"daily {h:02d}:{m:02d}", st.integers(0, 23), st.integers(0, 59))
WEEKLY = st.builds(
    lambda d, h, m: f"weekly {d} {h:02d}:{m:02d}", st.integers(1, 7), st.integers(0, 23), st.integers(0, 59)
)


@given(st.one_of(DAILY, WEEKLY), MOMENTS)
def test_the_last_moment_is_the_newest_that_fits(schedule, now):
    moments = timed(schedule)
    last = moments.last(now)
    step = timedelta(days=7 if moments.weekday else 1)
    assert now - step < last <= now
    assert (last.astimezone(CHINA).hour, last.astimezone(CHINA).minute) == (moments.hour, moments.minute)
    assert not moments.weekday or last.astimezone(CHINA).isoweekday() == moments.weekday


@given(st.one_of(DAILY, WEEKLY), MOMENTS, st.timedeltas(timedelta(0), timedelta(days=20)))
def test_what_came_is_due_from_the_next_moment_on(schedule, since, later):
    """Due exactly when a moment lies between its coming and now, however long nobody looked."""
    now = since + later
    moments, midnight = timed(schedule), since.astimezone(CHINA).replace(hour=0, minute=0, second=0, microsecond=0)
    days = (midnight + timedelta(days=day) for day in range(22))
    possible = [
        day.replace(hour=moments.hour, minute=moments.minute)
        for day in days
        if moments.weekday in (0, day.isoweekday())
    ]
    assert due(schedule, since, now) == any(since <= moment <= now for moment in possible)


def test_at_once_and_never():
    now = datetime(2026, 11, 26, tzinfo=UTC)
    assert due(AT_ONCE, now, now) and not due("", now, now)


@pytest.mark.parametrize("text", ["daily", "daily 24:00", "daily 2:00", "weekly 02:00", "weekly 0 02:00", "weekly 8 02:00", "hourly", "daily 02:60", " daily 02:00", "daily 02:00\n"])  # fmt: skip
def test_what_is_no_schedule_is_refused(text):
    with pytest.raises(BadSchedule):
        timed(text)


def test_words_and_numbers():
    assert words("weekly 3 02:05").zh == "每周三02:05" and words("daily 23:00").en == "Every day at 23:00"
    assert [backoff(n, 60, 3600) for n in (1, 2, 3, 7, 4000)] == [60, 120, 240, 3600, 3600]
    assert job_of("r-1~12") == ("r-1", 12) and job_of("r-1") == ("r-1", 1)
