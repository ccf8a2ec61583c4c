"""What of sharing stands open in the test world: a resource with data, one request to be checked, one in use, one that is
refused, one resource open to everybody and one to be opened."""

from __future__ import annotations

from typing import Any

from shugang.assets.review.services import apply_review
from shugang.assets.testing import SECURITY, make_graded
from shugang.kernel import engine
from shugang.parties.keys.services import living_key, make_key
from shugang.publicdata.catalogue.testing import make_resource
from shugang.publicdata.sharing.opening_services import propose
from shugang.publicdata.sharing.services import ask
from shugang.publicdata.sharing.testing import ITEMS, make_data

OPEN_FORM = {"licence": "可自由使用，须注明来源", "attribution": "示例民政局"}


def request_form(resource: Any, **changes: Any) -> dict[str, Any]:
    return {
        "resource": resource.number, "items": "街道名称、常住人口", "purpose": "public_duty",
        "task": "核定社区卫生服务站布点，依据示例规定第3条。", "mode": "sql", "days": "90", **changes,
    }  # fmt: skip


def reviewed(world: Any, version: Any) -> None:
    """The data of a department, graded and passed by the venue's own reviewer."""
    handler = world.actor("minzheng")
    make_graded(handler, version)
    form = {**SECURITY, "personal_basis": "none"}
    case = apply_review(handler, version.dataset.number, world.things["operator"], form, version.version)
    engine.act(case.number, "pass", world.actor("fuhe"), {"opinion": "示例：级别和措施清楚。"})


def leave(world: Any) -> None:
    things, handler, asker, office = (
        world.things, world.actor("minzheng"), world.actor("weijian"), world.actor("shuju"),
    )  # fmt: skip
    for name in ("mzguan", "weijian"):
        if living_key(world.actor(name).person_id) is None:
            make_key(world.actor(name))
    civil = things["civil"]
    version = things["dataset:streets:version"] = make_data(handler, name="示例街道基本信息")
    things["dataset:streets"] = version.dataset
    streets = things["resource:streets"] = make_resource(
        civil, name="示例街道基本信息", name_en="Sample streets", items=list(ITEMS), dataset=version.dataset
    )
    held = things["resource:held"] = make_resource(
        civil, name="示例救助对象统计", name_en="Sample relief statistics", sharing="conditional", sharing_condition="只用于社会救助。",
        opening="refused", items=list(ITEMS), dataset=version.dataset,
    )  # fmt: skip
    other = things["resource:other"] = make_resource(
        civil, name="示例社会组织名录", name_en="Sample associations", items=list(ITEMS), dataset=version.dataset
    )
    things["sharing:checking"] = ask(asker, request_form(streets, mode="file"))
    granted = things["sharing:granted"] = ask(asker, request_form(streets))
    engine.act(granted.number, "grant", office)
    granted.refresh_from_db()
    things["grant:sharing"] = granted.grant
    refused = things["sharing:refused"] = ask(asker, request_form(held))
    engine.act(refused.number, "forward", office)
    engine.act(refused.number, "refuse", handler, {"rule": "purpose", "reason": "示例：与所述事项无关。"})
    engine.act(refused.number, "sign_refusal", world.actor("mzguan"))
    reviewed(world, version)
    opening = things["opening:open"] = propose(handler, {"resource": streets.number, **OPEN_FORM})
    engine.act(opening.number, "sign", world.actor("mzguan"))
    engine.act(opening.number, "approve", world.actor("shushen"))
    things["opening:signing"] = propose(handler, {"resource": other.number, **OPEN_FORM})
    things["resource:fourth"] = make_resource(
        civil, name="示例婚姻登记统计", name_en="Sample marriage statistics", items=list(ITEMS), dataset=version.dataset
    )
