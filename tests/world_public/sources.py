"""What of sources stands open in the test world: one source with its case, one claim that waits."""

from __future__ import annotations

from typing import Any

from shugang.publicdata.sources import services
from shugang.publicdata.sources.testing import claim_form, make_source


def leave(world: Any) -> None:
    handler, chief, office = (world.things[name] for name in ("minzheng", "mzguan", "shushen"))
    make_source(handler, chief, office)
    world.things["case:source_claim"] = services.claim_source(
        handler, claim_form("DE00002", name="社会组织名称")
    ).number
