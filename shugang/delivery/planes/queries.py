"""Reads of planes: whose they are, whether they are up."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Count, Q

from shugang.kernel import clock
from shugang.kernel.actors import Actor

from .models import Plane

AWAY = timedelta(seconds=30)


@dataclass(frozen=True)
class PlaneView:
    """`up`: the plane asked for its bundle within half a minute of real time."""

    plane: Plane
    up: bool
    grants: int


def planes(actor: Actor) -> list[PlaneView]:
    """The actor's planes; for the operator the platform's own."""
    living = Count("grants", filter=~Q(grants__state="ended"))
    rows = Plane.objects.visible_to(actor).select_related("party").annotate(living=living).order_by("id")
    now = clock.real_now()
    return [PlaneView(p, p.last_seen is not None and now - p.last_seen < AWAY, p.living) for p in rows]
