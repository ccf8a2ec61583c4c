"""A long response body that we can stop, at the speed of the kernel.

granian's RSGI stream takes everything at once whatever the client reads (no back-pressure), and its file response
cannot be stopped. So a long body goes through a named pipe that granian serves as a "file": `splice` fills it without
copying, a full pipe makes us wait for the client, and closing it early breaks the declared length, by which the
client knows that the answer is not whole. Linux only.
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
from pathlib import Path
from time import monotonic
from typing import Any

CAPACITY = 1024 * 1024
STALL_SECONDS = 60.0
LOOK_SECONDS = 0.25


class Aborted(Exception):
    """A long answer ended early: the client went away or stalled, or the grant no longer stands."""


class Pipe:
    """One body in flight. `stands` is asked before every piece and while a slow client keeps us waiting."""

    def __init__(self, folder: Path, stands: Callable[[], bool]) -> None:
        self._path = folder / secrets.token_hex(12)
        self._stands = stands
        os.mkfifo(self._path, 0o600)
        # Both ends are ours until the server has opened the pipe, so that its opening cannot block.
        self._fd = os.open(self._path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        self._taken = False
        self._written = 0
        with contextlib.suppress(OSError):
            fcntl.fcntl(self._fd, fcntl.F_SETPIPE_SZ, CAPACITY)

    def answer(self, proto: Any, status: int, headers: list[tuple[str, str]]) -> None:
        """`headers` must declare the content-length."""
        proto.response_file(status, headers, str(self._path))

    async def splice(self, source: int, start: int, end: int) -> None:
        """The bytes `start` to `end` (excluded) of the open file."""
        while start < end:
            self._check()
            try:
                count = os.splice(
                    source, self._fd, min(end - start, CAPACITY), offset_src=start, flags=os.SPLICE_F_NONBLOCK)
                start, self._written = start + count, self._written + count
            except BlockingIOError:
                await self._room()
            except BrokenPipeError as error:
                raise Aborted("the client went away") from error

    async def write(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            self._check()
            try:
                count = os.write(self._fd, view)
                view, self._written = view[count:], self._written + count
            except BlockingIOError:
                await self._room()
            except BrokenPipeError as error:
                raise Aborted("the client went away") from error

    async def finish(self) -> None:
        """A body that fitted whole into the pipe: the name must stay until the server has opened it."""
        deadline = monotonic() + STALL_SECONDS
        while not self._taken and self._unread() >= self._written:
            self._check()
            if monotonic() > deadline:
                raise Aborted("the client stalled")
            await asyncio.sleep(0.002)

    def _unread(self) -> int:
        count = array("i", [0])
        fcntl.ioctl(self._fd, termios.FIONREAD, count)
        return count[0]

    def _check(self) -> None:
        if not self._stands():
            raise Aborted("the grant no longer stands")

    async def _room(self) -> None:
        """Until the client has taken something; looks at the grant meanwhile."""
        loop = asyncio.get_running_loop()
        deadline = monotonic() + STALL_SECONDS
        ready = asyncio.Event()
        loop.add_writer(self._fd, ready.set)
        try:
            while not ready.is_set():
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(ready.wait(), LOOK_SECONDS)
                self._check()
                if monotonic() > deadline:
                    raise Aborted("the client stalled")
        finally:
            loop.remove_writer(self._fd)
        if not self._taken:
            # The server reads: from here on it is the only reader, and its going away is an error to us.
            self._taken = True
            writer = os.open(self._path, os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)
            os.close(self._fd)
            self._fd = writer

    def abort(self) -> None:
        """Take back what is still in the pipe."""
        with contextlib.suppress(OSError):
            reader = os.open(self._path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
            try:
                while os.read(reader, CAPACITY):
                    pass
            finally:
                os.close(reader)

    def close(self) -> None:
        os.close(self._fd)
        with contextlib.suppress(FileNotFoundError):
            self._path.unlink()


def clean(folder: Path) -> None:
    """Pipes of an earlier run, which nobody reads any more."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for path in folder.iterdir():
        path.unlink()
