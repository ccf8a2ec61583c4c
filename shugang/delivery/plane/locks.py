"""One owner for the files of a plane."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path


class JournalInUse(RuntimeError):
    """Another plane process owns this journal."""


def own(path: Path) -> int:
    """A handle that holds the lock until it is closed, or its process ends. Raises JournalInUse."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(handle)
        raise JournalInUse(f"another plane process owns {path.parent}") from error
    return handle
