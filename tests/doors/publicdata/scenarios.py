"""Doors of public data: scenarios."""

from __future__ import annotations

from ..base import Door

DOORS: tuple[Door, ...] = ()
