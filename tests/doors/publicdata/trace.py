"""Doors of public data: trace."""

from __future__ import annotations

from ..base import Door

DOORS: tuple[Door, ...] = ()
