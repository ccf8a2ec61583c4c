"""Before anything else: the environment of the road's processes, Django, an empty database with its rules, the clock."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from tests.serve_world import settings as base

# The first day of the settlement rules with a dispute window; a Tuesday.
OPENING = datetime(2026, 12, 1, 9, 0, tzinfo=ZoneInfo("Asia/Shanghai"))


def settings(folder: Path, port: int) -> dict[str, str]:
    """The environment of the road's processes: those of the browser's world, with a plane."""
    return {**base(folder, port), "SHUGANG_ALLOWED_NETWORKS": "127.0.0.0/8"}


def begin(folder: Path, port: int) -> None:
    """Environment, Django, an empty database with its rules, the clock."""
    folder.mkdir(parents=True, exist_ok=True)
    os.environ.update(settings(folder, port))
    import django

    django.setup()
    from shugang.commands import setup
    from shugang.kernel import clock
    from tests import migrated

    migrated.lay(folder / "control.sqlite3")
    setup.migrate()
    clock.move_to(OPENING)
