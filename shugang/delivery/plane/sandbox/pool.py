"""The plane's side of the sandbox: hand over a statement and its files, take back rows, progress or a code."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import socket
import struct
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa

from shugang.delivery.plane.sandbox.child import DATA, DONE, FAILED, HEAD, PROGRESS, WALLS

log = logging.getLogger("shugang.plane.sandbox")
_READY_SECONDS = 60.0
_CODES = ("sql_failed", "sql_memory", "answer_too_large")
_LARGEST_FRAME = 64 * 1024 * 1024


class SandboxFailed(Exception):
    """A query that gave no answer: `code` of `policy.refusals`."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Given(NamedTuple):
    """A relation of the statement: the files of a granted view, all alike, and its columns as (name, Delta's type)."""

    name: str
    files: Sequence[Path]
    columns: Sequence[tuple[str, str]]


class Run:
    """One query under way: `progress` in percent (0 until known); `stop` ends it at once."""

    def __init__(self, sandbox: Sandbox, number: int) -> None:
        self._sandbox, self._number = sandbox, number
        self.progress = 0.0
        self.stopped = False

    def stop(self) -> None:
        self.stopped = True
        self._sandbox.kill(self._number)


class Sandbox:
    """`memory_mb` and `cpu_seconds` bound one query, `rows` and `size` (bytes) its answer."""

    def __init__(self, memory_mb: int, cpu_seconds: int, rows: int, size: int) -> None:
        self._limits = {"memory_mb": memory_mb, "cpu_seconds": cpu_seconds, "rows": rows, "bytes": size}
        self._size = size
        self._process: asyncio.subprocess.Process | None = None
        self._control: socket.socket | None = None
        self._starting = asyncio.Lock()
        self._made = 0
        self.walls: list[str] | None = None

    async def start(self) -> None:
        """The forking process; started at the first query, and again should it be gone."""
        async with self._starting:
            if self._process is not None and self._process.returncode is None:
                return
            if self._control is not None:
                self._control.close()
            ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            with theirs:
                ours.setblocking(False)
                self._process = await asyncio.create_subprocess_exec(
                    sys.executable,
                    "-m",
                    "shugang.delivery.plane.sandbox",
                    str(theirs.fileno()),
                    pass_fds=[theirs.fileno()],
                    stdin=asyncio.subprocess.DEVNULL,
                    stdout=asyncio.subprocess.DEVNULL,
                    env={"PATH": os.environ.get("PATH", ""), "PYTHONPATH": os.pathsep.join(sys.path)},
                )
            self._control = ours
            async with asyncio.timeout(_READY_SECONDS):
                await asyncio.get_running_loop().sock_recv(ours, 4096)

    async def stop(self) -> None:
        if self._control is not None:
            self._control.close()
            self._control = None
        if self._process is not None and self._process.returncode is None:
            try:
                async with asyncio.timeout(5):
                    await self._process.wait()
            except TimeoutError:
                self._process.kill()
                await self._process.wait()

    def kill(self, number: int) -> None:
        if self._control is not None:
            with contextlib.suppress(OSError):  # gone, and its children with it
                self._control.send(json.dumps({"kill": number}).encode())

    async def begin(self) -> Run:
        await self.start()
        self._made += 1
        return Run(self, self._made)

    async def answer(self, run: Run, sql: str, tables: Sequence[Given]) -> pa.Table:
        """Rows of `sql` over `tables`, or SandboxFailed. However it ends, the child is gone afterwards."""
        given = [{"name": t.name, "files": len(t.files), "columns": list(t.columns)} for t in tables]
        job = json.dumps({"sql": sql, "tables": given, **self._limits}).encode()
        files: list[int] = []
        try:
            for path in (path for table in tables for path in table.files):
                files.append(_open(path))
            try:
                ours = self._hand(run, files, len(job))
            except OSError:
                # The forking process is gone and nobody has noticed yet.
                await self._anew()
                ours = self._hand(run, files, len(job))
        except OSError as error:
            log.error("the sandbox does not take the query: %s", error)
            raise SandboxFailed("sql_busy") from error
        finally:
            for file in files:
                os.close(file)
        ours.setblocking(False)
        reader, writer = await asyncio.open_unix_connection(sock=ours)
        try:
            writer.write(job)
            return await self._frames(run, reader)
        finally:
            writer.close()
            self.kill(run._number)

    def _hand(self, run: Run, files: list[int], length: int) -> socket.socket:
        """Order a child and give it its files; our end of the line to it."""
        assert self._control is not None
        ours, theirs = socket.socketpair()
        try:
            with theirs:
                socket.send_fds(self._control, [json.dumps({"run": run._number}).encode()], [theirs.fileno()])
            socket.send_fds(ours, [struct.pack("!I", length)], files)
        except OSError:
            ours.close()
            raise
        return ours

    async def _anew(self) -> None:
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()
        await self.start()

    async def _frames(self, run: Run, reader: asyncio.StreamReader) -> pa.Table:
        data = bytearray()
        while True:
            try:
                kind, length = HEAD.unpack(await reader.readexactly(HEAD.size))
                if length > _LARGEST_FRAME:
                    raise SandboxFailed("answer_too_large")
                part = await reader.readexactly(length)
            except (asyncio.IncompleteReadError, ConnectionError) as error:
                # Ended by the kernel: out of memory or CPU time, or by us.
                raise SandboxFailed("sql_stopped" if run.stopped else "sql_memory") from error
            if kind == PROGRESS:
                run.progress = float(part)
            elif kind == WALLS:
                self._seen(json.loads(part))
            elif kind == FAILED:
                code = part.decode(errors="replace")
                raise SandboxFailed(code if code in _CODES else "sql_failed")
            elif kind == DATA:
                data += part
                # Arrow's own heads come on top of the cells that the child counted.
                if len(data) > 2 * self._size + 1024 * 1024:
                    raise SandboxFailed("answer_too_large")
            elif kind == DONE:
                return await asyncio.to_thread(_table, bytes(data))

    def _seen(self, walls: list[str]) -> None:
        if self.walls is None:
            self.walls = walls
            missing = {"network", "limits", "user", "landlock", "syscalls"} - set(walls)
            log.info("queries run behind: %s", ", ".join(walls))
            if missing:
                log.warning("walls that this machine does not offer to queries: %s", ", ".join(sorted(missing)))


def _open(path: Path) -> int:
    """For the child, which is nobody where we are root; the folder above stays closed to everyone else."""
    file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    if os.geteuid() == 0:
        os.fchmod(file, 0o644)
    return file


def _table(data: bytes) -> pa.Table:
    """What came from the child is read as foreign: every buffer is checked against its lengths."""
    try:
        with pa.ipc.open_stream(data) as reader:
            table = reader.read_all()
        table.validate(full=True)
    except (pa.ArrowException, ValueError, OSError) as error:
        raise SandboxFailed("sql_failed") from error
    return table
