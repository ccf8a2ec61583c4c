"""Doors of public data: sources."""

from __future__ import annotations

from ..base import Door

DOORS: tuple[Door, ...] = ()
