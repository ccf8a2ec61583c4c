"""Doors of public data: lineage."""

from __future__ import annotations

from ..base import Door

DOORS: tuple[Door, ...] = ()
