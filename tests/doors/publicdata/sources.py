"""Doors of public data: sources."""

from __future__ import annotations

from shugang.publicdata.sources.testing import claim_form

from ..base import OPEN, OWN, Door, api, both, post, read


def _claim(things: object) -> dict[str, str]:
    return claim_form("DE00077", name="医疗机构名称")


def _about(element: str) -> dict[str, str]:
    return {"element": element, "region": "350200", "reason": "办理本部门业务需要"}


DOORS: tuple[Door, ...] = (
    read("/sources", reach=OPEN),
    read("/sources/350200/DE00001", reach=OPEN),
    read("/desk/sources", "minzheng", OWN),
    *both("/desk/sources/claim", "weijian", _claim),
    post("/desk/sources/refer", "weijian", _about("DE00001")),
    post("/desk/sources/collect", "weijian", _about("DE00088")),
    post("/sources/350200/DE00001/end", "shushen", {"on": "2030-12-31", "reason": "机构改革"}),
    api("GET", "/sources", "", reach=OPEN),
    api("GET", "/sources/350200/DE00001", "", reach=OPEN),
    api("POST", "/sources/claims", "weijian", lambda things: {"form": _claim(things)}),
    api("POST", "/sources/references", "weijian", _about("DE00001")),
    api("POST", "/sources/collections", "weijian", _about("DE00088")),
    api("POST", "/sources/ends", "shushen", {**_about("DE00001"), "on": "2030-12-31"}),
)
