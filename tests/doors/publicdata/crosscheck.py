"""Doors of public data: crosscheck."""

from __future__ import annotations

from ..base import Door

DOORS: tuple[Door, ...] = ()
