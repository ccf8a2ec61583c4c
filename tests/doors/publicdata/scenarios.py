"""Doors of public data: scenarios, their classes and calls, the two catalogues, the annual report."""

from __future__ import annotations

from typing import Any

from ..base import OPEN, OWN, Door, api, both, read

CLASS, USE, CALL = "<class:running>", "<use:running>", "<scenario:call>"


def _class(things: dict[str, Any]) -> dict[str, Any]:
    from ...world_public.scenarios import class_form

    return class_form(things["world"], title="示例又一项审定")


def _use(things: dict[str, Any]) -> dict[str, Any]:
    from ...world_public.scenarios import use_form

    return use_form(things["world"], title="示例又一应用")


NEW_CALL = {"title": "示例又一次征集", "scenario_class": "city", "needs": "示例内容。"}
PROPOSAL, ANSWER = {"title": "示例又一场景", "text": "示例说明。"}, {"adopted": "on", "answer": "采纳。"}
DOORS: tuple[Door, ...] = (
    read("/desk/scenario-classes", "shuju", OWN),
    read(f"/desk/scenario-classes/{CLASS}", "shuju", readers=("mzguan", "jianguan")),
    read("/desk/scenario-classes/<class:consulting>", "mzguan"),
    *both("/desk/scenario-classes/new", "shuju", _class),
    read("/desk/scenarios", "xufang", OWN),
    read(f"/desk/scenarios/{USE}", "xufang", readers=("shuju", "minzheng", "jianguan")),
    *both(f"/desk/scenarios/new?approval={CLASS}", "xufang", _use, reach=OWN),
    read("/desk/scenario-calls", "shuju", OWN),
    read(f"/desk/scenario-calls/{CALL}", "shuju", readers=("jianguan",)),
    *both("/desk/scenario-calls/new", "shuju", NEW_CALL),
    *both(f"/desk/scenario-calls/{CALL}/<scenario:proposal>", "shuju", ANSWER),
    read("/desk/public-report", "shuju", readers=("jianguan",)),
    read("/desk/public-report?format=xlsx", "shuju"),
    read("/desk/public-report.pdf", "shushen"),
    read("/scenarios", reach=OPEN),
    read(f"/scenarios/{CLASS}", "xufang", reach=OPEN),
    read("/development-data", reach=OPEN),
    read("/development-data?format=csv", reach=OPEN),
    read("/scenario-calls", reach=OPEN),
    read(f"/scenario-calls/{CALL}", "xufang", reach=OPEN),
    *both(f"/scenario-calls/{CALL}/propose", "xufang", PROPOSAL, reach=OWN),
    api("GET", "/scenarios", "", reach=OPEN),
    api("GET", f"/scenarios/{CLASS}", "", reach=OPEN),
    api("GET", "/development-data", "", reach=OPEN),
    api("GET", "/scenario-calls", "", reach=OPEN),
    api("POST", "/scenario-calls", "shuju", {"form": NEW_CALL}),
    api("POST", f"/scenario-calls/{CALL}/proposals", "xufang", {"form": PROPOSAL}, reach=OWN),
    api("POST", "/scenario-proposals/<scenario:proposal>/answer", "shuju", {"form": ANSWER}),
    api("POST", "/scenario-classes", "shuju", lambda things: {"form": _class(things)}),
    api("GET", f"/scenario-classes/{CLASS}", "shuju", readers=("mzguan",)),
    api("GET", "/scenario-uses", "xufang", reach=OWN),
    api("GET", f"/scenario-uses/{USE}", "xufang", readers=("shuju", "minzheng")),
    api("POST", "/scenario-uses", "xufang", lambda things: {"form": _use(things)}, reach=OWN),
    api("GET", "/public-report", "shuju", readers=("jianguan",)),
)
