"""What every connector keeps to, and what they share."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from shugang.policy.addresses import Rules

Rows = tuple[list[str], list[tuple[Any, ...]]]
# What one answer of a source may hold in memory, whatever it claims; several times the largest answer released.
MOST_BYTES = 256 * 1024 * 1024
TLS = ("verify", "require", "off")


class SourceFailed(RuntimeError):
    """The supplier's source did not answer; `code` is the refusal. `why` goes to the local log and carries no value
    and no secret: drivers quote both in their messages, so only their codes are kept."""

    def __init__(self, code: str, why: str) -> None:
        super().__init__(why)
        self.code = code


class Connector(Protocol):
    @property
    def dialect(self) -> str:
        """ "sqlite", "postgres", "mysql" or "duckdb", as sqlglot names them."""
        ...

    def fetch(self, sql: str, values: Mapping[str, Any], cap: int, seconds: float) -> Rows:
        """Column names and at most `cap` + 1 rows. Blocking; raises SourceFailed."""
        ...


@dataclass(frozen=True)
class Server:
    """A database on the network. Its name is resolved and judged at each use and stays for TLS; no repr tells the
    password. `tls`: "verify" (certificate and name), "require" (encrypted, unverified), "prefer"
    (encrypted where offered; only inside a site), "off"."""

    host: str
    port: int
    database: str
    user: str
    password: str = field(repr=False)
    tls: str
    rules: Rules = field(repr=False)
    authority: str | None = None  # a file of CA certificates in place of the system's


class Deadline:
    """Shuts a driver's socket when the time is up. The time-outs of drivers count each read anew, so that a source
    that drips a byte now and then would never exceed them."""

    def __init__(self) -> None:
        self.passed = False

    @contextlib.contextmanager
    def cut(self, number: int, seconds: float) -> Iterator[None]:
        """Watches the socket of file descriptor `number` while the body runs."""
        handle = socket.socket(fileno=os.dup(number))

        def end() -> None:
            self.passed = True
            with contextlib.suppress(OSError):
                handle.shutdown(socket.SHUT_RDWR)

        timer = threading.Timer(max(0.0, seconds), end)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            timer.join()
            handle.close()

    def code(self) -> str:
        return "source_timeout" if self.passed else "source_unavailable"


def taken(rows: Iterable[tuple[Any, ...]], cap: int) -> list[tuple[Any, ...]]:
    """At most `cap` + 1 rows and MOST_BYTES of texts and bytes. Raises SourceFailed `answer_too_large`."""
    found: list[tuple[Any, ...]] = []
    size = 0
    for row in rows:
        size += sum(len(value) for value in row if isinstance(value, str | bytes))
        if size > MOST_BYTES:
            raise SourceFailed("answer_too_large", f"more than {MOST_BYTES} bytes")
        found.append(tuple(row))
        if len(found) > cap:
            break
    return found
