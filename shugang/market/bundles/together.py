"""Whether steps of bundled inquiries and contracts are being taken together now; alone they are refused."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_taken: ContextVar[bool] = ContextVar("bundle_together", default=False)


@contextmanager
def all_at_once() -> Iterator[None]:
    token = _taken.set(True)
    try:
        yield
    finally:
        _taken.reset(token)


def together() -> bool:
    return _taken.get()
