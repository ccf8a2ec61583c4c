"""What of crosscheck stands open in the test world: one check with its finished run, one run that waits."""

from __future__ import annotations

from typing import Any

from shugang.publicdata.crosscheck import services, working
from shugang.publicdata.crosscheck.testing import CIVIL, MAP, declare, streets


def leave(world: Any) -> None:
    civil = world.things["minzheng"]
    first, second = streets(civil, CIVIL, "示例街道（民政）").dataset, streets(civil, MAP, "示例街道（测绘）").dataset
    world.things["dataset:streets_a"], world.things["dataset:streets_b"] = first, second
    check = declare(civil, first, second)
    world.things["check:streets"] = check
    world.things["check_run:done"] = working.run_now(services.order_run(civil, check.number))
    other = declare(civil, first, second)
    world.things["check_run:waiting"] = services.order_run(civil, other.number)
