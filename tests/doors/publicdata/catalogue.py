"""Doors of public data: catalogue."""

from __future__ import annotations

from ..base import Door

DOORS: tuple[Door, ...] = ()
