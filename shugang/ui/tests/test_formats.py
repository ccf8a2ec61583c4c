"""How numbers, money and time are written."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shugang.ui import formats

CITY = ZoneInfo("Asia/Shanghai")
LATE = datetime(2026, 11, 22, 16, 30, 7, tzinfo=UTC)  # already the 23rd in the city


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (100422, "¥1,004.22"),
        (0, "¥0.00"),
        (5, "¥0.05"),
        (-5, "-¥0.05"),
        (-100422, "-¥1,004.22"),
        (None, "—"),
        (123456789012, "¥1,234,567,890.12"),
    ],
)
def test_fen(value: int | None, shown: str) -> None:
    assert formats.fen(value) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (1_500_000, "¥0.0150"),
        (100_000_000, "¥1.00"),
        (18_000_000, "¥0.18"),
        (1, "¥0.00000001"),
        (500_000, "¥0.0050"),
        (123_450_000_000, "¥1,234.50"),
        (-1_500_000, "-¥0.0150"),
        (None, "—"),
        (0, "¥0.00"),
    ],
)
def test_unit_price(value: int | None, shown: str) -> None:
    assert formats.e8(value) == shown


@given(st.integers(min_value=-(10**17), max_value=10**17))
def test_written_money_reads_back_exactly(value: int) -> None:
    assert Decimal(formats.fen(value).replace("¥", "").replace(",", "")) * 100 == value
    assert Decimal(formats.e8(value).replace("¥", "").replace(",", "")) * 10**8 == value
    assert Decimal(formats.fen_plain(value)) * 100 == value


@given(st.integers(min_value=0, max_value=10**17))
def test_unit_price_has_an_even_number_of_decimals(value: int) -> None:
    assert len(formats.e8(value).partition(".")[2]) in {2, 4, 6, 8}


@pytest.mark.parametrize(
    ("ratio", "shown"),
    [
        (Fraction(4922, 5024), "97.97%"),
        (Decimal("0.06"), "6.00%"),
        (1, "100.00%"),
        (0, "0.00%"),
        (None, "—"),
        (Fraction(1, 3), "33.33%"),
        (0.5, "50.00%"),
        (Decimal("0.12345"), "12.35%"),
    ],
)
def test_percent(ratio: Fraction | Decimal | int | None, shown: str) -> None:
    assert formats.percent(ratio) == shown


def test_share_of_nothing_is_missing() -> None:
    assert formats.share(3, 0) == "—"
    assert formats.share(3, 4) == "75.00%"
    assert formats.basis_points(600) == "6.00%"


def test_dates_in_both_languages_and_in_the_citys_time() -> None:
    assert formats.day(date(2026, 11, 23), False, CITY) == "2026-11-23 周一"
    assert formats.day(date(2026, 11, 23), True, CITY) == "Mon 23 Nov 2026"
    assert formats.day(LATE, False, CITY) == "2026-11-23 周一"
    assert formats.moment(LATE, False, CITY) == "2026-11-23 00:30:07"
    assert formats.moment(LATE, True, CITY) == "23 Nov 2026, 00:30:07"
    assert formats.moment(None, True, CITY) == "—"


def test_periods_and_deadlines() -> None:
    first, last = date(2026, 3, 26), date(2026, 4, 8)
    assert formats.period(first, last, False, CITY) == "2026-03-26 至 2026-04-08"
    assert formats.period(first, last, True, CITY) == "26 Mar 2026 to 8 Apr 2026"
    assert formats.period(first, None, False, CITY) == "2026-03-26 起"
    assert formats.period(None, None, False, CITY) == "—"
    assert formats.deadline(3, date(2026, 11, 26), False, CITY) == "3个工作日，最迟2026-11-26（周四）"
    assert formats.deadline(1, date(2026, 11, 26), True, CITY) == "1 working day, by Thu 26 Nov 2026"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "—"),
        ("", "—"),
        (0, 0),
        (False, False),
        ("0", "0"),
    ],
)
def test_missing_is_a_dash_and_zero_is_not_missing(value: object, shown: object) -> None:
    assert formats.missing(value) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("13812341234", "138****1234"),
        ("350203199001011234", "3502**********1234"),
        ("lin@city.example", "l***@city.example"),
        ("张三丰", "张**"),
        ("", "—"),
        (None, "—"),
    ],
)
def test_mask(value: str | None, shown: str) -> None:
    assert formats.mask(value) == shown


@given(st.text(min_size=2, max_size=40))
def test_mask_never_shows_all(value: str) -> None:
    assert formats.mask(value) != value or "*" in value


def test_sizes_durations_digests() -> None:
    assert formats.size(41_300) == "41 KB"
    assert formats.size(999) == "999 B"
    assert formats.size(1_500_000) == "1.5 MB"
    assert formats.duration(timedelta(days=2, hours=3, minutes=5), False) == "2天3小时"
    assert formats.duration(timedelta(seconds=0.4), True) == "0 s"
    assert formats.grouped("3f9a1c07e2b84d56a0c9f1d2", 2) == "3f9a1c07 e2b84d56 …"
