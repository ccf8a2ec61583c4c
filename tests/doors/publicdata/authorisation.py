"""Doors of public data: authorisation."""

from __future__ import annotations

from ..base import Door

DOORS: tuple[Door, ...] = ()
