"""Doors of public data: sharing between departments, opening, and open data for everybody."""

from __future__ import annotations

from typing import Any

from ..base import OPEN, OWN, Door, api, both, post, read

REQUEST, OPENED = "<sharing:granted>", "<opening:open>"


def _form(things: dict[str, Any]) -> dict[str, Any]:
    from ...world_public.sharing import request_form

    return request_form(things["resource:fourth"], items=["街道名称"])


def _opening(things: dict[str, Any]) -> dict[str, Any]:
    from ...world_public.sharing import OPEN_FORM

    return {"resource": things["resource:fourth"].number, **OPEN_FORM}


DOORS: tuple[Door, ...] = (
    read("/desk/sharing", "weijian", OWN),
    read("/desk/sharing?format=csv", "weijian", OWN),
    read(f"/desk/sharing/{REQUEST}", "weijian", readers=("minzheng", "shuju", "jianguan")),
    read("/desk/sharing/<sharing:refused>", "mzguan"),
    *both("/desk/sharing/new?resource=<resource:fourth>", "weijian", _form, reach=OWN),
    read("/desk/openings", "minzheng", OWN),
    read(f"/desk/openings/{OPENED}", "minzheng", readers=("shushen", "jianguan")),
    *both("/desk/openings/new?resource=<resource:fourth>", "minzheng", _opening, reach=OWN),
    read("/open-data", reach=OPEN),
    read(f"/open-data/{OPENED}", reach=OPEN),
    post(f"/open-data/{OPENED}/download", "", {"format": "csv"}, (200,), reach=OPEN),
    api("GET", "/sharing-requests/form", "", reach=OPEN),
    api("GET", "/sharing-requests", "weijian", reach=OWN),
    api("GET", f"/sharing-requests/{REQUEST}", "weijian", readers=("minzheng", "shuju")),
    api("POST", "/sharing-requests", "weijian", lambda things: {"form": _form(things)}, reach=OWN),
    api("GET", "/openings", "minzheng", reach=OWN),
    api("GET", f"/openings/{OPENED}", "minzheng", readers=("shushen",)),
    api("POST", "/openings", "minzheng", lambda things: {"form": _opening(things)}, reach=OWN),
    api("GET", "/open-data", "", reach=OPEN),
    api("GET", f"/open-data/{OPENED}", "", reach=OPEN),
    api("POST", f"/open-data/{OPENED}/links", "", {"format": "csv"}, reach=OPEN, guarded=False),  # of nobody's session
)
