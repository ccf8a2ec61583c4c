"""The worker process: fires clocks and runs what the wings registered to run by the clock."""

from __future__ import annotations

import logging
import os
import signal
import time

_log = logging.getLogger("shugang.worker")


def run_once() -> None:
    """One pass: due clocks first, then each periodic job; a job that fails does not stop the others."""
    from django.db import close_old_connections

    from shugang.kernel import engine, periodic

    close_old_connections()
    for name, job in [("clocks", engine.tick), *periodic.jobs()]:
        try:
            job()
        except Exception:
            _log.exception("periodic job %s failed; it will run again", name)


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shugang.settings")
    import django

    django.setup()
    stopped: list[int] = []
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda n, _frame: stopped.append(n))
    while not stopped:
        run_once()
        time.sleep(1)


if __name__ == "__main__":
    main()
