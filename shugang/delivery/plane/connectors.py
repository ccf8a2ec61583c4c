"""Read-only connections to a supplier's own database (可连). Nothing of what they answer is kept.

A connection lives for one query: no state can leak from one grant to the next. The statement is read-only by the
database (`mode=ro` and an authorizer; `default_transaction_read_only`), not by our reading of it.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote, unquote, urlsplit

from shugang.delivery.plane.config import ConfigError, PlaneConfig
from shugang.delivery.plane.outgoing import pinned
from shugang.policy.addresses import AddressRefused, Rules

Rows = tuple[list[str], list[tuple[Any, ...]]]
_READS = {
    sqlite3.SQLITE_SELECT,
    sqlite3.SQLITE_READ,
    sqlite3.SQLITE_FUNCTION,
    sqlite3.SQLITE_RECURSIVE,
}


class SourceFailed(RuntimeError):
    """The supplier's source did not answer; `code` is the refusal. Details stay in the local log."""

    def __init__(self, code: str, why: str) -> None:
        super().__init__(why)
        self.code = code


class Connector(Protocol):
    @property
    def dialect(self) -> str:
        """ "sqlite" or "postgres", as sqlglot names them."""
        ...

    def fetch(self, sql: str, values: Mapping[str, Any], cap: int, seconds: float) -> Rows:
        """Column names and at most `cap` + 1 rows. Blocking; raises SourceFailed."""
        ...


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
            raise SourceFailed("source_unavailable", str(error)) from error
        try:
            con.execute("PRAGMA query_only=ON")
            con.execute("PRAGMA trusted_schema=OFF")
            con.set_authorizer(_only_reading)
            con.set_progress_handler(lambda: int(time.monotonic() > deadline), 10_000)
            cursor = con.execute(sql, {name: _plain(value) for name, value in values.items()})
            names = [column[0] for column in cursor.description]
            return names, cursor.fetchmany(cap + 1)
        except sqlite3.Error as error:
            late = time.monotonic() > deadline
            raise SourceFailed("source_timeout" if late else "source_unavailable", str(error)) from error
        finally:
            con.close()


def _only_reading(action: int, *_: Any) -> int:
    return sqlite3.SQLITE_OK if action in _READS else sqlite3.SQLITE_DENY


def _plain(value: Any) -> Any:
    """SQLite has no type for these; ISO text and doubles are its own convention."""
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, datetime):
        return value.isoformat(" ")
    return value.isoformat() if isinstance(value, date) else value


@dataclass(frozen=True)
class PostgresConnector:
    """`host` is resolved and judged at each use; its name stays for TLS. The password appears in no repr."""

    host: str
    rules: Rules
    port: int
    database: str
    user: str
    secret: Mapping[str, str]
    dialect: str = "postgres"

    def __repr__(self) -> str:
        return f"PostgresConnector({self.host}:{self.port}/{self.database})"

    def fetch(self, sql: str, values: Mapping[str, Any], cap: int, seconds: float) -> Rows:
        import psycopg

        settings = (
            f"-c default_transaction_read_only=on -c statement_timeout={int(seconds * 1000)}"
            f" -c idle_in_transaction_session_timeout={int(seconds * 1000)} -c search_path=public"
        )
        try:
            with psycopg.connect(
                host=self.host,
                hostaddr=pinned(self.host, self.port, self.rules),
                port=self.port,
                dbname=self.database,
                user=self.user,
                connect_timeout=max(2, int(seconds)),
                options=settings,
                application_name="shugang-plane",
                **dict(self.secret),  # type: ignore[arg-type]
            ) as con:
                con.read_only = True
                # A server-side cursor: the database itself accepts nothing but a query here.
                with con.cursor(name="shugang") as cursor:
                    cursor.execute(sql, dict(values))
                    assert cursor.description is not None
                    names = [column.name for column in cursor.description]
                    return names, cursor.fetchmany(cap + 1)
        except psycopg.errors.QueryCanceled as error:
            raise SourceFailed("source_timeout", str(error)) from error
        except (psycopg.Error, AddressRefused) as error:
            raise SourceFailed("source_unavailable", str(error)) from error


def open_connectors(config: PlaneConfig) -> dict[str, Connector]:
    """Only what this plane's own settings name. Raises ConfigError (never with the URL's secrets in it)."""
    return {name: _open(name, url, config) for name, url in config.connectors.items()}


def _open(name: str, url: str, config: PlaneConfig) -> Connector:
    parts = urlsplit(url)
    if parts.scheme == "sqlite":
        if parts.netloc:
            raise ConfigError(f"connector {name}: write sqlite:///relative or sqlite:////absolute")
        return SqliteConnector(Path(unquote(parts.path[1:])).absolute())
    if parts.scheme not in ("postgresql", "postgres"):
        raise ConfigError(f"connector {name}: only sqlite and postgresql are known")
    host, port = parts.hostname or "", parts.port or 5432
    try:
        config.rules.check_pair(host, port)
    except AddressRefused as error:
        raise ConfigError(f"connector {name}: {error}") from error
    secret = {"password": unquote(parts.password)} if parts.password else {}
    return PostgresConnector(host, config.rules, port, unquote(parts.path[1:]), unquote(parts.username or ""), secret)
