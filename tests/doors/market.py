"""Doors of the market."""

from __future__ import annotations

from .base import Door

DOORS: tuple[Door, ...] = ()
