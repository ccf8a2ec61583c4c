"""Doors of public data: the trace of a grant, a data set, a resource."""

from __future__ import annotations

from ..base import OWN, Door, api, read

GRANT = "<grant:scenario>"
DOORS: tuple[Door, ...] = (
    read("/desk/public-trace", "minzheng", OWN),
    read(f"/desk/public-trace/grant/{GRANT}", "xufang", readers=("minzheng", "shushen", "jianguan")),
    read(f"/desk/public-trace/grant/{GRANT}.pdf", "minzheng"),
    read("/desk/public-trace/resource/<resource:streets>", "minzheng", readers=("shuju", "jianguan")),
    read("/desk/public-trace/dataset/<dataset:streets>", "minzheng", readers=("shuju",)),
    api("GET", f"/public-trace/grant/{GRANT}", "xufang", readers=("minzheng", "shushen")),
)
