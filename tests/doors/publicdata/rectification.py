"""Doors of public data: rectification."""

from __future__ import annotations

from ..base import OPEN, OWN, Door, api, both, read

SAYS = {"column": "code", "key": "350212106", "says": "编号与民政部公告不一致，请核实。"}
TICKET = "/desk/rectification/<ticket:streets>"

DOORS: tuple[Door, ...] = (
    read("/desk/rectification", "minzheng", OWN),
    read(TICKET, "minzheng", readers=("shushen", "weijian")),
    read("/desk/rectification/board", "minzheng", readers=("shushen",)),
    read("/desk/rectification/board.csv", "minzheng", readers=("shushen",)),
    *both("/desk/objections/new/<dataset:civil>", "weijian", SAYS, reach=OWN),
    api("GET", "/rectifications", "minzheng", reach=OWN),
    api("GET", "/rectifications/board", "minzheng", readers=("shushen",)),
    api("GET", "/rectifications/<ticket:streets>", "minzheng", readers=("shushen", "weijian")),
    api("GET", "/objections/marks/<dataset:civil>", "", reach=OPEN),
    api("POST", "/objections", "weijian", {"dataset": "<dataset:civil>", **SAYS}, reach=OWN),
)
