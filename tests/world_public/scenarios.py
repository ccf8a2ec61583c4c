"""What of scenarios stands open in the test world: a class in force with one use and one application under review, a class to be
consented to, an open call with a proposal."""

from __future__ import annotations

from typing import Any

from shugang.kernel import engine
from shugang.publicdata.scenarios import services
from shugang.publicdata.scenarios.models import ScenarioUse


def class_form(world: Any, **changes: Any) -> dict[str, Any]:
    return {
        "title": "示例社区商业网点选址", "scenario_class": "commerce", "uses": "按街道人口测算网点。",
        "resources": f"{world.number('resource:streets')}：街道名称、常住人口", "subjects": ["enterprise"], "purpose": "product_development",
        "mode": "sql", "min_group": "2", "most_days": "180", **changes,
    }  # fmt: skip


def use_form(world: Any, **changes: Any) -> dict[str, Any]:
    return {
        "approval": world.number("class:running"), "title": "示例选址助手", "scenario_class": "commerce", "text": "为连锁店推荐街道。",
        "days": "90", **changes,
    }  # fmt: skip


def leave(world: Any) -> None:
    things, office, developer = world.things, world.actor("shuju"), world.actor("xufang")
    running = things["class:running"] = services.propose_class(office, class_form(world))
    engine.act(running.number, "consent", world.actor("mzguan"))
    engine.act(running.number, "approve", world.actor("shushen"), {"opinion": "同类需求明确。"})
    used = services.apply(developer, use_form(world))
    engine.act(used.number, "approve", office, {"opinion": "在审定范围内。"})
    things["use:running"] = ScenarioUse.objects.get(pk=used.pk)
    things["use:asked"] = services.apply(developer, use_form(world, title="示例另一应用"))
    things["class:consulting"] = services.propose_class(office, class_form(world, title="示例待签署的审定"))
    call = things["scenario:call"] = services.publish_call(
        office, {"title": "示例便民消费场景征集", "scenario_class": "commerce", "needs": "按街道的消费应用。"}
    )
    things["scenario:proposal"] = services.propose(
        developer, call.number, {"title": "示例选址", "text": "需要街道人口。"}
    )
