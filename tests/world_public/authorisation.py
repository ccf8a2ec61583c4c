"""What of authorised operation stands open in the test world: one in force, one that calls, one to be scored, one in its notice."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from shugang.assets.registration.services import apply_registration
from shugang.assets.testing import make_material, registration_form
from shugang.kernel import clock, engine
from shugang.kernel.actors import SYSTEM
from shugang.parties.accounts.actor import actor_for
from shugang.parties.accounts.demo import make_demo_person
from shugang.parties.accounts.services import set_duties
from shugang.parties.keys.services import living_key, make_key
from shugang.publicdata.authorisation import services
from shugang.publicdata.authorisation.models import Operation
from shugang.publicdata.authorisation.testing import BID, points


def plan_form(world: Any, **changes: Any) -> dict[str, Any]:
    return {
        "title": "示例街道数据授权运营", "mode": "field", "field": "city", "resources": world.number("resource:streets"),
        "aims": "服务社区商业网点规划。", "years": "3", "products": "街道人口指数｜100.00｜次", "security": "隔离环境，原始数据不出域。",
        "duties": "按季报告。", "exit": "终止后7日内交接并删除。", **changes,
    }  # fmt: skip


def _register(world: Any) -> None:
    """The public resource, registered at the registrar of the world."""
    handler = world.actor("minzheng")
    form = registration_form(
        data_name="示例街道基本信息", region="示例市", period="2025年", public_object="resource", validity_years="3",
        authorisation_proof=make_material(handler, "实施方案审定意见"),
        authorised_until=(clock.today() + timedelta(days=1200)).isoformat(),
    )  # fmt: skip
    number = world.things["dataset:streets"].number
    case = apply_registration(handler, number, world.things["registrar"], form, profile="registration-public")
    engine.act(case.number, "accept", world.actor("shouli"))
    engine.act(case.number, "pass_examination", world.actor("shencha"), {"opinion": "描述准确。"})
    engine.fire(case.number, "deposit")


def _scorers(world: Any) -> list[Any]:
    people = [world.actor("shushen"), world.actor("minzheng")]
    third = make_demo_person("pingshen", "评审人")
    set_duties(SYSTEM, world.things["civil"], third, ["reviewer", "signer"])
    world.things["pingshen"] = actor_for(third, world.things["civil"], second_factor=True)
    make_key(world.things["pingshen"])
    return [*people, world.things["pingshen"]]


def _to_evaluation(world: Any, title: str) -> Operation:
    row = services.plan(world.actor("minzheng"), plan_form(world, title=title))
    engine.act(row.number, "approve_plan", world.actor("shushen"), {"opinion": "同意。"})
    services.bid(world.actor("gongfang"), row.number, BID)
    engine.fire(row.number, "end_call")
    return row


def _to_notice(world: Any, title: str, scorers: list[Any]) -> Operation:
    row = _to_evaluation(world, title)
    said = {b.number: points(90) for b in row.bids.all()}
    for scorer in scorers:
        engine.act(row.number, "score", scorer, {"scores": said})
    engine.act(row.number, "publish_result", world.actor("minzheng"))
    return row


def leave(world: Any) -> None:
    things, handler = world.things, world.actor("minzheng")
    if living_key(world.actor("gongfang").person_id) is None:
        make_key(world.actor("gongfang"))
    _register(world)
    scorers = _scorers(world)
    running = _to_notice(world, "示例街道数据授权运营", scorers)
    engine.fire(running.number, "confirm")
    engine.act(running.number, "sign", things["pingshen"])
    engine.act(running.number, "sign", world.actor("gongfang"))
    named = {"agreed": "街道人口指数", "product": world.number("product:segments")}
    engine.act(running.number, "name_product", world.actor("gongfang"), named)
    things["operation:running"] = Operation.objects.get(pk=running.pk)
    things["operation:notice"] = _to_notice(world, "示例街道数据授权运营（公示）", scorers)
    things["operation:scoring"] = _to_evaluation(world, "示例街道数据授权运营（评审）")
    things["operation:planned"] = services.plan(handler, plan_form(world, title="示例街道数据授权运营（方案）"))
    calling = services.plan(handler, plan_form(world, title="示例街道数据授权运营（征集）"))
    engine.act(calling.number, "approve_plan", world.actor("shushen"), {"opinion": "同意。"})
    things["operation:calling"] = calling
    things["bid:running"] = running.bids.get()
