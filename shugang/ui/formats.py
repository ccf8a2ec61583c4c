"""How numbers, money and time are written on pages and in documents. Pure: the language is an argument.

Units: `fen` integer 分 (1/100 元); `e8` integer 1e-8 元; datetimes timezone-aware, shown in the city's time zone.
A missing value is always "—": never 0, an empty cell or a word of the programming language.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

MISSING = "—"
FEN_PER_YUAN = 100
E8_PER_YUAN = 100_000_000
WEEKDAYS_ZH = "一二三四五六日"
WEEKDAYS_EN = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MONTHS_EN = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def missing(value: Any) -> Any:
    """The value itself, or "—" when there is none. Zero and False are values."""
    return MISSING if value is None or value == "" else value


def number(value: int | Decimal | float | None) -> str:
    """Thousands separated: 66,948."""
    return MISSING if value is None else f"{value:,}"


def fen(value: int | None) -> str:
    """分 → ¥1,004.22."""
    if value is None:
        return MISSING
    sign = "-" if value < 0 else ""
    yuan, rest = divmod(abs(value), FEN_PER_YUAN)
    return f"{sign}¥{yuan:,}.{rest:02d}"


def fen_plain(value: int | None) -> str:
    """分 → 1004.22, the form an input field holds."""
    if value is None:
        return ""
    sign = "-" if value < 0 else ""
    yuan, rest = divmod(abs(value), FEN_PER_YUAN)
    return f"{sign}{yuan}.{rest:02d}"


def e8(value: int | None) -> str:
    """1e-8 元 → ¥0.0150: two decimals at least, eight at most, in pairs, so that prices of a column line up."""
    if value is None:
        return MISSING
    sign = "-" if value < 0 else ""
    yuan, rest = divmod(abs(value), E8_PER_YUAN)
    digits = f"{rest:08d}"
    while len(digits) > 2 and digits.endswith("00"):
        digits = digits[:-2]
    return f"{sign}¥{yuan:,}.{digits}"


def percent(ratio: Fraction | Decimal | float | int | None, places: int = 2) -> str:
    """A ratio (1 is all) → 97.97%, halves away from zero."""
    if ratio is None:
        return MISSING
    exact = Decimal(ratio.numerator) / ratio.denominator if isinstance(ratio, Fraction) else Decimal(str(ratio))
    return f"{(exact * 100).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)}%"


def share(part: int | None, whole: int | None, places: int = 2) -> str:
    """part of whole → percent; "—" when there is nothing to divide by."""
    return MISSING if part is None or not whole else percent(Fraction(part, whole), places)


def basis_points(value: int | None) -> str:
    """1/10000 → 6.00%."""
    return MISSING if value is None else percent(Fraction(value, 10_000))


def day(value: date | datetime | None, english: bool, zone: ZoneInfo, weekday: bool = True) -> str:
    """2026-11-23 周一 / Mon 23 Nov 2026."""
    if value is None:
        return MISSING
    local = value.astimezone(zone).date() if isinstance(value, datetime) else value
    if english:
        written = f"{local.day} {MONTHS_EN[local.month - 1]} {local.year}"
        return f"{WEEKDAYS_EN[local.weekday()]} {written}" if weekday else written
    return f"{local.isoformat()} 周{WEEKDAYS_ZH[local.weekday()]}" if weekday else local.isoformat()


def moment(value: datetime | None, english: bool, zone: ZoneInfo, seconds: bool = True) -> str:
    """2026-11-23 10:41:07 / 23 Nov 2026, 10:41:07."""
    if value is None:
        return MISSING
    local = value.astimezone(zone)
    clock = f"{local:%H:%M:%S}" if seconds else f"{local:%H:%M}"
    return f"{day(local, english, zone, weekday=False)}{', ' if english else ' '}{clock}"


def clock(value: datetime | None, zone: ZoneInfo) -> str:
    """10:41."""
    return MISSING if value is None else f"{value.astimezone(zone):%H:%M}"


def period(first: date | None, last: date | None, english: bool, zone: ZoneInfo) -> str:
    """2026-03-26 至 2026-04-08 / 26 Mar 2026 to 8 Apr 2026; an open end is said in words."""
    if first is None and last is None:
        return MISSING
    start, end = (day(d, english, zone, weekday=False) for d in (first, last))
    if last is None:
        return f"from {start}" if english else f"{start} 起"
    if first is None:
        return f"until {end}" if english else f"至 {end}"
    return f"{start} to {end}" if english else f"{start} 至 {end}"


def deadline(days_left: int, last_day: date, english: bool, zone: ZoneInfo) -> str:
    """3个工作日，最迟2026-11-26（周四）: the count never stands without its day."""
    if english:
        unit = "working day" if days_left == 1 else "working days"
        return f"{days_left} {unit}, by {day(last_day, True, zone)}"
    return f"{days_left}个工作日，最迟{last_day.isoformat()}（周{WEEKDAYS_ZH[last_day.weekday()]}）"


def duration(value: timedelta | None, english: bool) -> str:
    """The two largest units: 2天3小时 / 2 d 3 h; under a second 0秒."""
    if value is None:
        return MISSING
    rest = int(value.total_seconds())
    parts = []
    for zh, en, size in (("天", "d", 86_400), ("小时", "h", 3_600), ("分钟", "min", 60), ("秒", "s", 1)):
        count, rest = divmod(rest, size)
        if count:
            parts.append(f"{count} {en}" if english else f"{count}{zh}")
    return (" " if english else "").join(parts[:2]) or ("0 s" if english else "0秒")


def size(value: int | None) -> str:
    """Bytes → 41 KB (powers of 1000, as storage is sold)."""
    if value is None:
        return MISSING
    amount = Decimal(value)
    for unit in ("B", "KB", "MB", "GB", "TB"):
        if amount < 1000 or unit == "TB":
            break
        amount /= 1000
    places = Decimal(1) if unit == "B" or amount >= 10 else Decimal("0.1")
    return f"{amount.quantize(places, ROUND_HALF_UP):,} {unit}"


def mask(value: str | None) -> str:
    """Personal data on a shared screen: 138****1234, 3502**********1234, a***@city.example, 张**."""
    if not value:
        return MISSING
    if "@" in value:
        name, _, host = value.partition("@")
        return f"{name[:1]}***@{host}"
    if len(value) >= 15:
        return value[:4] + "*" * (len(value) - 8) + value[-4:]
    if len(value) >= 7:
        return value[:3] + "****" + value[-4:]
    return value[:1] + "*" * (len(value) - 1)


def grouped(digest: str | None, shown: int = 0) -> str:
    """A hexadecimal digest in groups of eight; `shown` groups and … when it is to be short."""
    if not digest:
        return MISSING
    groups = [digest[i : i + 8] for i in range(0, len(digest), 8)]
    if shown and len(groups) > shown:
        return " ".join([*groups[:shown], "…"])
    return " ".join(groups)
