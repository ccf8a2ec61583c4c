"""The public-data half of the test world: the departments of `demo.public`, and one open item in each procedure."""

from __future__ import annotations

from typing import Any

from demo import public

from . import authorisation, catalogue, crosscheck, lineage, rectification, scenarios, sharing, sources, trace


def build_public(world: Any, stage: Any) -> None:
    public.bodies(stage)
    for room in (catalogue, sources, crosscheck, rectification, lineage, sharing, authorisation, scenarios, trace):
        room.leave(world)
