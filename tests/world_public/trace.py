"""What can be traced in the test world: the grants of sharing and of a scenario, used once each."""

from __future__ import annotations

from typing import Any

from shugang.delivery.models import Grant


def leave(world: Any) -> None:
    from ..world import use

    number = world.number("use:running")
    grant = world.things["grant:scenario"] = Grant.objects.get(bases__kind="scenario", bases__reference=number)
    use(world, grant, ["found"] * 3)
    use(world, world.things["grant:sharing"], ["found"] * 2)
