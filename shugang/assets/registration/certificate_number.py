"""Certificate numbers and the end of their validity, by the rule profile.

The national rule (国数综政策〔2026〕35号): 15 characters, `SJ` + 2-digit region + 1-digit registrar + YYYYMM + 4-digit
serial of the month, such as SJ3512026070001. Region 99 is assigned to no place.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from shugang.kernel import workdays
from shugang.kernel.numbering import next_number


def next_certificate_number(rule: Mapping[str, Any], day: date) -> str:
    """The next number of the month. Must run in the transaction that uses it; raises ValueError when the month is full."""
    stem = f"{rule['prefix']}{rule['region']}{rule['registrar']}{day:%Y%m}"
    width = int(rule["serial_width"])
    serial = next_number(f"certificate-{stem}")
    if serial >= 10**width:
        raise ValueError(f"the numbers under {stem} are used up; the rule profile needs a longer serial")
    return f"{stem}{serial:0{width}d}"


def last_day(deposit: date, years: int, right_until: date | None) -> date:
    """The last day of validity: `years` from the deposit, less one day, and never after the right itself ends."""
    try:
        anniversary = deposit.replace(year=deposit.year + years)
    except ValueError:  # 29 February in a year without one
        anniversary = date(deposit.year + years, 3, 1)
    last = anniversary - timedelta(days=1)
    return min(last, right_until) if right_until else last


def valid_until(deposit: date, years: int, right_until: date | None) -> datetime:
    return workdays.end_of(last_day(deposit, years, right_until))
