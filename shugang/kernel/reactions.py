"""What flows upward between wings: the lower wing declares an event, the upper registers a handler.

Handlers run in the order of their names, in the transaction of the event (DESIGN §2); never Django signals. A listener
hears every event, those that happened at once together: what it asks, it asks once for all of them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .models import Event

Handler = Callable[["Event"], None]
Listener = Callable[["Sequence[Event]"], None]
ANY = "*"
_listeners: list[Listener] = []
_handlers: dict[str, list[Handler]] = defaultdict(list)


def on(kind: str) -> Callable[[Handler], Handler]:
    """Register a handler for one kind of event (`certificate.lapsed`)."""

    def register(handler: Handler) -> Handler:
        if handler not in _handlers[kind]:
            _handlers[kind].append(handler)
            _handlers[kind].sort(key=lambda h: f"{h.__module__}.{h.__qualname__}")
        return handler

    return register


def listen(listener: Listener) -> None:
    """Register who hears every event, after the handlers of its kind: it sees what those have done."""
    if listener not in _listeners:
        _listeners.append(listener)


def react(events: Sequence[Event]) -> None:
    """To what happened at once, in its order."""
    for event in events:
        for handler in _handlers.get(event.kind, ()):
            handler(event)
    for listener in _listeners:
        listener(events)


def handlers() -> dict[str, list[str]]:
    """Kind of event → names of its handlers, for the architecture page."""
    whole: dict[str, list[Any]] = {ANY: [*_listeners], **_handlers}
    return {k: [f"{h.__module__}.{h.__qualname__}" for h in v] for k, v in sorted(whole.items())}
