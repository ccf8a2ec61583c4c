"""Long bodies give way to short calls: a small piece and a pause instead of large pieces one after another."""

from __future__ import annotations

import asyncio
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from shugang.delivery.plane import pipes

BODY = os.urandom(3 * 1024 * 1024)


class Server:
    """Reads the pipe to its end, as the web server does."""

    def response_file(self, status: int, headers: Any, path: str) -> None:
        def read() -> None:
            self.body = Path(path).read_bytes()

        self.thread = threading.Thread(target=read)
        self.thread.start()


@pytest.mark.parametrize(("busy", "largest"), [(False, pipes.PIECE), (True, pipes.GENTLE_PIECE)])
def test_pieces_are_small_while_calls_come_in(tmp_path, monkeypatch, busy, largest):
    # Given a file, and calls that come in or not
    stored = tmp_path / "stored"
    stored.write_bytes(BODY)
    asked: list[int] = []
    splice = os.splice
    monkeypatch.setattr(os, "splice", lambda a, b, count, **more: asked.append(count) or splice(a, b, count, **more))
    paused: list[float] = []
    monkeypatch.setattr(pipes, "sleep", paused.append)
    server = Server()

    async def send() -> None:
        with ThreadPoolExecutor(1) as threads:
            pipe = pipes.Pipe(tmp_path, lambda: True, threads, lambda: busy)
            source = os.open(stored, os.O_RDONLY)
            try:
                pipe.answer(server, 200, [])
                await pipe.splice(source, 0, len(BODY))
                await pipe.finish()
            finally:
                pipe.close()
                os.close(source)

    # When it is sent
    asyncio.run(send())
    server.thread.join(10)
    # Then it arrives whole, in pieces of that size, with a pause before each or none at all
    assert server.body == BODY
    assert max(asked) == largest
    assert len(paused) == (len(asked) if busy else 0)
