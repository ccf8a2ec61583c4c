"""Doors of public data: lineage."""

from __future__ import annotations

from typing import Any

from tests.world_public.lineage import event

from ..base import OWN, Door, api, both, read

SUMMARY = "/desk/lineage/<lineage:summary>"
SEEN = ("jianguan",)
INPUTS = "air = <dataset:air>/1"


def _sql(things: dict[str, Any]) -> str:
    """What gives the data set in confirmation its columns: each from the first column of the air data."""
    first = things["dataset:air"].latest.columns.earliest("position").name
    names = things["dataset:confirming"].latest.columns.order_by("position").values_list("name", flat=True)
    return "select {} from air".format(", ".join(f'"{first}" as "{name}"' for name in names))


PAGES: tuple[Door, ...] = (
    read("/desk/lineage", "gongfang", OWN),
    read("/desk/lineage?q=%E5%B9%B4%E6%A3%80", "minzheng", OWN),
    read(SUMMARY, "minzheng", readers=SEEN),
    read(f"{SUMMARY}?direction=up&depth=3&column=%E7%BB%84%E7%BB%87%E5%90%8D%E7%A7%B0", "minzheng", readers=SEEN),
    read(f"{SUMMARY}.json", "minzheng", readers=SEEN),
    read(f"{SUMMARY}.csv", "minzheng", readers=SEEN),
    read(f"{SUMMARY}/openlineage.json", "minzheng", readers=SEEN),
    read("/desk/lineage/<dataset:air>", "gongfang", readers=SEEN),
    *both("/desk/lineage/query/<dataset:confirming>/1", "gongfang", {"sql": _sql, "inputs": INPUTS}),
)
API: tuple[Door, ...] = (
    api("POST", "/lineage", "minzheng", event("6f1f8a0e-2b0c-4b57-9d5e-000000000002", "社会组织年检名单"), reach=OWN),
    api("POST", "/lineage/queries", "gongfang",
        {"dataset": "<dataset:confirming>", "sql": _sql, "inputs": {"air": "<dataset:air>/1"}}),
    api("GET", "/lineage/runs", "minzheng", reach=OWN),
    api("GET", "/lineage/<lineage:summary>", "minzheng", readers=SEEN),
)  # fmt: skip
DOORS: tuple[Door, ...] = (*PAGES, *API)
