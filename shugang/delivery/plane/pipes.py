"""A long response body that we can stop, at the speed of the kernel.

granian's RSGI stream takes everything at once whatever the client reads (no back-pressure), and its file response
cannot be stopped. So a long body goes through a named pipe that granian serves as a "file": a thread fills it with
`splice`, which copies nothing and waits in the kernel while the client is slow; the event loop looks after the grant
meanwhile. Ending early breaks the declared length, by which the client knows that the answer is not whole. Linux only.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import secrets
import termios
from array import array
from collections.abc import Callable
from concurrent.futures import Executor
from pathlib import Path
from time import monotonic, sleep
from typing import Any

CAPACITY = 1024 * 1024
PIECE = 512 * 1024
STALL_SECONDS = 60.0
LOOK_SECONDS = 0.25
# While short calls come in, a long answer gives way to them: a small piece, then a pause.
GENTLE_PIECE = 256 * 1024
GENTLE_PAUSE = 0.001


class Aborted(Exception):
    """A long answer ended early: the client went away or stalled, or the grant no longer stands."""


class Pipe:
    """One body in flight. `stands` is asked again and again until the last byte is in the pipe, `busy` before each piece."""

    def __init__(self, folder: Path, stands: Callable[[], bool], threads: Executor, busy: Callable[[], bool]) -> None:
        self._path = folder / secrets.token_hex(12)
        self._stands, self._threads, self._busy = stands, threads, busy
        os.mkfifo(self._path, 0o600)
        # Both ends are ours until the server has opened the pipe, so that its opening cannot block.
        self._fd = os.open(self._path, os.O_RDWR | os.O_CLOEXEC)
        self._taken = self._stopped = False
        self._written = 0
        with contextlib.suppress(OSError):
            fcntl.fcntl(self._fd, fcntl.F_SETPIPE_SZ, CAPACITY)

    def answer(self, proto: Any, status: int, headers: list[tuple[str, str]]) -> None:
        """`headers` must declare the content-length."""
        proto.response_file(status, headers, str(self._path))

    async def splice(self, source: int, start: int, end: int) -> None:
        """The bytes `start` to `end` (excluded) of the open file."""

        def fill() -> None:
            place = start
            while place < end and not self._stopped:
                count = os.splice(source, self._fd, min(end - place, self._piece()), offset_src=place)
                if not count:
                    raise Aborted("the file is shorter than its manifest says")
                place += count
                self._moved(count)

        await self._watched(fill)

    async def write(self, data: bytes) -> None:
        def fill() -> None:
            view = memoryview(data)
            while view and not self._stopped:
                count = os.write(self._fd, view[: self._piece()])
                view = view[count:]
                self._moved(count)

        await self._watched(fill)

    def _piece(self) -> int:
        """Bytes to move next."""
        if not self._busy():
            return PIECE
        sleep(GENTLE_PAUSE)
        return GENTLE_PIECE

    def _moved(self, count: int) -> None:
        self._written += count
        if not self._taken and self._written > CAPACITY:
            self._take()  # more has gone in than fits: the server reads

    def _take(self) -> None:
        """From here on the server is the only reader, so that a client that goes away is an error to us."""
        writer = os.open(self._path, os.O_WRONLY | os.O_CLOEXEC)
        os.dup2(writer, self._fd, inheritable=False)
        os.close(writer)
        self._taken = True

    async def taken(self) -> None:
        """Wait until the server reads what was written first; call it between writes."""
        await self.finish()
        if not self._taken:
            self._take()

    async def _watched(self, fill: Callable[[], None]) -> None:
        """Run `fill` in a thread; ends it when the grant does or the client takes nothing any more. The thread has
        always ended when this returns, so that the pipe may be closed."""
        work = self._threads.submit(fill)
        filling = asyncio.wrap_future(work)
        try:
            why = await self._reason(filling)
        except asyncio.CancelledError:
            self._stopped = True
            self._empty()
            work.result(STALL_SECONDS)
            raise
        while why and not work.done():
            self._stopped = True
            self._empty()
            await asyncio.wait([filling], timeout=0.005)
        try:
            await filling
        except BrokenPipeError as error:
            raise Aborted("the client went away") from error
        if why:
            self._empty()
            raise Aborted(why)

    async def _reason(self, filling: asyncio.Future[None]) -> str:
        """Wait for the thread; why it must be stopped, or "" when it is done."""
        seen, deadline = self._written, monotonic() + STALL_SECONDS
        while self._stands():
            done, _ = await asyncio.wait([filling], timeout=LOOK_SECONDS)
            if done:
                return ""
            if self._written != seen:
                seen, deadline = self._written, monotonic() + STALL_SECONDS
            elif monotonic() > deadline:
                return "the client stalled"
        return "the grant no longer stands"

    def _empty(self) -> None:
        """Take back what the client has not got yet; it also lets the thread out of the kernel, since a piece is
        smaller than the pipe."""
        with contextlib.suppress(OSError):
            reader = os.open(self._path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
            try:
                while os.read(reader, CAPACITY):
                    pass
            finally:
                os.close(reader)

    async def finish(self) -> None:
        """A body that fitted whole into the pipe: the name must stay until the server has opened it."""
        deadline = monotonic() + STALL_SECONDS
        while not self._taken and self._unread() >= self._written:
            if not self._stands():
                raise Aborted("the grant no longer stands")
            if monotonic() > deadline:
                raise Aborted("the client stalled")
            await asyncio.sleep(0.002)

    def _unread(self) -> int:
        count = array("i", [0])
        fcntl.ioctl(self._fd, termios.FIONREAD, count)
        return count[0]

    def close(self) -> None:
        os.close(self._fd)
        with contextlib.suppress(FileNotFoundError):
            self._path.unlink()


def clean(folder: Path) -> None:
    """Pipes of an earlier run, which nobody reads any more."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for path in folder.iterdir():
        path.unlink()
