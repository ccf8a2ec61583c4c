"""What of sources stands open in the test world."""

from __future__ import annotations

from typing import Any


def leave(world: Any) -> None:
    """Nothing yet."""
