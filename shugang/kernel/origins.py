"""Under which name the evidence log stands. It changes once in a while only: when a backup was restored that is behind
a checkpoint which the world has seen. Signing on under the old name would be a fork, so a log of a new name takes over
the restored entries; its first own entry, the event `log.continued`, names the old log, the last checkpoint known of
it and how much came back.

The events themselves say which name is in force, so that nothing can be forgotten in a settings file.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from django.conf import settings

from .models import Event

CONTINUED = "log.continued"


class Origin(NamedTuple):
    """`epoch` counts from 1: the log that the settings name."""

    name: str
    epoch: int


class Former(NamedTuple):
    """A name that signs no more. `known_size`: how far it was seen; `restored_size`: how much of it stands here."""

    epoch: int
    origin: str
    vkey: str
    checkpoint: str
    known_size: int
    restored_size: int
    event: Event


def current() -> Origin:
    last = Event.objects.filter(kind=CONTINUED).order_by("-id").values_list("payload", flat=True).first()
    if last is None:
        return Origin(settings.SHUGANG_LOG_ORIGIN, 1)
    return Origin(last["origin"], last["epoch"])


def folder(epoch: int) -> Path:
    """Each name has a folder and addresses of its own: a tile's address names one content for ever."""
    return Path(settings.VAR_DIR) / ("log" if epoch == 1 else f"log-{epoch}")


def next_name(origin: Origin) -> str:
    return f"{settings.SHUGANG_LOG_ORIGIN}/{origin.epoch + 1}"


def former() -> list[Former]:
    """The names before the present one, oldest first."""
    return [_former(event) for event in Event.objects.filter(kind=CONTINUED).order_by("id")]


def _former(event: Event) -> Former:
    told: dict[str, Any] = event.payload["former"]
    return Former(
        event.payload["epoch"] - 1,
        told["origin"],
        told["vkey"],
        told["checkpoint"],
        told["known_size"],
        told["restored_size"],
        event,
    )
