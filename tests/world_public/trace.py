"""What can be traced in the test world: the grants of sharing and of a scenario, each with a key, used a few times."""

from __future__ import annotations

from typing import Any

from shugang.delivery.grants.services import issue_credential
from shugang.delivery.models import Grant


def leave(world: Any) -> None:
    from ..world import use

    grant = Grant.objects.get(bases__kind="scenario", bases__reference=world.number("use:running"))
    world.things["grant:scenario"] = grant
    for key, who, times in (("scenario", "xufang", 3), ("sharing", "weijian", 2)):
        held = world.things[f"grant:{key}"]
        row, _ = issue_credential(world.actor(who), [held.number], "api_key", held.terms["purpose"])
        world.things[f"credential:{key}"] = row
        use(world, held, ["found"] * times)
