"""Doors of public data: rectification."""

from __future__ import annotations

from ..base import Door

DOORS: tuple[Door, ...] = ()
