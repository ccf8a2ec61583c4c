"""A verb: one business act, atomic, and never without a trace."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from django.db import transaction

from .events import emitted_so_far

P = ParamSpec("P")
R = TypeVar("R")


class NoTrace(RuntimeError):
    """A verb changed something and told nobody: a defect, so the transaction rolls back."""


def verb(act: Callable[P, R]) -> Callable[P, R]:
    """Run `act` in one transaction; roll back when it emitted no event (no step without a trace)."""

    @wraps(act)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        with transaction.atomic():
            before = emitted_so_far()
            result = act(*args, **kwargs)
            if emitted_so_far() == before:
                raise NoTrace(act.__qualname__)
            return result

    return run
