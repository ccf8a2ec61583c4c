"""PostgreSQL: a read-only session, a server-side cursor, the judged address."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shugang.delivery.plane.connectors.base import Deadline, Rows, Server, SourceFailed, taken
from shugang.delivery.plane.outgoing import pinned
from shugang.policy.addresses import AddressRefused

_MODES = {"verify": "verify-full", "require": "require", "off": "disable", "prefer": "prefer"}
PIECE = 1000


@dataclass(frozen=True)
class PostgresConnector:
    server: Server
    dialect: str = "postgres"

    def fetch(self, sql: str, values: Mapping[str, Any], cap: int, seconds: float) -> Rows:
        import psycopg

        deadline = Deadline()
        try:
            with psycopg.connect(**self._settings(seconds)) as con, deadline.cut(con.fileno(), seconds + 1):
                con.read_only = True
                # A server-side cursor: the database itself accepts nothing but a query here.
                with con.cursor(name="shugang") as cursor:
                    cursor.itersize = PIECE
                    cursor.execute(sql, dict(values))
                    assert cursor.description is not None
                    names = [column.name for column in cursor.description]
                    return names, taken(cursor, cap)
        except psycopg.errors.QueryCanceled as error:
            raise SourceFailed("source_timeout", "the statement's time is up") from error
        except AddressRefused as error:
            raise SourceFailed("source_unavailable", str(error)) from error
        except (psycopg.Error, OSError, UnicodeError) as error:
            why = f"{type(error).__name__} {getattr(error, 'sqlstate', None) or ''}"
            raise SourceFailed(deadline.code(), why) from error

    def _settings(self, seconds: float) -> dict[str, Any]:
        server, limit = self.server, int(seconds * 1000)
        options = (
            f"-c default_transaction_read_only=on -c statement_timeout={limit}"
            f" -c idle_in_transaction_session_timeout={limit} -c search_path=public"
        )
        return {
            "host": server.host,
            "hostaddr": pinned(server.host, server.port, server.rules),
            "port": server.port,
            "dbname": server.database,
            "user": server.user,
            "password": server.password or None,
            "sslmode": _MODES[server.tls],
            "sslrootcert": server.authority or _system_authorities(server.tls),
            "gssencmode": "disable",
            "connect_timeout": max(2, int(seconds)),
            "options": options,
            "application_name": "shugang-plane",
        }


def _system_authorities(tls: str) -> str | None:
    """libpq 16 and later know the system's; earlier ones look for `~/.postgresql/root.crt`."""
    import psycopg

    return "system" if tls == "verify" and psycopg.pq.version() >= 160000 else None
