"""What flows upward between wings: the lower wing declares an event, the upper registers a handler.

Handlers run in the order of their names, in the transaction of the event (DESIGN §2); never Django signals.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .models import Event

Handler = Callable[["Event"], None]
# Handlers of ANY hear every event, after the handlers of its kind: they see what those have done.
ANY = "*"
_handlers: dict[str, list[Handler]] = defaultdict(list)


def on(kind: str) -> Callable[[Handler], Handler]:
    """Register a handler for one kind of event (`certificate.lapsed`)."""

    def register(handler: Handler) -> Handler:
        if handler not in _handlers[kind]:
            _handlers[kind].append(handler)
            _handlers[kind].sort(key=lambda h: f"{h.__module__}.{h.__qualname__}")
        return handler

    return register


def react(event: Event) -> None:
    for handler in (*_handlers.get(event.kind, ()), *_handlers.get(ANY, ())):
        handler(event)


def handlers() -> dict[str, list[str]]:
    """Kind of event → names of its handlers, for the architecture page."""
    return {k: [f"{h.__module__}.{h.__qualname__}" for h in v] for k, v in sorted(_handlers.items())}
