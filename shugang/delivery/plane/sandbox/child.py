"""One query in a process of its own: take the job and its files, raise the walls, run, send rows, end.

What the process can read is granted already: each file is a materialised granted view, under a name made for this
query alone. Of an error only its code leaves.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import socket
import struct
import threading
from typing import Any

import duckdb
import pyarrow as pa

from shugang.delivery.plane.sandbox.walls import close_others, raise_walls
from shugang.policy.lowering import quote

LOOK_SECONDS = 0.2
MOST_FILES = 250  # what one message of a socket may carry (SCM_MAX_FD is 253)
BATCH_ROWS = 4096
PROGRESS, DATA, FAILED, DONE, WALLS = b"P", b"D", b"F", b"Z", b"W"
HEAD = struct.Struct("!cI")


def serve(connection: socket.socket) -> None:
    """Never returns: the process has one query to run."""
    try:
        _one(connection)
    except BaseException as error:
        with contextlib.suppress(OSError):
            _send(connection, FAILED, _code(error).encode())
    finally:
        os._exit(0)


def _one(connection: socket.socket) -> None:
    job, files = _receive(connection)
    # Nothing that a library prints may reach the plane's log: it could hold values.
    os.dup2(0, 2)
    close_others({0, 1, 2, connection.fileno(), *files})
    held = raise_walls(files, int(job["memory_mb"]), int(job["cpu_seconds"]))
    con = duckdb.connect(config=_SETTINGS | {"memory_limit": f"{int(job['memory_mb'])}MB"})
    _send(connection, WALLS, json.dumps(held).encode())
    _open(con, job["tables"], files)
    done = threading.Event()
    # A query holds no lock of the interpreter: this thread tells how far it is, and ends all when nobody listens.
    threading.Thread(target=_watch, args=(connection, con, done), daemon=True).start()
    reader = con.execute(job["sql"]).to_arrow_reader(BATCH_ROWS)
    rows = size = 0
    stream = _Frames(connection)
    writer = pa.ipc.new_stream(stream, reader.schema)
    for batch in reader:
        rows += batch.num_rows
        size += batch.nbytes
        if rows > int(job["rows"]) or size > int(job["bytes"]):
            raise _TooLarge
        writer.write_batch(batch)
        stream.flush()
    writer.close()
    stream.flush()
    done.set()
    _send(connection, DONE, json.dumps({"rows": rows}).encode())


class _TooLarge(Exception):
    """More rows or bytes than the plane's settings let out."""


# One thread: the order of rows is then the same at every run, which a retry needs.
_SETTINGS: dict[str, Any] = {
    "threads": "1",
    "python_enable_replacements": "false",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "allow_community_extensions": "false",
    "temp_directory": "",
}


# An empty view has no file; its columns are made by Delta's names of types.
_TYPES = {
    "byte": "TINYINT",
    "short": "SMALLINT",
    "long": "BIGINT",
    "string": "VARCHAR",
    "binary": "BLOB",
}


def _open(con: duckdb.DuckDBPyConnection, tables: list[dict[str, Any]], files: list[int]) -> None:
    for setting in ("TimeZone = 'UTC'", "enable_progress_bar = true", "enable_progress_bar_print = false"):
        con.execute(f"SET {setting}")
    con.execute("SET progress_bar_time = 0")
    paths = [f"/proc/self/fd/{file}" for file in files]
    con.execute(f"SET allowed_paths = [{', '.join(map(repr, paths))}]")
    con.execute("SET enable_external_access = false")
    for table in tables:
        own, paths = paths[: table["files"]], paths[table["files"] :]
        if own:
            listed = ", ".join(map(repr, own))
            con.execute(f"CREATE VIEW {quote(table['name'])} AS SELECT * FROM read_parquet([{listed}])")  # noqa: S608
        else:
            columns = ", ".join(f"{quote(name)} {_TYPES.get(kind, kind)}" for name, kind in table["columns"])
            con.execute(f"CREATE TABLE {quote(table['name'])} ({columns})")
    con.execute("SET lock_configuration = true")


def _receive(connection: socket.socket) -> tuple[dict[str, Any], list[int]]:
    head, files, _, _ = socket.recv_fds(connection, 4, MOST_FILES)
    (length,) = struct.unpack("!I", head)
    data = b""
    while len(data) < length:
        part = connection.recv(length - len(data))
        if not part:
            raise OSError("the job is cut off")
        data += part
    job: dict[str, Any] = json.loads(data)
    return job, files


def _watch(connection: socket.socket, con: duckdb.DuckDBPyConnection, done: threading.Event) -> None:
    poll = select.poll()
    poll.register(connection, select.POLLIN | select.POLLHUP)
    while not done.wait(LOOK_SECONDS):
        if poll.poll(0):
            os._exit(0)  # the plane never writes twice: its end is closed
        part = con.query_progress()
        with contextlib.suppress(OSError):
            _send(connection, PROGRESS, str(max(0.0, min(part, 100.0))).encode())


_sending = threading.Lock()


def _send(connection: socket.socket, kind: bytes, data: bytes) -> None:
    with _sending:
        connection.sendall(HEAD.pack(kind, len(data)) + data)


class _Frames:
    """The file that Arrow writes its stream to: one frame a batch."""

    closed = False

    def __init__(self, connection: socket.socket) -> None:
        self._connection, self._held = connection, bytearray()

    def write(self, data: Any) -> int:
        self._held += memoryview(data)
        return len(data)

    def flush(self) -> None:
        if self._held:
            _send(self._connection, DATA, bytes(self._held))
            self._held.clear()

    def close(self) -> None:
        self.closed = True

    def writable(self) -> bool:
        return True

    def readable(self) -> bool:
        return False

    def seekable(self) -> bool:
        return False


def _code(error: BaseException) -> str:
    if isinstance(error, _TooLarge):
        return "answer_too_large"
    if isinstance(error, MemoryError | duckdb.OutOfMemoryException | pa.ArrowMemoryError):
        return "sql_memory"
    # "Memory" in the text of an error whose class says less; the text goes nowhere.
    return (
        "sql_memory" if isinstance(error, duckdb.Error) and "failed to allocate" in str(error).lower() else "sql_failed"
    )
