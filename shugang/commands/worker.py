"""The worker process: fires clocks and runs what the wings registered to run by the clock."""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from collections.abc import Callable
from typing import Any

_log = logging.getLogger("shugang.worker")


def _run(name: str, job: Callable[[], Any]) -> None:
    try:
        job()
    except Exception:
        _log.exception("periodic job %s failed; it will run again", name)


def run_once() -> None:
    """One pass: due clocks first, then each periodic job; a job that fails does not stop the others."""
    from django.db import close_old_connections

    from shugang.kernel import engine, periodic

    close_old_connections()
    for name, job in [("clocks", engine.tick), *periodic.jobs()]:
        _run(name, job)


def _beside(name: str, job: Callable[[], Any], stopped: threading.Event) -> None:
    from django.db import close_old_connections

    while not stopped.wait(1):
        close_old_connections()
        _run(name, job)


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shugang.settings")
    import django

    django.setup()
    from shugang.kernel import periodic

    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda n, _frame: stopped.set())
    for name, job in periodic.waiting_jobs():
        # A daemon: what still waits for somebody's server must not hold up the end.
        threading.Thread(target=_beside, args=(name, job, stopped), name=name, daemon=True).start()
    while not stopped.is_set():
        run_once()
        time.sleep(1)


if __name__ == "__main__":
    main()
