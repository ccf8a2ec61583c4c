"""Doors of public data: sharing."""

from __future__ import annotations

from ..base import Door

DOORS: tuple[Door, ...] = ()
