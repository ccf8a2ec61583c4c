"""MySQL and MariaDB: a read-only transaction, an unbuffered cursor, the judged address.

PyMySQL binds nothing: it writes values into the text. So they are written here, as hexadecimal literals, integers and
typed dates that no setting of the server (`NO_BACKSLASH_ESCAPES`, multi-byte character sets) can read otherwise.
"""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from shugang.delivery.plane.connectors.base import Deadline, Rows, Server, SourceFailed, taken
from shugang.delivery.plane.outgoing import pinned
from shugang.policy.addresses import AddressRefused

# ER_QUERY_INTERRUPTED of MySQL, ER_STATEMENT_TIMEOUT of MariaDB, ER_QUERY_TIMEOUT of MySQL.
_LATE = (1317, 1969, 3024)
_MODE = "STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION"


class _Never:
    """An authentication that would send the password as it is, at the wish of whoever answers."""

    def __init__(self, _: Any) -> None: ...

    def authenticate(self, _: Any) -> Any:
        raise SourceFailed("source_unavailable", "the server asks for the password in clear text")


@dataclass(frozen=True)
class MysqlConnector:
    server: Server
    dialect: str = "mysql"

    def fetch(self, sql: str, values: Mapping[str, Any], cap: int, seconds: float) -> Rows:
        import pymysql

        deadline, until = Deadline(), time.monotonic() + seconds
        try:
            sock = self._dial(seconds)
            with sock, deadline.cut(sock.fileno(), until - time.monotonic()):
                return self._ask(sock, sql % literals(values), cap, seconds)
        except AddressRefused as error:
            raise SourceFailed("source_unavailable", str(error)) from error
        except (pymysql.MySQLError, OSError, UnicodeError, AttributeError, LookupError, ValueError) as error:
            # PyMySQL answers what is no MySQL with whatever its parsing stumbles over.
            number = error.args[0] if error.args and isinstance(error.args[0], int) else None
            late = number in _LATE or isinstance(error, TimeoutError)
            code = "source_timeout" if late else deadline.code()
            raise SourceFailed(code, f"{type(error).__name__} {number or ''}") from error

    def _dial(self, seconds: float) -> socket.socket:
        server = self.server
        sock = socket.create_connection((pinned(server.host, server.port, server.rules), server.port), seconds)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return sock

    def _ask(self, sock: socket.socket, sql: str, cap: int, seconds: float) -> Rows:
        from pymysql.cursors import SSCursor

        con = self._connection(seconds)
        try:
            con.connect(sock)
            cursor = con.cursor(SSCursor)
            for statement in _session(con.get_server_info(), seconds):
                cursor.execute(statement)
            cursor.execute(sql)
            if not cursor.description:
                raise SourceFailed("source_unavailable", "no result set")
            return [str(column[0]) for column in cursor.description], taken(_each(cursor), cap)
        finally:
            # Closing in order would read the rest of an endless answer.
            if (result := con._result) is not None:
                result.unbuffered_active = False
            con._force_close()

    def _connection(self, seconds: float) -> Any:
        import pymysql

        server = self.server
        return pymysql.connect(
            defer_connect=True,
            host=server.host,
            port=server.port,
            user=server.user,
            password=server.password.encode(),  # PyMySQL would take it for Latin-1
            database=server.database or None,
            charset="utf8mb4",
            read_timeout=seconds + 5,  # the deadline comes first
            write_timeout=seconds + 5,
            ssl=self._tls(),
            ssl_disabled=server.tls == "off",
            local_infile=False,
            program_name="shugang-plane",
            auth_plugin_map={} if server.tls == "verify" else {b"mysql_clear_password": _Never, b"dialog": _Never},
        )

    def _tls(self) -> ssl.SSLContext | None:
        if self.server.tls in ("off", "prefer"):
            return None  # PyMySQL itself prefers TLS where it is offered
        context = ssl.create_default_context(cafile=self.server.authority)
        if self.server.tls == "require":
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        return context


def _each(cursor: Any) -> Any:
    while (row := cursor.fetchone()) is not None:
        yield row


def _session(version: str, seconds: float) -> list[str]:
    limit = (
        f"max_statement_time={seconds:.3f}"
        if "mariadb" in version.lower()
        else f"max_execution_time={seconds * 1e3:.0f}"
    )
    return [
        f"SET SESSION {limit}, sql_mode='{_MODE}', time_zone='+00:00'",
        "START TRANSACTION READ ONLY",
    ]


def literals(values: Mapping[str, Any]) -> dict[str, str]:
    """Each value as a MySQL literal that holds no character of the caller's."""
    return {name: literal(value) for name, value in values.items()}


def literal(value: Any) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, datetime):
        return f"TIMESTAMP'{value.replace(tzinfo=None).isoformat(' ')}'"
    if isinstance(value, date):
        return f"DATE'{value.isoformat()}'"
    return f"_utf8mb4 X'{str(value).encode().hex()}'"
