"""Doors of public data: authorised operation, its calls and bids."""

from __future__ import annotations

from typing import Any

from ..base import OPEN, OWN, Door, api, both, read

RUNNING, CALLING, NOTICE = "<operation:running>", "<operation:calling>", "<operation:notice>"


def _plan(things: dict[str, Any]) -> dict[str, Any]:
    from ...world_public.authorisation import plan_form

    return plan_form(things["world"], title="示例另一项授权运营")


def _bid(things: dict[str, Any]) -> dict[str, Any]:
    from shugang.publicdata.authorisation.testing import BID

    return dict(BID)


def _scores(things: dict[str, Any]) -> dict[str, Any]:
    from shugang.publicdata.authorisation.testing import points

    bids = things["operation:scoring"].bids.all()
    return {f"{b.number}:{code}": n for b in bids for code, n in points(80).items()}


OBJECTION = {"text": "示例：资质材料有误。"}
DOORS: tuple[Door, ...] = (
    read("/desk/operations", "minzheng", OWN),
    read(f"/desk/operations/{RUNNING}", "minzheng", readers=("shushen", "gongfang", "jianguan")),
    read(f"/desk/operations/{RUNNING}.json", "gongfang", readers=("minzheng",)),
    *both("/desk/operations/new", "minzheng", _plan, reach=OWN),
    *both("/desk/operations/<operation:scoring>/score", "minzheng", _scores),
    read("/desk/operation-bids/<bid:running>", "gongfang", readers=("minzheng",)),
    read("/products/<product:segments>", "xufang", reach=OPEN),
    read("/operations", reach=OPEN),
    read(f"/operations/{RUNNING}", reach=OPEN),
    read(f"/operations/{CALLING}", "gongfang", reach=OPEN),
    read(f"/operations/{NOTICE}", "xufang", reach=OPEN),
    *both(f"/operations/{CALLING}/bid", "gongfang", _bid, reach=OWN),
    *both(f"/operations/{NOTICE}/objection", "xufang", OBJECTION, reach=OWN),
    api("GET", "/operations", "", reach=OPEN),
    api("GET", "/own-operations", "minzheng", reach=OWN),
    api("GET", f"/own-operations/{RUNNING}", "gongfang", readers=("minzheng",)),
    api("POST", "/own-operations", "minzheng", lambda things: {"form": _plan(things)}, reach=OWN),
    api("POST", f"/operations/{CALLING}/bids", "gongfang", lambda things: {"form": _bid(things)}, reach=OWN),
    api("GET", "/operation-bids/<bid:running>", "gongfang", readers=("minzheng",)),
    api("POST", f"/operations/{NOTICE}/objections", "xufang", {"form": OBJECTION}, reach=OWN),
)
