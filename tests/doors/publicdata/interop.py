"""Doors of the interop wing."""

from __future__ import annotations

from ..base import Door

DOORS: tuple[Door, ...] = ()
