"""An SQLite file on this machine, read only."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import quote

from shugang.delivery.plane.connectors.base import Rows, SourceFailed, taken

_READS = {
    sqlite3.SQLITE_SELECT,
    sqlite3.SQLITE_READ,
    sqlite3.SQLITE_FUNCTION,
    sqlite3.SQLITE_RECURSIVE,
}


@dataclass(frozen=True)
class SqliteConnector:
    path: Path
    dialect: str = "sqlite"

    def fetch(self, sql: str, values: Mapping[str, Any], cap: int, seconds: float) -> Rows:
        deadline = time.monotonic() + seconds
        try:
            address = f"file:{quote(str(self.path))}?mode=ro"
            con = sqlite3.connect(address, uri=True, isolation_level=None, timeout=seconds)
        except sqlite3.Error as error:
            raise SourceFailed("source_unavailable", _why(error)) from error
        try:
            con.execute("PRAGMA query_only=ON")
            con.execute("PRAGMA trusted_schema=OFF")
            con.set_authorizer(_only_reading)
            con.set_progress_handler(lambda: int(time.monotonic() > deadline), 10_000)
            cursor = con.execute(sql, {name: _plain(value) for name, value in values.items()})
            names = [column[0] for column in cursor.description]
            return names, taken(cursor, cap)
        except sqlite3.Error as error:
            late = time.monotonic() > deadline
            raise SourceFailed("source_timeout" if late else "source_unavailable", _why(error)) from error
        finally:
            con.close()


def _why(error: sqlite3.Error) -> str:
    return f"{type(error).__name__} {getattr(error, 'sqlite_errorname', '')}"


def _only_reading(action: int, *_: Any) -> int:
    return sqlite3.SQLITE_OK if action in _READS else sqlite3.SQLITE_DENY


def _plain(value: Any) -> Any:
    """SQLite has no type for these; ISO text and doubles are its own convention."""
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, datetime):
        return value.isoformat(" ")
    return value.isoformat() if isinstance(value, date) else value
