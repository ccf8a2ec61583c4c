"""Gap-free numbers: taken under a row lock inside the transaction that uses them."""

from __future__ import annotations

from django.db import connection

from .models import Serial


def next_number(name: str) -> int:
    """The next integer under `name`, from 1. Must run inside the verb's transaction."""
    if not connection.in_atomic_block:
        raise RuntimeError("a number is taken inside the transaction that uses it, or it would leave a gap")
    Serial.objects.get_or_create(name=name)
    row = Serial.objects.select_for_update().get(name=name)
    row.last += 1
    row.save(update_fields=["last"])
    return row.last


def yearly_number(prefix: str, year: int, width: int = 6) -> str:
    """`DJ-2026-000001`: prefix, year of rule time, serial within the year."""
    return f"{prefix}-{year}-{next_number(f'{prefix}-{year}'):0{width}d}"
