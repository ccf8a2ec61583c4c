"""Real plane processes that start at once: forks of a process that has loaded the plane and done nothing else.

A test run starts some thousand planes, and loading Python's modules anew for each took most of its time.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(
    [f"shugang.delivery.plane.{name}" for name in ("server", "workers", "__main__", "tests.frozen")]
)


class Forked:
    """As `subprocess.Popen` of `python -m shugang.delivery.plane ARGUMENTS`, with both outputs appended to `log`."""

    def __init__(self, arguments: list[str], environ: Mapping[str, str], cwd: Path, log: Path) -> None:
        self._process = _CONTEXT.Process(target=_main, args=(arguments, dict(environ), str(cwd), str(log)))
        self._process.start()
        assert self._process.pid is not None
        self.pid: int = self._process.pid

    def poll(self) -> int | None:
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        self._process.join(timeout)
        if self._process.exitcode is None:
            raise subprocess.TimeoutExpired("plane", timeout or 0.0)
        return self._process.exitcode

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)


def _main(arguments: list[str], environ: dict[str, str], cwd: str, log: str) -> None:
    handle = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.dup2(handle, 1)
    os.dup2(handle, 2)
    os.close(handle)
    os.environ.clear()
    os.environ.update(environ)
    os.chdir(cwd)
    from shugang.delivery.plane.__main__ import main

    sys.exit(main(arguments))
