"""Jobs that run by the clock in the worker process; wings register theirs in `AppConfig.ready`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from . import clock

_jobs: dict[str, Callable[[], Any]] = {}
_waiting: dict[str, Callable[[], Any]] = {}


class Hourly:
    """A job for `every_pass` that has work once an hour of rule time; `job` gets the time."""

    def __init__(self, job: Callable[[datetime], Any]) -> None:
        self._job, self._last = job, datetime.min.replace(tzinfo=UTC)

    def __call__(self) -> Any:
        now = clock.now()
        if timedelta(0) <= now - self._last < timedelta(hours=1):
            return None
        self._last = now
        return self._job(now)


def every_pass(name: str, job: Callable[[], Any]) -> None:
    """Run `job` about once a second. It must be quick when there is nothing to do, and safe to repeat."""
    _jobs[name] = job


def beside(name: str, job: Callable[[], Any]) -> None:
    """The same for a job that waits for others' servers: in a thread of its own, so that it delays no deadline."""
    _waiting[name] = job


def jobs() -> list[tuple[str, Callable[[], Any]]]:
    return sorted(_jobs.items())


def waiting_jobs() -> list[tuple[str, Callable[[], Any]]]:
    return sorted(_waiting.items())
