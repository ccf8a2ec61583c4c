"""Gap-free numbers: taken under a row lock inside the transaction that uses them."""

from __future__ import annotations

from django.db import connection

from .models import Serial

# Makes the row or locks it, in one statement on both databases.
_TAKE = (
    f"INSERT INTO {Serial._meta.db_table} AS serial (name, last) VALUES (%s, %s)"  # noqa: S608
    " ON CONFLICT (name) DO UPDATE SET last = serial.last + excluded.last RETURNING last"
)


def next_number(name: str) -> int:
    """The next integer under `name`, from 1. Must run inside the verb's transaction."""
    return next_numbers(name, 1)[0]


def next_numbers(name: str, count: int) -> range:
    """The next `count` integers under `name`; all are used, or the transaction is rolled back."""
    if not connection.in_atomic_block:
        raise RuntimeError("a number is taken inside the transaction that uses it, or it would leave a gap")
    with connection.cursor() as cursor:
        cursor.execute(_TAKE, [name, count])
        ((last,),) = cursor.fetchall()
    return range(last - count + 1, last + 1)


def yearly_number(prefix: str, year: int, width: int = 6) -> str:
    """`DJ-2026-000001`: prefix, year of rule time, serial within the year."""
    return yearly_numbers(prefix, year, 1, width)[0]


def yearly_numbers(prefix: str, year: int, count: int, width: int = 6) -> list[str]:
    return [f"{prefix}-{year}-{number:0{width}d}" for number in next_numbers(f"{prefix}-{year}", count)]
