"""Jobs that run by the clock in the worker process; wings register theirs in `AppConfig.ready`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

_jobs: dict[str, Callable[[], Any]] = {}
_waiting: dict[str, Callable[[], Any]] = {}


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
